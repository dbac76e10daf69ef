"""Recovery objectives as sums: what counts, what does not, what is unknown, and that nothing is hidden by growing."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.settings import Settings
from policies.budgets import DEFAULT_SECONDS, Sum, Term, sums, unstated
from policies.examples import write
from policies.model.deployment import Deployment
from policies.model.reading import read

WORKFLOW: Final = {
    "TimeoutSeconds": 300,
    "States": {
        "Promote": {
            "TimeoutSeconds": 60,
            "Resource": "arn:aws:states:::aws-sdk:rds:failoverGlobalCluster",
            "Parameters": {"GlobalClusterIdentifier": "${aws_rds_global_cluster.ledger.id}"},
        }
    },
}


def alarm(namespace: str, metric: str, threshold: float, **dimensions: str) -> dict[str, Any]:
    return {
        "alarm_name": metric,
        "namespace": namespace,
        "metric_name": metric,
        "dimensions": dimensions,
        "threshold": threshold,
        "comparison_operator": "GreaterThanThreshold",
        "period": 60,
        "evaluation_periods": 3,
    }


def variables(verdict: object, control: object) -> dict[str, Any]:
    return {"variables": {"VERDICT_CACHE_SECONDS": verdict, "CONTROL_CACHE_SECONDS": control}}


EVERYTHING: Final[Mapping[str, Mapping[str, Any]]] = {
    "aws_route53_record": {
        "home": {
            "failover_routing_policy": {"type": "PRIMARY"},
            "health_check_id": "${aws_route53_health_check.both.id}",
            "ttl": 45,
        }
    },
    "aws_route53_health_check": {
        "both": {
            "type": "CALCULATED",
            "child_healthchecks": ["${aws_route53_health_check.live.id}", "${aws_route53_health_check.switch.id}"],
        },
        "live": {"type": "HTTPS", "request_interval": 30, "failure_threshold": 3},
        "switch": {"type": "HTTPS", "request_interval": 10, "failure_threshold": 3, "invert_healthcheck": True},
    },
    "aws_lambda_function": {
        "health": {"environment": variables("4", "2")},
        "webhook": {"environment": variables("1", "7")},
    },
    "aws_sfn_state_machine": {"failover": {"definition": json.dumps(WORKFLOW)}},
    "aws_rds_cluster": {"ledger": {"cluster_identifier": "ledger", "global_cluster_identifier": "all"}},
    "aws_dynamodb_table": {"sessions": {"name": "sessions", "replica": [{"region_name": "us-west-2"}]}},
    "aws_s3_bucket_replication_configuration": {
        "receipts": {
            "rule": [
                {
                    "status": "Enabled",
                    "destination": {"replication_time": {"status": "Enabled", "time": {"minutes": 15}}},
                }
            ]
        }
    },
    "aws_cloudwatch_metric_alarm": {
        "ledger": alarm("AWS/RDS", "AuroraGlobalDBReplicationLag", 1000, DBClusterIdentifier="ledger"),
        "there": alarm("AWS/DynamoDB", "ReplicationLatency", 8000, TableName="sessions", ReceivingRegion="us-west-2"),
        "back": alarm("AWS/DynamoDB", "ReplicationLatency", 9000, TableName="sessions", ReceivingRegion="us-east-1")
        | {"provider": "aws.usw2"},
    },
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return read(write(EVERYTHING, tmp_path_factory.mktemp("everything")))


def changed(deployment: Deployment, address: str, path: str, value: object) -> Deployment:
    """The deployment with one value in one resource; a dotted path leads into maps and lists."""
    (resource,) = (r for r in deployment.everything if r.address == address)
    body: Any = copy.deepcopy(dict(resource.body))
    *parents, last = path.split(".")
    place = body
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[last] = value
    return deployment.with_bodies({resource.key: body})


def the(deployment: Deployment, promise: str) -> Sum:
    """The one sum of a promise."""
    (found,) = (each for each in sums(deployment) if each.promise == promise)
    return found


class TestASum:
    def test_is_within_budget_up_to_the_last_second(self) -> None:
        at_most = Sum("ingest", "RTO", 90, (Term("a", 60, "x"), Term("b", 30, "y")))
        assert at_most.within_budget
        assert not Sum("ingest", "RTO", 89, at_most.terms).within_budget

    def test_with_an_unknown_term_is_never_within_budget(self) -> None:
        assert not Sum("ingest", "RTO", 90, (Term("a", 1, "x"), Term("b", None, "y"))).within_budget

    def test_without_any_term_is_no_promise(self) -> None:
        assert not Sum("ingest", "RTO", 90, ()).within_budget

    def test_leaves_out_what_stands_outside(self) -> None:
        outside = (Term("a person decides", None, "nobody knows"), Term("noticed", 600, "an alarm"))
        assert Sum("ingest", "RTO", 90, (Term("a", 60, "x"),), outside).within_budget

    def test_is_told_with_every_part_and_where_it_comes_from(self) -> None:
        told = str(Sum("ingest", "RTO", 90, (Term("detection", 60, "live"), Term("TTL", None, "record"))))
        assert all(part in told for part in ("ingest RTO", "60 s (detection: live)", "unknown (TTL: record)", "90 s"))


class TestWhatWeDeploy:
    def test_keeps_every_promise_it_can_state(self, ours: Deployment) -> None:
        assert {(each.promise, each.subject, each.seconds) for each in sums(ours)} == {
            ("ingest", "routing/records/primary", 178),
            ("ledger", "primary/ledger/cluster", 1),
            ("ledger", "secondary/ledger/cluster", 1),
            ("sessions", "global/sessions/table from us-east-1 to us-west-2", 10),
            ("sessions", "global/sessions/table from us-west-2 to us-east-1", 10),
            ("settlement", "primary/failover/machine", 658),
            ("settlement", "secondary/failover/machine", 658),
            *(
                ("receipts", f"global/{bucket}/replication-of-{region}", 900)
                for bucket in ("receipts", "documents")
                for region in ("use1", "usw2")
            ),
        }
        assert all(each.within_budget for each in sums(ours))

    def test_leaves_no_promise_without_a_sum(self, ours: Deployment) -> None:
        assert unstated(ours) == ()

    def test_publishes_the_budgets_of_its_settings(self, ours: Deployment) -> None:
        assert ours.setting("recovery_budgets") == DEFAULT_SECONDS
        assert {f"{each.promise}_{each.objective}".lower(): each.budget_seconds for each in sums(ours)}.items() <= (
            DEFAULT_SECONDS.items()
        )

    def test_could_keep_the_smallest_budgets_that_settings_allow(self, ours: Deployment) -> None:
        for each in sums(ours):
            (bound,) = (
                limit.ge
                for limit in Settings.model_fields[f"{each.promise}_{each.objective.lower()}_seconds"].metadata
                if hasattr(limit, "ge")
            )
            assert each.seconds <= bound


class TestIngest:
    def test_counts_the_slowest_check_the_longest_caches_and_the_ttl(self, everything: Deployment) -> None:
        ingest = the(everything, "ingest")
        assert [term.seconds for term in ingest.terms] == [4, 90, 18, 45, 7]
        assert ingest.complete

    def test_names_the_persons_decision_outside_the_sum(self, everything: Deployment) -> None:
        (decision,) = the(everything, "ingest").outside
        assert (decision.seconds, decision.origin) == (None, "example/aws_route53_health_check.switch")

    def test_takes_the_ttl_that_aws_fixes_for_an_alias(self, everything: Deployment) -> None:
        body = {**EVERYTHING["aws_route53_record"]["home"], "alias": {"name": "${aws_lb.home.dns_name}"}}
        aliased = everything.with_bodies({("example", "aws_route53_record.home"): {**body, "provider": "aws.use1"}})
        assert [term.seconds for term in the(aliased, "ingest").terms][3] == 60

    def test_takes_the_ttl_of_the_record_that_an_alias_leads_to(self, everything: Deployment) -> None:
        body = {**EVERYTHING["aws_route53_record"]["home"], "alias": {"name": "${aws_route53_record.other.fqdn}"}}
        aliased = everything.with_bodies(
            {
                ("example", "aws_route53_record.home"): {**body, "provider": "aws.use1"},
                ("example", "aws_route53_record.other"): {"ttl": 120},
            }
        )
        assert [term.seconds for term in the(aliased, "ingest").terms][3] == 120

    def test_counts_the_alarm_that_a_check_follows(self, everything: Deployment) -> None:
        follows = {"type": "CLOUDWATCH_METRIC", "cloudwatch_alarm_name": "${aws_cloudwatch_metric_alarm.ledger.id}"}
        by_alarm = everything.with_bodies({("example", "aws_route53_health_check.live"): follows})
        assert [term.seconds for term in the(by_alarm, "ingest").terms] == [4, 180, 45, 7]
        by_name = follows | {
            "cloudwatch_alarm_name": "AuroraGlobalDBReplicationLag",
            "cloudwatch_alarm_region": "us-east-1",
        }
        by_alarm = everything.with_bodies({("example", "aws_route53_health_check.live"): by_name})
        assert [term.seconds for term in the(by_alarm, "ingest").terms] == [4, 180, 45, 7]

    @pytest.mark.parametrize(
        ("address", "path", "value"),
        [
            ("aws_route53_record.home", "health_check_id", "${var.check}"),
            ("aws_route53_record.home", "ttl", "${var.ttl}"),
            ("aws_route53_health_check.both", "child_healthchecks", ["${aws_route53_health_check.live.id}", "abc"]),
            ("aws_route53_health_check.both", "child_healthchecks", ["${aws_route53_health_check.both.id}"]),
            ("aws_route53_health_check.live", "type", "RECOVERY_CONTROL"),
            ("aws_route53_health_check.live", "request_interval", "${var.interval}"),
            ("aws_lambda_function.webhook", "environment.variables.CONTROL_CACHE_SECONDS", "a while"),
        ],
    )
    def test_is_not_known_if_any_part_is_not(
        self, everything: Deployment, address: str, path: str, value: object
    ) -> None:
        assert not the(changed(everything, address, path, value), "ingest").complete


class TestSettlement:
    def test_adds_the_workflows_own_bound_to_the_redirection(self, everything: Deployment) -> None:
        assert [term.seconds for term in the(everything, "settlement").terms] == [4, 90, 18, 45, 7, 300]

    def test_is_started_by_a_person_unless_an_alarm_does(self, everything: Deployment) -> None:
        (decision,) = the(everything, "settlement").outside
        assert decision.seconds is None
        started = everything.with_bodies(
            {
                ("example", "aws_cloudwatch_event_target.start"): {
                    "rule": "${aws_cloudwatch_event_rule.dead.name}",
                    "arn": "${aws_sfn_state_machine.failover.arn}",
                },
                ("example", "aws_cloudwatch_event_rule.dead"): {
                    "event_pattern": '{"resources": ["${aws_cloudwatch_metric_alarm.ledger.arn}"]}'
                },
            }
        )
        automatic = the(started, "settlement")
        assert not automatic.outside
        assert [term.seconds for term in automatic.terms] == [4, 90, 18, 45, 7, 180, 300]
        # Two of the last five minutes are reached after two.
        sooner = changed(started, "aws_cloudwatch_metric_alarm.ledger", "datapoints_to_alarm", 2)
        assert [term.seconds for term in the(sooner, "settlement").terms] == [4, 90, 18, 45, 7, 120, 300]

    def test_is_not_known_without_a_bound_of_the_whole_workflow(self, everything: Deployment) -> None:
        endless = {name: part for name, part in WORKFLOW.items() if name != "TimeoutSeconds"}
        assert not the(
            changed(everything, "aws_sfn_state_machine.failover", "definition", json.dumps(endless)), "settlement"
        ).complete

    def test_does_not_exist_for_a_workflow_that_promotes_nothing(self, everything: Deployment) -> None:
        other = changed(everything, "aws_sfn_state_machine.failover", "definition", '{"TimeoutSeconds": 60}')
        assert "settlement" not in {each.promise for each in sums(other)}
        assert any("settlement" in sentence for sentence in unstated(other))


class TestRecoveryPoints:
    def test_are_the_lag_below_which_no_alarm_speaks(self, everything: Deployment) -> None:
        assert the(everything, "ledger").seconds == 1
        assert sorted(each.seconds for each in sums(everything) if each.promise == "sessions") == [8, 9]
        assert the(everything, "receipts").seconds == 900

    def test_name_the_time_until_a_stall_is_noticed_outside_the_sum(self, everything: Deployment) -> None:
        assert [term.seconds for term in the(everything, "ledger").outside] == [180]

    def test_of_the_strictest_of_several_alarms_count(self, everything: Deployment) -> None:
        stricter = alarm("AWS/RDS", "AuroraGlobalDBReplicationLag", 500, DBClusterIdentifier="ledger")
        both = everything.with_bodies(
            {("example", "aws_cloudwatch_metric_alarm.more"): {**stricter, "provider": "aws.use1"}}
        )
        assert the(both, "ledger").seconds == 0.5

    def test_of_a_bucket_without_time_control_are_not_known(self, everything: Deployment) -> None:
        path = "rule.0.destination.replication_time.status"
        off = changed(everything, "aws_s3_bucket_replication_configuration.receipts", path, "Disabled")
        assert not the(off, "receipts").complete


class TestABudget:
    def test_that_is_published_is_the_one_that_counts(self, tmp_path: Path) -> None:
        published = {**EVERYTHING, "output": {"recovery_budgets": {"value": {"ingest_rto": 100}}}}
        deployment = read(write(published, tmp_path))
        assert the(deployment, "ingest").budget_seconds == 100
        assert the(deployment, "ledger").budget_seconds == DEFAULT_SECONDS["ledger_rpo"]

    def test_that_is_published_and_no_number_allows_nothing(self, tmp_path: Path) -> None:
        published = {**EVERYTHING, "output": {"recovery_budgets": {"value": {"ingest_rto": "${var.rto}"}}}}
        assert not the(read(write(published, tmp_path)), "ingest").within_budget


INPUTS: Final = (
    # address, path, the largest value tried
    ("aws_route53_health_check.live", "request_interval", 30),
    ("aws_route53_health_check.live", "failure_threshold", 10),
    ("aws_route53_health_check.switch", "request_interval", 30),
    ("aws_route53_health_check.switch", "failure_threshold", 10),
    ("aws_route53_record.home", "ttl", 86_400),
    ("aws_lambda_function.health", "environment.variables.VERDICT_CACHE_SECONDS", 3600),
    ("aws_lambda_function.webhook", "environment.variables.VERDICT_CACHE_SECONDS", 3600),
    ("aws_lambda_function.webhook", "environment.variables.CONTROL_CACHE_SECONDS", 3600),
    ("aws_cloudwatch_metric_alarm.ledger", "threshold", 600_000),
    ("aws_cloudwatch_metric_alarm.there", "threshold", 600_000),
    ("aws_cloudwatch_metric_alarm.back", "threshold", 600_000),
    ("aws_s3_bucket_replication_configuration.receipts", "rule.0.destination.replication_time.time.minutes", 60),
)


def seconds(deployment: Deployment) -> dict[tuple[str, str], float]:
    return {(each.promise, each.subject): each.seconds for each in sums(deployment)}


@given(
    values=st.tuples(*(st.integers(0, largest) for _, _, largest in INPUTS)),
    chosen=st.integers(0, len(INPUTS) - 1),
    more=st.integers(1, 600_000),
)
def test_no_sum_shrinks_when_one_of_its_inputs_grows(
    everything: Deployment, values: tuple[int, ...], chosen: int, more: int
) -> None:
    deployment = everything
    for (address, path, _), value in zip(INPUTS, values, strict=True):
        deployment = changed(deployment, address, path, value)
    address, path, _ = INPUTS[chosen]
    before = seconds(deployment)
    after = seconds(changed(deployment, address, path, values[chosen] + more))
    assert before.keys() == after.keys()
    assert all(after[name] >= before[name] for name in before)


@given(timeout=st.integers(1, 100_000), more=st.integers(1, 100_000))
def test_settlement_takes_longer_the_longer_its_workflow_may_take(
    everything: Deployment, timeout: int, more: int
) -> None:
    shorter, longer = (
        the(
            changed(
                everything,
                "aws_sfn_state_machine.failover",
                "definition",
                json.dumps({**WORKFLOW, "TimeoutSeconds": bound}),
            ),
            "settlement",
        )
        for bound in (timeout, timeout + more)
    )
    assert longer.seconds == shorter.seconds + more
