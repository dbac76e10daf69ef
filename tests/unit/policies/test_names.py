"""The table of names: what it says is true of the provider, and nothing that we name escapes it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from policies.examples import write
from policies.model.deployment import Deployment, Resource
from policies.model.reading import read
from policies.rule import Example
from policies.rules.names._forms import own_part
from policies.rules.names._names import UNKNOWN, environment, names, places
from policies.rules.names._table import PARTS, TABLE

NOT_NAMES = {
    "alarm_description", "arn", "assume_role_policy", "body", "comment", "description", "email_identity", "fqdn",
    "insecure_value",
    "policy", "source_arn", "target_prefix",
}  # fmt: skip
"""Attributes that may hold the environment and name nothing."""


def bindings(type_: str) -> str:
    """The source of the provider's binding for a type."""
    package = importlib.util.find_spec("cdktf_cdktf_provider_aws")
    assert package is not None
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0])
    short = type_.removeprefix("aws_")
    for name in (short, type_, re.sub(r"(\d)([a-z])", r"\1_\2", short, count=1)):
        if (folder / name / "__init__.py").is_file():
            return (folder / name / "__init__.py").read_text(encoding="utf-8")
    pytest.fail(f"the provider has no {type_}")


@pytest.mark.parametrize("type_", sorted(TABLE))
def test_the_provider_knows_each_attribute_of_the_table(type_: str) -> None:
    source = bindings(type_)
    for attribute in (TABLE[type_].attribute.partition(".")[0], *TABLE[type_].within):
        assert re.search(rf"^\s+{attribute}: ", source, re.MULTILINE), attribute


@pytest.mark.parametrize("type_", sorted(PARTS))
def test_the_provider_knows_each_type_whose_name_is_no_own_one(type_: str) -> None:
    assert re.search(r"^\s+name: ", bindings(type_), re.MULTILINE)


@pytest.mark.parametrize("type_", sorted(TABLE))
def test_each_entry_says_where_aws_says_so(type_: str) -> None:
    named = TABLE[type_]
    assert named.page.startswith("https://docs.aws.amazon.com/")
    assert 0 < named.shortest <= named.longest
    re.compile(named.characters.pattern)


def test_nothing_of_ours_that_holds_the_environment_escapes(ours: Deployment) -> None:
    for resource in ours.resources():
        suffix = environment(resource)
        judged = {name.attribute for name in names(resource)}
        for attribute, value in resource.body.items():
            if isinstance(value, str) and re.search(rf"\b{suffix}\b", value) and "${" not in value:
                assert attribute in judged | NOT_NAMES, f"{resource.path}.{attribute}"


def resource(example: Example, folder: Path) -> Resource:
    """The first resource of an example."""
    return read(write(example, folder)).resources()[0]


@pytest.mark.parametrize(
    ("type_", "text", "own"),
    [
        ("aws_cloudwatch_log_group", "/aws/rds/cluster/tap-ledger-use1-dev/postgresql", "tap-ledger-use1-dev"),
        ("aws_cloudwatch_log_group", "/aws/eks/tap-shop-use1-dev/cluster", "tap-shop-use1-dev"),
        ("aws_cloudwatch_log_group", "API-Gateway-Execution-Logs_a1/tap-use1-dev", "tap-use1-dev"),
        ("aws_cloudwatch_log_group", "/aws/lambda/tap-webhook-use1-dev", "/aws/lambda/tap-webhook-use1-dev"),
        ("aws_sqs_queue", "tap-payments-use1-dev.fifo", "tap-payments-use1-dev"),
        ("aws_s3_directory_bucket", "tap-fast-use1-dev--use1-az4--x-s3", "tap-fast-use1-dev"),
        ("aws_lambda_function", "tap-payments-use1-dev.fifo", "tap-payments-use1-dev.fifo"),
    ],
)
def test_what_aws_puts_behind_a_name_is_not_peoples_own(type_: str, text: str, own: str) -> None:
    assert own_part(type_, text) == own


def test_references_in_a_name_are_filled_in_as_far_as_they_are_known(tmp_path: Path) -> None:
    example: Example = {
        "aws_sqs_queue": {"q": {"name": "${local.prefix}-${var.what}-${aws_vpc.main.id}-use1-dev"}},
        "locals": {"prefix": "tap"},
        "variable": {"what": {"default": "payments"}},
    }
    (name,) = names(resource(example, tmp_path))
    assert name.text == f"tap-payments-{UNKNOWN}-use1-dev"


def test_a_record_gets_the_name_of_its_zone(tmp_path: Path) -> None:
    example: Example = {
        "aws_route53_record": {"r": {"name": "use1", "zone_id": "${aws_route53_zone.main.zone_id}"}},
        "aws_route53_zone": {"main": {"name": "dev.tap.example"}},
    }
    assert names(resource(example, tmp_path))[0].text == "use1.dev.tap.example"


@pytest.mark.parametrize(
    ("type_", "body", "expected"),
    [
        ("aws_sqs_queue", {}, {"use1"}),
        ("aws_sqs_queue", {"provider": "aws.usw2"}, {"usw2"}),
        ("aws_sqs_queue", {"provider": "aws.nowhere"}, set()),
        ("aws_iam_role", {"provider": "aws.usw2"}, {"usw2", "global"}),
        ("aws_dynamodb_table", {"replica": [{"region_name": "us-west-2"}]}, {"global"}),
        ("aws_rds_global_cluster", {}, {"global"}),
        ("aws_route53_record", {"weighted_routing_policy": {"weight": 1}}, {"global"}),
        ("aws_route53_resolver_rule", {"provider": "aws.usw2"}, {"usw2"}),
    ],
)
def test_a_name_may_tell_the_region_of_the_provider_or_global_for_what_spans_regions(
    type_: str, body: dict[str, object], expected: set[str], tmp_path: Path
) -> None:
    assert places(resource({type_: {"x": body}}, tmp_path)) == expected
