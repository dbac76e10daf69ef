"""checkov, made to fail closed: each case in which it says "no findings" although it has not looked."""

from __future__ import annotations

import json
import logging
import textwrap
from pathlib import Path

import pytest
from checkov.terraform.checks.resource.registry import resource_registry

from policies import rules, scanner
from policies.configuration import FILE
from policies.examples import write
from policies.model.deployment import Deployment
from policies.scanner import Configuration

GOOD = {"aws_route53_health_check": {"live": {"type": "HTTPS", "request_interval": 30}}}
RULES = Path(rules.__file__).parents[1] / "checks"
CHECK = """
    from checkov.common.models.enums import CheckCategories, CheckResult
    from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

    class Custom(BaseResourceCheck):
        def __init__(self):
            super().__init__("Custom", "{id}", [CheckCategories.NETWORKING], ["aws_route53_health_check"])

        def scan_resource_conf(self, conf):
            {body}

    {end}
"""


@pytest.fixture
def synthesized(tmp_path: Path) -> Path:
    """A synth output with one health check."""
    return write(GOOD, tmp_path / "out")


def external(
    folder: Path, *, id_: str = "MY_CHECK", body: str = "return CheckResult.PASSED", end: str = "Custom()"
) -> Path:
    """A folder with one external check."""
    folder.mkdir(parents=True)
    folder.joinpath("__init__.py").touch()
    folder.joinpath(f"custom_{folder.name}.py").write_text(textwrap.dedent(CHECK).format(id=id_, body=body, end=end))
    return folder


def problems(place: Path, *folders: Path, only: tuple[str, ...] = (), skipped: tuple[str, ...] = ()) -> list[str]:
    """What the scanner finds wrong with its own run."""
    configured = Configuration(Path(".checkov.yaml"), (RULES, *folders), only, skipped)
    return list(scanner.scan(place, configured).problems)


def test_a_run_in_which_all_was_checked_has_no_problem(synthesized: Path, tmp_path: Path) -> None:
    assert problems(synthesized, external(tmp_path / "checks")) == []


def test_our_own_configuration_has_no_problem() -> None:
    configured, faults = scanner.configuration(FILE)
    assert not faults
    assert [folder.resolve() for folder in configured.folders] == [RULES.resolve()]


def test_broken_json(synthesized: Path) -> None:
    file = synthesized / "stacks" / "example" / "cdk.tf.json"
    file.write_text(file.read_text()[:-5])
    assert any(f"checkov could not parse {file}" in problem for problem in problems(synthesized))


def test_a_file_that_checkov_drops_for_its_required_version(synthesized: Path) -> None:
    file = synthesized / "stacks" / "example" / "cdk.tf.json"
    content = json.loads(file.read_text())
    content["terraform"]["required_version"] = ">= 1.11"
    file.write_text(json.dumps(content))
    assert f"checkov could not parse {file}: it cannot read terraform.required_version" in problems(synthesized)


def test_an_empty_folder_has_no_resources_that_were_read(tmp_path: Path) -> None:
    assert scanner.scan(tmp_path, Configuration(Path("x"), (RULES,))).resources == {}


