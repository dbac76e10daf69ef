"""Whatever valid settings are drawn: the synth succeeds, and names are right.

Settings that change the structure go through real synths. Settings that are only written down go through substitution:
where ``synth(sentinel)`` with the sentinel replaced equals ``synth(value)`` to the byte, which is checked on real
synths, thousands of values can be judged on the one output.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from ipaddress import IPv4Network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from lib.naming import longest_suffix
from lib.settings import LOG_RETENTION_DAYS, SettingsError
from lib.topology import GLOBAL_SUFFIX, REGIONS
from policies import rules
from policies.judge import judge
from policies.model.reading import read
from tests.unit import surroundings
from tests.unit.app import Deployment, synthesize
from tests.unit.names import DNS_LIMITS, LIMITS, Name, bare, dns_names, must_be_unique, names

# --- what can be set -------------------------------------------------------------------------------------------------

LETTERS, DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"


def text(alphabet: str, shortest: int, longest: int) -> st.SearchStrategy[str]:
    """Texts of an alphabet; several times faster to draw than from a regular expression."""
    return st.text(alphabet, min_size=shortest, max_size=longest)


def inner_hyphens(longest: int) -> st.SearchStrategy[str]:
    """Letters, digits and single hyphens between them; short ones are as likely as long ones."""
    drawn = text(LETTERS + DIGITS + "-", 1, longest)
    return drawn.filter(lambda it: not (it.startswith("-") or it.endswith("-") or "--" in it))


PREFIXES = st.builds("".join, st.tuples(st.sampled_from(LETTERS), text(LETTERS + DIGITS, 1, 7)))
DOMAINS = st.builds(".".join, st.tuples(inner_hyphens(14), st.sampled_from(["example", "com", "co.uk", "museum"])))
EMAILS = st.builds("{}@{}.example".format, text(LETTERS + DIGITS + "+_", 1, 12), text(LETTERS + DIGITS, 1, 12))
ACCOUNTS = text(DIGITS, 12, 12)
BUCKETS = st.builds("b{}0".format, text(LETTERS + DIGITS + "-", 1, 61))
PAIRS = st.sampled_from(
    [("us-east-1", "us-west-2"), ("us-west-2", "us-east-1"), ("us-east-1", "us-east-2"), ("us-east-2", "us-east-1")]
)
PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]


def suffixes(prefix: str) -> st.SearchStrategy[str]:
    """Valid suffixes, up to the longest."""
    return inner_hyphens(longest_suffix(prefix))


@st.composite
def networks(draw: st.DrawFn) -> IPv4Network:
    """A private range that a VPC may have."""
    length = draw(st.integers(16, 20))
    within = IPv4Network(draw(st.sampled_from(PRIVATE)))
    number = draw(st.integers(0, 2 ** (length - within.prefixlen) - 1))
    return IPv4Network((int(within.network_address) + number * 2 ** (32 - length), length))


@st.composite
def structures(draw: st.DrawFn) -> dict[str, Any]:
    """Settings that change which resources there are, where, and how strong."""
    primary, standby = draw(PAIRS)
    ours, theirs = draw(networks()), draw(networks())
    assume(not ours.overlaps(theirs))
    return {
        "primary_region": primary,
        "standby_region": standby,
        "primary_cidr": str(ours),
        "standby_cidr": str(theirs),
        "nat": draw(st.sampled_from(["per-zone", "single"])),
        "ingress": draw(st.sampled_from(["api-gateway", "load-balancer"])),
        "routing": draw(st.sampled_from(["failover", "weighted"])),
        "primary_weight": draw(st.integers(1, 255)),
        "standby_weight": draw(st.integers(0, 255)),
        "aurora_capacity": draw(st.sampled_from(["provisioned", "serverless-v2"])),
        "hosted_zone_id": draw(st.none() | st.from_regex(r"Z[A-Z0-9]{1,31}", fullmatch=True)),
        "alert_emails": ",".join(draw(st.lists(EMAILS, min_size=1, max_size=4, unique=True))),
        "state_region": draw(st.none() | st.sampled_from(sorted(set(REGIONS) - {primary}))),
        "aurora_version": f"14.{draw(st.integers(17, 30))}",
        "aurora_instance_class": draw(st.sampled_from(["db.r6g.large", "db.r7g.2xlarge", "db.x2g.xlarge"])),
        "backup_retention_days": draw(st.integers(7, 35)),
        "log_retention_days": draw(st.sampled_from(LOG_RETENTION_DAYS)),
        "webhook_concurrency": draw(st.integers(1, 10_000)),
    }


@st.composite
def texts(draw: st.DrawFn) -> dict[str, str]:
    """Settings that are only written down."""
    prefix = draw(PREFIXES)
    return {
        "prefix": prefix,
        "environment_suffix": draw(suffixes(prefix)),
        "domain": draw(DOMAINS),
        "account_id": draw(ACCOUNTS),
        "state_bucket": draw(BUCKETS),
        "alert_emails": draw(EMAILS),
    }


SENTINELS = {
    "prefix": "qprefix",
    "environment_suffix": "xsuffixx",
    "domain": "domain.sentinel",
    "account_id": "918273645546",
    "state_bucket": "bucket-of-sentinels",
    "alert_emails": "sentinel@mail.example",
}


def substituted(text: str, values: dict[str, str]) -> str:
    for setting, sentinel in SENTINELS.items():
        text = text.replace(sentinel, values[setting])
    return text


def renamed(found: list[Name], values: dict[str, str]) -> list[Name]:
    """The names of a deployment with ``values`` instead of the sentinels."""
    # One text for all, because a replacement in two hundred short ones takes a hundred times longer.
    new_texts = substituted("\n".join(name.text for name in found), values).split("\n")
    # Three times as fast as _replace.
    return [Name(*name[:2], text, *name[3:]) for name, text in zip(found, new_texts, strict=True)]


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return synthesize(tmp_path_factory.mktemp("sentinel"), **SENTINELS)


# --- what must hold --------------------------------------------------------------------------------------------------


def judge_names(found: list[Name], prefix: str, suffix: str) -> None:
    """Prefix, region, suffix, length and uniqueness of every name."""
    spanning = f"-{GLOBAL_SUFFIX}-{suffix}"
    anywhere = tuple(f"-{region.suffix}-{suffix}" for region in REGIONS.values())
    endings = {region.name: (f"-{region.suffix}-{suffix}", spanning) for region in REGIONS.values()}
    for name in found:
        text = bare(name.text)
        assert text.startswith(f"{prefix}-"), name
        assert text.endswith(endings[name.region] if name.region else (*anywhere, spanning)), name
        assert len(name.text) <= name.limit, name
    unique = [name for name in found if must_be_unique(name)]
    assert len(set(unique)) == len(unique), Counter(unique).most_common(1)


def judge_dns_names(found: list[Name], domain: str) -> None:
    for name in found:
        assert name.text == domain or name.text.endswith(f".{domain}"), name
        assert len(name.text) <= name.limit, name
        assert all(0 < len(label) <= 63 for label in name.text.split(".")), name


def judge_networks(deployment: Deployment) -> None:
    """Each region's subnets lie side by side in its own network, in zones of that region."""
    for vpc in deployment.resources("aws_vpc"):
        region = deployment.region_of(vpc)
        subnets = [it.body for it in deployment.resources("aws_subnet") if it.stack == vpc.stack]
        ranges = sorted(IPv4Network(subnet["cidr_block"]) for subnet in subnets)
        assert len(ranges) == 9
        assert all(inner.subnet_of(IPv4Network(vpc.body["cidr_block"])) for inner in ranges)
        assert not any(one.overlaps(other) for one, other in pairwise(ranges))
        assert {subnet["availability_zone_id"] for subnet in subnets} == set(REGIONS[region].zone_ids)


