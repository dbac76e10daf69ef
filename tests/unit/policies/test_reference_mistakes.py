"""The mistakes of the reference implementations, rebuilt: each is caught, on the resource and in words that name it.

A folder of ``reference_mistakes`` is one of them; its README says where it comes from. Each is also put right, and then
nobody says so any more: it was the mistake that was found.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policies import rules
from policies.assessment import assess
from policies.model.reading import read
from tests.unit.policies.configurations import write

PLACE = Path(__file__).parent / "reference_mistakes"
Resources = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Mistake:
    """What must be said of it (rule, address and a part of the sentence), and how it is put right."""

    folder: str
    said: frozenset[tuple[str, str, str]]
    repair: Callable[[Resources], object]


def _no_password(resources: Resources) -> None:
    cluster = resources["aws_rds_cluster"]["aurora"]
    del cluster["master_password"]
    cluster["master_password_wo"] = "${ephemeral.aws_secretsmanager_random_password.database.random_password}"
    version = resources["aws_secretsmanager_secret_version"]["database"]
    version["secret_string_wo"] = version.pop("secret_string") and cluster["master_password_wo"]


def _routes(resources: Resources) -> None:
    resources["aws_route"] = {
        name: {
            "provider": table["provider"],
            "route_table_id": f"${{aws_route_table.{name}.id}}",
            "destination_cidr_block": "10.1.0.0/16" if name.startswith("primary") else "10.0.0.0/16",
            "vpc_peering_connection_id": "${aws_vpc_peering_connection.peering.id}",
        }
        for name, table in resources["aws_route_table"].items()
    }


def _endpoint_check(resources: Resources) -> None:
    resources["aws_route53_health_check"]["primary"] = {
        "provider": "aws.primary",
        "type": "HTTPS",
        "fqdn": "use1.shop.example",
        "resource_path": "/health/live",
        "request_interval": 30,
    }


def _balancers(resources: Resources) -> None:
    for role, record in resources["aws_route53_record"].items():
        resources.setdefault("aws_lb", {})[role] = {"provider": f"aws.{role}"}
        record["records"] = [f"${{aws_lb.{role}.dns_name}}"]


def _alarm_where_the_reader_is(resources: Resources) -> None:
    resources["aws_sns_topic"]["alerts"]["provider"] = "aws.secondary"
    alarm = resources["aws_cloudwatch_metric_alarm"]["lag"]
    alarm["provider"] = "aws.secondary"
    alarm["dimensions"] = {"DBClusterIdentifier": "${aws_rds_cluster.secondary.cluster_identifier}"}


def _destroyable(resources: Resources) -> None:
    resources["aws_secretsmanager_secret"]["database"]["recovery_window_in_days"] = 0
    for holder in (*resources["aws_s3_bucket"].values(), *resources["aws_backup_vault"].values()):
        holder["force_destroy"] = True


def _code(resources: Resources) -> None:
    function = resources["aws_lambda_function"]["webhook"]
    del function["lifecycle"]
    function["source_code_hash"] = '${filebase64sha256("placeholder.zip")}'


def _workflow_in_each_region(resources: Resources) -> None:
    machines = resources["aws_sfn_state_machine"]
    machine = machines.pop("failover")
    promote = json.loads(machine["definition"])["States"]["Promote"]
    for role, region in (("primary", "use1"), ("secondary", "usw2")):
        promote["Parameters"]["TargetDbClusterIdentifier"] = f"${{aws_rds_cluster.{role}.arn}}"
        definition = {"StartAt": "Promote", "States": {"Promote": {**promote, "Next": None, "End": True}}}
        name = f"shop-failover-{region}-dev"
        machines[role] = {"provider": f"aws.{role}", "name": name, "definition": json.dumps(definition)}


TABLES = [f"{side}_{tier}_{n}" for side in ("primary", "secondary") for tier in ("private", "isolated") for n in (0, 1)]

MISTAKES = [
    Mistake(
        "hard_coded_password",
        frozenset(
            {
                ("TAP_SECRET_LITERAL", "aws_rds_cluster.aurora", "master_password is a secret, written down"),
                ("TAP_SECRET_LITERAL", "aws_secretsmanager_secret_version.database", "secret_string is a secret"),
                ("TAP_SECRET_IN_STATE", "aws_rds_cluster.aurora", "master_password is kept in the state"),
            }
        ),
        _no_password,
    ),
    Mistake(
        "peering_without_routes",
        frozenset(
            ("TAP_TOPOLOGY_PEERING_ROUTES", f"aws_route_table.{table}", "no route leads to 10.") for table in TABLES
        ),
        _routes,
    ),
    Mistake(
        "replica_without_recovery",
        frozenset(
            {
                (
                    "TAP_TABLE_POINT_IN_TIME_RECOVERY",
                    "aws_dynamodb_table.payments",
                    "the replica in us-west-2 has no point-in-time recovery",
                )
            }
        ),
        lambda r: r["aws_dynamodb_table"]["payments"]["replica"][0].update(point_in_time_recovery=True),
    ),
    Mistake(
        "health_check_on_invocations",
        frozenset(
            {
                (
                    "TAP_HEALTH_CHECK_ALARM_BASED",
                    "aws_route53_health_check.primary",
                    "with no data the last known status stays",
                ),
                (
                    "TAP_HEALTH_REGIONS_WATCHED",
                    "aws_route53_record.primary",
                    "it leads to us-east-1, where no check watches liveness",
                ),
            }
        ),
        _endpoint_check,
    ),
    Mistake(
        "not_destroyable",
        frozenset(
            {
                ("TAP_DESTROY_WINDOW", "aws_secretsmanager_secret.database", "recovery_window_in_days is 30"),
                ("TAP_DESTROY_CONTENT", "aws_s3_bucket.receipts", "AWS refuses to delete it"),
                ("TAP_DESTROY_CONTENT", "aws_s3_bucket.replica", "AWS refuses to delete it"),
                ("TAP_DESTROY_CONTENT", "aws_backup_vault.vault", "with a recovery point left in it"),
            }
        ),
        _destroyable,
    ),
    Mistake(
        "api_name_at_the_database",
        frozenset(
            {
                (
                    "TAP_HEALTH_RECORD_ENTRANCE",
                    f"aws_route53_record.{role}",
                    f"it leads to api_name_at_the_database/aws_rds_cluster.{role}, which takes no requests of clients",
                )
                for role in ("primary", "secondary")
            }
        ),
        _balancers,
    ),
    Mistake(
        "lag_alarm_in_the_wrong_region",
        frozenset(
            {
                (
                    "TAP_REPLICATION_WATCHED",
                    "aws_rds_cluster.secondary",
                    "no alarm in us-west-2 on its AuroraGlobalDBReplicationLag",
                )
            }
        ),
        _alarm_where_the_reader_is,
    ),
    Mistake(
        "placeholder_code",
        frozenset(
            {
                ("TAP_CODE_HASH", "aws_lambda_function.webhook", "ignores changes of filename, source_code_hash"),
                ("TAP_CODE_HASH", "aws_lambda_function.webhook", "does not see when placeholder.zip changes"),
            }
        ),
        _code,
    ),
    Mistake(
        "secret_of_any_account",
        frozenset({("TAP_IAM_ARN_PLACE", "aws_lambda_function.webhook", "has a wildcard as account")}),
        lambda r: r["aws_lambda_function"]["webhook"]["environment"]["variables"].update(SECRET_ID="shop-database-dev"),
    ),
    Mistake(
        "workflow_in_the_failed_region",
        frozenset(
            {
                (
                    "TAP_TOPOLOGY_TWIN_EXISTS",
                    "aws_sfn_state_machine.failover",
                    "us-west-2 has no aws_sfn_state_machine that corresponds to it",
                ),
                (
                    "TAP_TOPOLOGY_REGION_REFERENCES",
                    "aws_sfn_state_machine.failover",
                    "aws_rds_cluster.secondary in us-west-2, while this is in us-east-1",
                ),
                (
                    "TAP_RECOVERY_DATA_PLANE",
                    "aws_sfn_state_machine.failover",
                    "it calls route53:changeResourceRecordSets",
                ),
            }
        ),
        _workflow_in_each_region,
    ),
]
EACH = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.folder)


def said(place: Path) -> list[tuple[str, str, str]]:
    """Rule, address and sentence of all that is found."""
    judgement = assess(read(place), rules.every(), (), date(2026, 11, 28))
    assert judgement.problems == ()
    return [(found.check.id, found.address, found.message) for found in judgement.open]


def heard(mistake: Mistake, place: Path) -> set[tuple[str, str, str]]:
    """Which of the sentences that the mistake deserves are said."""
    found = said(place)
    return {
        (rule, address, part)
        for rule, address, part in mistake.said
        if any((rule, address) == (r, a) and part in message for r, a, message in found)
    }


@EACH
def test_it_is_caught_and_named(mistake: Mistake) -> None:
    assert heard(mistake, PLACE / mistake.folder) == mistake.said


@EACH
def test_it_is_the_mistake_that_was_found(mistake: Mistake, tmp_path: Path) -> None:
    content = json.loads((PLACE / mistake.folder / "main.tf.json").read_text(encoding="utf-8"))
    mistake.repair(content["resource"])
    assert not heard(mistake, write(tmp_path / mistake.folder, {"main.tf.json": content}))


def test_every_folder_is_one_and_says_what_it_is() -> None:
    assert sorted(path.name for path in PLACE.iterdir()) == sorted(mistake.folder for mistake in MISTAKES)
    for mistake in MISTAKES:
        assert len((PLACE / mistake.folder / "README.md").read_text(encoding="utf-8").split()) > 10
