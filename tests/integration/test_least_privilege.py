"""Least privilege, both ways: under its own role each function works, and without any one permission it does not.

The embedded AWS evaluates IAM for every call of a function. Roles are read as they are deployed; each permission of
each function is taken away once, in the active region, and the function's probe must then be refused something. The
other region's roles say the same. What the emulator does not evaluate is listed with its reason, and a test fails once
it does. The table of all permissions is left in ``least-privilege.md`` in the deployment's folder.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from deployment import places
from tests.integration import settlement
from tests.integration.epochs import next_epoch
from tests.integration.least_privilege import (
    PROBES,
    SERVICE_ROLES,
    WITHOUT_ANY,
    Table,
    only,
    permissions,
    probed,
    refused,
    restart,
    role_of,
    waiting,
    why_not_evaluated,
)
from tests.integration.platform import Platform, Region, eventually

pytestmark = pytest.mark.embedded_only

PROVED = "refused, and the function says so"
FORGOTTEN_SECONDS = 15
"""By then a health function has forgotten a bad verdict."""


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """What the tests find out, written down at the end."""
    found = Table()
    yield found
    path = places.home() / "least-privilege.md"
    path.write_text(str(found), encoding="utf-8")
    proved = sum(len(roles) for (_, shown), roles in found.rows.items() if shown == PROVED)
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    reporter.write_line(f"\nleast privilege: {proved} permissions proved one by one; table: {places.shown(path)}")


@pytest.fixture(params=PROBES)
def function(request: pytest.FixtureRequest) -> str:
    """Each function in turn."""
    return str(request.param)


@pytest.fixture
def active(platform: Platform, function: str) -> Iterator[Region]:
    """The region that works, with something for each function to do: for the reconciler, after a failover."""
    with waiting(platform, platform.primary), next_epoch(platform) if function == "reconciler" else nullcontext():
        yield platform.primary


def test_every_deployed_function_has_a_probe(region: Region) -> None:
    assert set(region.outputs["function_roles"]) == set(PROBES), "add the function's probe to least_privilege.py"


def test_every_permission_is_given_once(platform: Platform, region: Region, function: str) -> None:
    given = Counter(permissions(platform, region, function))

    assert [str(permission) for permission, times in given.items() if times > 1] == []


def test_nothing_fails_without_what_the_emulator_does_not_evaluate(
    platform: Platform, active: Region, function: str, table: Table
) -> None:
    """If this fails, the emulator evaluates more than it did: take that from NOT_EVALUATED, and it is probed."""
    held = permissions(platform, active, function)
    reasons = {permission: why_not_evaluated(function, permission) for permission in held}
    kept = [permission for permission, reason in reasons.items() if reason is None]
    with only(platform, active, function) as give:
        # A policy has a statement at least: what needs nothing keeps one that says nothing about what it calls.
        give(kept or held[:1])
        restart(platform, active, function)
        outcome = probed(platform, active, function)
    for permission, reason in reasons.items():
        if reason is not None:
            table.add(function, str(permission), f"not evaluated: {reason}")

    assert PROBES[function].good(outcome), outcome


def test_without_any_one_permission_the_function_is_refused_what_it_needs(
    platform: Platform, active: Region, function: str, table: Table
) -> None:
    probe, held = PROBES[function], permissions(platform, active, function)
    needed = [permission for permission in held if why_not_evaluated(function, permission) is None]
    unused = []
    with only(platform, active, function) as give:
        for permission in needed:
            give([other for other in held if other != permission])
            outcome = refused(platform, active, function)
            if outcome.refused:
                table.add(function, str(permission), PROVED)
            else:
                unused.append(f"{permission}: {outcome.answer}")
    whole = eventually(lambda: probed(platform, active, function), probe.good, within=FORGOTTEN_SECONDS)

    assert not unused, (
        f"nothing fails without it: take it from the role of {function}, or say in the table why it stays"
    )
    assert probe.good(whole), f"with all permissions {function} answers {whole}"
    assert bool(needed) is (function not in WITHOUT_ANY), f"of the role of {function} is proved: {needed}"


def test_the_roles_of_the_other_region_say_the_same(platform: Platform, function: str) -> None:
    """What is shown in one region holds in the other: only the names of the two differ."""
    said = []
    for here in platform.regions.values():
        own = {here.name: "REGION", here.host.partition(".")[0]: "SUFFIX", **identifiers(platform, here, function)}
        text = json.dumps(sorted(str(permission.statement) for permission in permissions(platform, here, function)))
        for name in sorted(own, key=len, reverse=True):
            text = text.replace(name, own[name])
        said.append(sorted(json.loads(text)))

    assert said[0] == said[1]


def identifiers(platform: Platform, region: Region, function: str) -> dict[str, str]:
    """What AWS has named in a region: its key, a function's subnets and groups, and the queue's consumer."""
    services, name = platform.client("lambda", region), region.outputs["functions"][function]
    attached = services.get_function_configuration(FunctionName=name)["VpcConfig"]
    named = dict.fromkeys(attached["SubnetIds"], "SUBNET")
    named |= dict.fromkeys(attached["SecurityGroupIds"], "GROUP")
    named[settlement.consumer(platform, region)["UUID"]] = "CONSUMER"
    return {**named, platform.shared["key_arns"][region.name].rpartition("/")[2]: "KEY"}


def test_functions_are_judged_under_their_own_roles(platform: Platform) -> None:
    """The record of the emulator: what a function calls is judged under its role, and never under the account's."""
    judged = {(use["principal"], use["action"]) for use in record(platform) if use["tool"] == "botocore"}

    assert (role_of(platform.primary, "webhook"), "dynamodb:PutItem") in judged
    assert (role_of(platform.primary, "processor"), "dynamodb:UpdateItem") in judged
    assert not {action for principal, action in judged if principal in ("root", "anonymous")}


def test_the_roles_of_services_are_named_and_nothing_is_judged_under_them(platform: Platform, table: Table) -> None:
    """If this fails for a new role, say in SERVICE_ROLES which service works under it, and why it is not seen here."""
    naming, own = platform.settings.naming, set[str]()
    for region in platform.regions.values():
        own |= {role_of(region, name) for name in region.outputs["function_roles"]}
    expected = {
        naming.name(resource, region.host.partition(".")[0]): resource
        for resource in SERVICE_ROLES
        for region in platform.regions.values()
    }
    pages = platform.client("iam", platform.primary).get_paginator("list_roles").paginate()
    deployed = {role["RoleName"] for page in pages for role in page["Roles"]}
    mine = {name for name in deployed if name.startswith(f"{naming.prefix}-") and name.endswith(f"-{naming.suffix}")}

    assert mine - own == set(expected)
    assert not {use["principal"] for use in record(platform)} & set(expected)
    for resource, reason in SERVICE_ROLES.items():
        table.add(resource, "all of its statements", f"not evaluated: {reason}")


def record(platform: Platform) -> list[dict[str, str]]:
    """Every call that the emulator has judged."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{platform.emulator.endpoint}/_embedded/actions", timeout=30) as response:
        found: list[dict[str, str]] = json.load(response)
    return found