def judge_rules(folder: Path) -> None:
    """Every policy of this repository, as the gate asks them."""
    verdict = judge(read(folder), rules.every())
    assert verdict.problems == ()
    assert [f"{finding.rule.id} {finding.resource.path}: {finding.message}" for finding in verdict.findings] == []


# --- properties ------------------------------------------------------------------------------------------------------


def test_every_attribute_that_names_something_is_judged(sentinel: Deployment) -> None:
    """A new resource whose name nobody listed would escape the properties below."""
    known = {*LIMITS, *DNS_LIMITS}
    for resource in sentinel.resources():
        for attribute, value in resource.body.items():
            if isinstance(value, str) and SENTINELS["environment_suffix"] in value and not value.startswith("${"):
                explanation = attribute in {"description", "comment", "alarm_description"}
                document = attribute in {
                    *("policy", "assume_role_policy", "body", "definition", "dashboard_body", "source_arn", "arn"),
                    "target_prefix",  # of the objects in a bucket of logs
                    "insecure_value",  # of a parameter, which tells the name of something else
                }
                assert explanation or document or (resource.type, attribute) in known, (str(resource), attribute)
    assert len(list(names(sentinel))) > 150
    assert len(list(dns_names(sentinel))) > 12


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(structure=structures())
def test_whatever_the_structure_the_synth_succeeds_and_everything_is_in_its_place(structure: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = synthesize(Path(folder), **structure)
        judge_rules(made.folder)
    prefix, suffix = "tap", "dev"
    judge_names(list(names(made)), prefix, suffix)
    judge_dns_names(list(dns_names(made)), "dev.tap.example")
    judge_networks(made)
    pair = {structure["primary_region"], structure["standby_region"]}
    assert {made.region_of(resource) for resource in made.resources()} == pair
    for stack in made.stacks.values():
        backend = stack.content["terraform"]["backend"]["s3"]
        assert backend["region"] == (structure["state_region"] or structure["standby_region"])
        assert backend["region"] != structure["primary_region"]
    gateways = {"per-zone": 6, "single": 2}[structure["nat"]]
    assert len(made.resources("aws_nat_gateway")) == gateways
    assert len(made.resources("aws_route53_zone")) == (structure["hosted_zone_id"] is None)
    mails = structure["alert_emails"].split(",")
    subscriptions = [it.body for it in made.resources("aws_sns_topic_subscription")]
    told = Counter(it["endpoint"] for it in subscriptions if it["protocol"] == "email")
    assert told == dict.fromkeys(mails, 2)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=texts())
