"""checkov is shown our rules on every file that belongs to a deployment."""

from __future__ import annotations

from pathlib import Path

from tests.unit.policies.configurations import manifest, write

CHECK = "aws_route53_health_check"


def test_a_module_of_a_stack_is_judged_where_it_stands(tmp_path: Path) -> None:
    from checkov.runner_filter import RunnerFilter
    from checkov.terraform_json.runner import TerraformJsonRunner

    from policies import configuration, scanner

    stack = {
        "module": {"net": {"source": "./net"}},
        "resource": {CHECK: {"live": {"type": "HTTPS", "request_interval": 30}}},
    }
    net = {"resource": {CHECK: {"slow": {"type": "HTTPS", "request_interval": 10}}}}
    files = {"manifest.json": manifest("a"), "stacks/a/cdk.tf.json": stack, "stacks/a/net/main.tf.json": net}
    configured, _ = scanner.configuration(configuration.FILE)
    with scanner.loaded(configured):
        report = TerraformJsonRunner().run(
            root_folder=str(write(tmp_path, files)),
            runner_filter=RunnerFilter(framework=["terraform_json"], checks=["TAP_HEALTH_CHECK_INTERVAL"]),
        )
    assert [record.file_path for record in report.passed_checks] == ["/stacks/a/cdk.tf.json"]
    assert [record.file_path for record in report.failed_checks] == ["/stacks/a/net/main.tf.json"]
