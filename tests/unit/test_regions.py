"""The two regions: as strong as each other, different only in what their roles allow, and ready to swap them."""

from __future__ import annotations

import pytest

from tests.unit.app import Deployment, Resource

REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}
FUNCTIONS = {
    *("webhook", "payments", "health-live", "health-database"),
    *("processor", "reconciler", "notifier", "guard", "probe", "migrate"),
    *("begin-epoch", "canary"),
}


def variables(function: Resource) -> dict[str, str]:
    found: dict[str, str] = function.body["environment"]["variables"]
    return found


class TestFunctions:
    @pytest.fixture(params=sorted(FUNCTIONS))
    def pair(self, deployment: Deployment, request: pytest.FixtureRequest) -> tuple[Resource, Resource]:
        """One function in both regions."""
        primary, secondary = (
            resource
            for resource in deployment.resources("aws_lambda_function")
            if resource.path == f"{request.param}/function/function"
        )
        assert (primary.stack, secondary.stack) == ("primary", "secondary")
        return primary, secondary

    def test_there_are_the_same_in_both_regions(self, deployment: Deployment) -> None:
        for stack, region in (("primary", "use1"), ("secondary", "usw2")):
            names = {body["function_name"] for body in deployment[stack].all("aws_lambda_function").values()}
            assert names == {f"tap-{function}-{region}-dev" for function in FUNCTIONS}

    def test_both_run_the_same_code_with_the_same_strength(self, pair: tuple[Resource, Resource]) -> None:
        shared = (
            "handler", "runtime", "architectures", "filename", "source_code_hash", "timeout",
            "reserved_concurrent_executions",
        )  # fmt: skip
        primary, secondary = (function.body for function in pair)
        assert {name: primary[name] for name in shared} == {name: secondary[name] for name in shared}
        assert primary["memory_size"] == secondary["memory_size"] == 1024
        assert primary["tracing_config"] == secondary["tracing_config"] == {"mode": "Active"}
        assert primary["reserved_concurrent_executions"] >= 1

    def test_both_read_the_same_variables(self, pair: tuple[Resource, Resource]) -> None:
        primary, secondary = map(variables, pair)
        assert primary.keys() == secondary.keys()
        assert primary["ENVIRONMENT_SUFFIX"] == "dev"

    def test_all_code_is_one_zip(self, deployment: Deployment) -> None:
        functions = deployment.resources("aws_lambda_function")
        assert len({function.body["source_code_hash"] for function in functions}) == 1
        stack = deployment.folder / "stacks" / "primary"
        for function in functions:
            assert (stack / function.body["filename"]).is_file()
            hashed = deployment[function.stack].content["output"]["function_hash"]["value"]
            assert hashed == function.body["source_code_hash"]

    def test_each_is_in_the_private_subnets_of_three_zones(
        self, deployment: Deployment, pair: tuple[Resource, Resource]
    ) -> None:
        for function in pair:
            subnets = [deployment.target(function.stack, it) for it in function.body["vpc_config"]["subnet_ids"]]
            assert len(subnets) == 3
            assert all(subnet.path.startswith("network/private-") for subnet in subnets)

    def test_each_writes_to_a_log_group_of_its_own_that_is_encrypted_and_ends(
        self, deployment: Deployment, pair: tuple[Resource, Resource]
    ) -> None:
        for function in pair:
            group = deployment[function.stack].all("aws_cloudwatch_log_group")[
                function.path.replace("/function/function", "/function/logs")
            ]
            assert group["name"] == f"/aws/lambda/{function.body['function_name']}"
            assert group["retention_in_days"] == 365
            assert deployment.key_region(function.stack, group["kms_key_id"]) == REGIONS[function.stack]
            assert deployment.key_region(function.stack, function.body["kms_key_arn"]) == REGIONS[function.stack]

    def test_each_has_a_role_of_its_own(self, deployment: Deployment) -> None:
        functions = deployment.resources("aws_lambda_function")
        roles = {str(deployment.target(function.stack, function.body["role"])) for function in functions}
        assert len(roles) == len(functions) == 2 * len(FUNCTIONS)

    def test_each_reads_secrets_of_its_own_region(self, deployment: Deployment) -> None:
        arns = {f"{secret.address}.arn" for secret in deployment.resources("aws_secretsmanager_secret")}
        here = {f"${{{arn}}}" for arn in arns}
        there = {f'${{replace({arn}, ":us-east-1:", ":us-west-2:")}}' for arn in arns}
        for function in deployment.resources("aws_lambda_function"):
            for name, value in variables(function).items():
                if name.endswith("_SECRET_ARN"):
                    stack, arn = deployment.value(function.stack, value)
                    assert stack == "global"
                    local = arn.removeprefix("${local.").removesuffix("}")
                    found = deployment["global"].content["locals"].get(local, arn)
                    assert found in (here if function.stack == "primary" else there), (function, name)