@example(values=SENTINELS)
def test_what_is_only_written_down_can_be_substituted(sentinel: Deployment, values: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        real = synthesize(Path(folder), **values).texts()
    assert real == {name: substituted(text, values) for name, text in sentinel.texts().items()}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=texts())
def test_whatever_is_written_down_every_rule_holds(sentinel: Deployment, values: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in sentinel.texts().items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(substituted(text, values), encoding="utf-8")
        judge_rules(Path(folder))


@pytest.fixture(scope="module")
def templates(sentinel: Deployment) -> tuple[list[Name], list[Name]]:
    """The names of the sentinel's deployment: as they are, and the public ones."""
    return list(names(sentinel)), list(dns_names(sentinel))


@settings(max_examples=2000, deadline=None)
@given(values=texts())
@example(values={**SENTINELS, "prefix": "abcdefgh", "environment_suffix": "ijklmnop"})
@example(values={**SENTINELS, "prefix": "ab", "environment_suffix": "global"})
@example(values={**SENTINELS, "environment_suffix": "use1"})
@example(values={**SENTINELS, "environment_suffix": "0"})
def test_every_name_ends_in_region_and_suffix_fits_and_is_its_own(
    templates: tuple[list[Name], list[Name]], values: dict[str, str]
) -> None:
    given_names, public_names = (renamed(found, values) for found in templates)
    judge_names(given_names, values["prefix"], values["environment_suffix"])
    judge_dns_names(public_names, f"{values['environment_suffix']}.{values['domain']}")


@settings(max_examples=500, deadline=None)
@given(values=texts(), data=st.data())
def test_deployments_with_different_suffixes_share_no_name(
    templates: tuple[list[Name], list[Name]], values: dict[str, str], data: st.DataObject
) -> None:
    other = data.draw(suffixes(values["prefix"]))
    assume(other != values["environment_suffix"])
    named = [name for found in templates for name in found if must_be_unique(name)]
    mine, theirs = (set(renamed(named, {**values, **chosen})) for chosen in ({}, {"environment_suffix": other}))
    assert not mine & theirs


@settings(max_examples=200, deadline=None)
@given(values=texts(), structure=structures())
def test_all_that_is_drawn_here_is_valid(values: dict[str, str], structure: dict[str, Any]) -> None:
    """Otherwise the properties above would hold for less than they say."""
    with tempfile.TemporaryDirectory() as folder:
        surroundings.settings(Path(folder), **{**structure, **values})


@settings(max_examples=500, deadline=None)
@given(suffix=st.text(max_size=20), domain=st.text(max_size=80) | DOMAINS)
def test_nothing_else_gets_through(suffix: str, domain: str) -> None:
    """Settings that are accepted are ones for which the names were judged."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            accepted = surroundings.settings(Path(folder), environment_suffix=suffix, domain=domain)
        except SettingsError:
            return
    assert set(accepted.environment_suffix) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 1 <= len(accepted.environment_suffix) <= longest_suffix("tap")
    assert len(f"global.{accepted.environment_domain}") <= DNS_LIMITS["aws_acm_certificate", "domain_name"]