def test_a_folder_of_checks_that_does_not_exist(synthesized: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert f"the folder of external checks {gone} does not exist" in problems(synthesized, gone)


def test_a_folder_of_checks_without_init(synthesized: Path, tmp_path: Path) -> None:
    folder = external(tmp_path / "checks")
    folder.joinpath("__init__.py").unlink()
    assert any(
        "has no __init__.py, so that checkov loads nothing" in problem for problem in problems(synthesized, folder)
    )


def test_a_check_that_cannot_be_imported(synthesized: Path, tmp_path: Path) -> None:
    folder = external(tmp_path / "checks", end="import nothing_of_this_name")
    found = problems(synthesized, folder)
    assert any("Cannot load external check" in p and "No module named 'nothing_of_this_name'" in p for p in found), (
        found
    )


def test_a_check_that_raises(synthesized: Path, tmp_path: Path) -> None:
    (problem,) = problems(synthesized, external(tmp_path / "checks", body="raise KeyError('region')"))
    assert "Failed to run check MY_CHECK" in problem
    assert "KeyError: 'region'" in problem


def test_a_check_that_raises_where_logs_are_silenced(
    synthesized: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHECKOV_CHECK_FAIL_LEVEL", "NONE")
    monkeypatch.setattr(logging.getLogger(), "level", logging.CRITICAL)
    logging.disable(logging.CRITICAL)
    try:
        (problem,) = problems(synthesized, external(tmp_path / "checks", body="raise KeyError('region')"))
        assert logging.getLogger().manager.disable == logging.CRITICAL
    finally:
        logging.disable(logging.NOTSET)
    assert "Failed to run check MY_CHECK" in problem
    assert logging.getLogger().level == logging.CRITICAL


@pytest.mark.parametrize(("option", "where"), [("check", "only"), ("skip-check", "skipped")])
def test_an_id_that_no_check_has(synthesized: Path, option: str, where: str) -> None:
    found = problems(synthesized, **{where: ("CKV_AWS_99999",)})
    assert f".checkov.yaml: {option} names CKV_AWS_99999, which no check has" in found


def test_a_configuration_that_limits_the_checks(synthesized: Path) -> None:
    assert any("not everything is checked" in problem for problem in problems(synthesized, only=("CKV_AWS_1",)))


def test_a_check_that_is_never_instantiated(synthesized: Path, tmp_path: Path) -> None:
    (problem,) = problems(synthesized, external(tmp_path / "checks", end="# Custom() is missing"))
    assert problem.endswith("Custom is never instantiated, so that checkov does not know it")


def test_an_id_that_two_checks_have(synthesized: Path, tmp_path: Path) -> None:
    (problem,) = problems(synthesized, external(tmp_path / "one"), external(tmp_path / "two"))
    assert problem.startswith("the check id MY_CHECK stands twice: checkov dropped")


def test_an_id_of_one_of_checkovs_own(synthesized: Path, tmp_path: Path) -> None:
    folder = external(tmp_path / "checks", id_="CKV_AWS_226")
    folder.joinpath("custom_checks.py").write_text(
        folder.joinpath("custom_checks.py").read_text().replace("aws_route53_health_check", "aws_rds_cluster_instance")
    )
    (problem,) = problems(synthesized, folder)
    assert problem.startswith("the check id CKV_AWS_226 stands twice")


def test_checks_are_forgotten_after_the_scan(synthesized: Path, tmp_path: Path) -> None:
    problems(synthesized, external(tmp_path / "checks"))
    known = {check.id for _, check in resource_registry.all_checks()}
    assert "MY_CHECK" not in known
    assert not any(id_.startswith("TAP_") for id_ in known)


def test_so_are_those_for_entities_that_others_judge_too(synthesized: Path, tmp_path: Path) -> None:
    """A list of checks that was there before must not keep what was added to it."""
    assert resource_registry.wildcard_checks["aws_*"] == []
    folder = external(tmp_path / "checks")
    file = folder / "custom_checks.py"
    file.write_text(file.read_text().replace('["aws_route53_health_check"]', '["aws_*"]'))
    try:
        assert problems(synthesized, folder) == []
        assert resource_registry.wildcard_checks["aws_*"] == []
    finally:
        del resource_registry.wildcard_checks["aws_*"]


def test_every_record_names_its_block_with_its_type(ours: Deployment) -> None:
    scan = scanner.scan(ours.folder, Configuration(Path("x"), (RULES,)))
    addresses = {
        (stack.files[0].resolve(), block.address) for stack in ours.stacks for block in stack.resources.values()
    }
    addresses |= {(stack.files[0].resolve(), p.address) for stack in ours.stacks for p in stack.providers.values()}
    assert {(record.file, record.address) for record in scan.records} <= addresses
    assert sum(scan.resources.values()) == len(ours.resources())


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("framework: [", "cannot be read"),
        ("- a list", "holds no settings"),
        ("framework: [terraform_json]", "names no external-checks-dir"),
        ("", "names no external-checks-dir"),
    ],
)
def test_a_configuration_that_runs_no_rule_of_ours(tmp_path: Path, content: str, fault: str) -> None:
    file = tmp_path / ".checkov.yaml"
    file.write_text(content)
    _, faults = scanner.configuration(file)
    assert any(fault in found for found in faults)
