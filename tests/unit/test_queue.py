"""The queue of accepted payments, who works it off, and who fills it again, read from the synthesized Terraform."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from deployment import preflight
from tests.unit.app import ROOT, Deployment, Resource, synthesize
from tests.unit.test_regions import FUNCTIONS

REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}
both_regions = pytest.mark.parametrize("stack", REGIONS)


def queue(deployment: Deployment, stack: str, name: str = "payments") -> Resource:
    """The queue of a name; what is behind the name says where it is."""
    (found,) = [
        resource
        for resource in deployment.resources("aws_sqs_queue")
        if resource.stack == stack and re.fullmatch(rf"tap-{name}-us[ew][12]-dev", resource.body["name"])
    ]
    return found


def mapping(deployment: Deployment, stack: str) -> dict[str, Any]:
    return deployment[stack].one("aws_lambda_event_source_mapping")


def statements(deployment: Deployment, stack: str, function: str) -> list[dict[str, Any]]:
    policy = deployment[stack].all("aws_iam_role_policy")[f"{function}/function/policy"]["policy"]
    allowed = [it for it in json.loads(policy)["Statement"] if it["Effect"] == "Allow"]
    return [it for it in allowed if any(action.startswith(("sqs:", "kms:")) for action in it["Action"])]


@both_regions
class TestTheQueue:
    def test_is_encrypted_with_the_key_of_its_region(self, deployment: Deployment, stack: str) -> None:
        for name in ("payments", "payments-dead"):
            key = queue(deployment, stack, name).body["kms_master_key_id"]
            assert deployment.key_region(stack, key) == REGIONS[stack]

    def test_gives_up_after_five_tries_to_a_queue_that_keeps_as_long(self, deployment: Deployment, stack: str) -> None:
        source, dead = (queue(deployment, stack, name) for name in ("payments", "payments-dead"))
        redrive = json.loads(source.body["redrive_policy"])
        assert redrive == {"deadLetterTargetArn": f"${{{dead.address}.arn}}", "maxReceiveCount": 5}
        assert source.body["message_retention_seconds"] == dead.body["message_retention_seconds"] == 14 * 86_400

    def test_hides_a_message_for_six_times_what_the_consumer_may_take(self, deployment: Deployment, stack: str) -> None:
        processor = deployment.target(stack, mapping(deployment, stack)["function_name"])
        hidden = queue(deployment, stack).body["visibility_timeout_seconds"]
        assert hidden >= 6 * processor.body["timeout"]

    def test_refuses_whoever_comes_without_tls(self, deployment: Deployment, stack: str) -> None:
        policies = [
            it for path, it in deployment[stack].all("aws_sqs_queue_policy").items() if path.startswith("queue/")
        ]
        assert {deployment.target(stack, it["queue_url"]).address for it in policies} == {
            queue(deployment, stack, name).address for name in ("payments", "payments-dead")
        }
        for policy in policies:
            (statement,) = json.loads(policy["policy"])["Statement"]
            assert deployment.target(stack, statement.pop("Resource")).type == "aws_sqs_queue"
            assert statement == {
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "sqs:*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }

    def test_is_watched_for_age_and_its_dead_letters_for_any(self, deployment: Deployment, stack: str) -> None:
        alarms = {
            alarm["metric_name"]: alarm
            for path, alarm in deployment[stack].all("aws_cloudwatch_metric_alarm").items()
            if path.startswith("queue/")
        }
        age, dead = alarms["ApproximateAgeOfOldestMessage"], alarms["ApproximateNumberOfMessagesVisible"]
        assert age["dimensions"] == {"QueueName": queue(deployment, stack).body["name"]}
        assert dead["dimensions"] == {"QueueName": queue(deployment, stack, "payments-dead").body["name"]}
        assert dead["threshold"] == 0


@both_regions
class TestTheConsumer:
    def test_is_woken_by_its_regions_queue_and_says_which_messages_failed(
        self, deployment: Deployment, stack: str
    ) -> None:
        found = mapping(deployment, stack)
        assert deployment.target(stack, found["event_source_arn"]).address == queue(deployment, stack).address
        assert deployment.target(stack, found["function_name"]).path == "processor/function/function"
        assert found["function_response_types"] == ["ReportBatchItemFailures"]

    def test_runs_as_often_at_once_as_is_reserved_for_it(self, deployment: Deployment, stack: str) -> None:
        found = mapping(deployment, stack)
        processor = deployment.target(stack, found["function_name"]).body
        assert found["scaling_config"] == {"maximum_concurrency": processor["reserved_concurrent_executions"]}

    def test_is_off_in_the_standby_and_left_as_it_is_from_then_on(self, deployment: Deployment, stack: str) -> None:
        assert mapping(deployment, stack)["enabled"] is (stack == "primary")
        assert mapping(deployment, stack)["lifecycle"] == {"ignore_changes": ["enabled"]}

    def test_may_take_messages_and_put_none(self, deployment: Deployment, stack: str) -> None:
        (queues,) = [it for it in statements(deployment, stack, "processor") if "sqs:DeleteMessage" in it["Action"]]
        assert queues["Action"] == ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        assert deployment.target(stack, queues["Resource"]).address == queue(deployment, stack).address
        assert key_use(deployment, stack, "processor") == ["kms:Decrypt"]


@both_regions
@pytest.mark.parametrize(
    ("function", "actions"),
    [("webhook", {"sqs:SendMessage"}), ("reconciler", {"sqs:GetQueueAttributes", "sqs:SendMessage"})],
)
def test_who_enqueues_may_send_and_neither_receive_nor_delete(
    deployment: Deployment, stack: str, function: str, actions: set[str]
) -> None:
    found = [it for it in statements(deployment, stack, function) if it["Action"][0].startswith("sqs:")]
    assert {action for it in found for action in it["Action"]} == actions
    assert {deployment.target(stack, it["Resource"]).address for it in found} == {queue(deployment, stack).address}
    # SQS asks the sender for a data key of the queue, and for the right to use it.
    assert key_use(deployment, stack, function) == ["kms:Decrypt", "kms:GenerateDataKey"]


def key_use(deployment: Deployment, stack: str, function: str) -> list[str]:
    """What the function may do with the key for SQS."""
    via = {"StringEquals": {"kms:ViaService": f"sqs.{REGIONS[stack]}.amazonaws.com"}}
    (found,) = [it for it in statements(deployment, stack, function) if it.get("Condition") == via]
    return list(found["Action"])


@both_regions
def test_through_the_vpcs_endpoint_only_this_queue_is_reached_by_those_who_enqueue(
    deployment: Deployment, stack: str
) -> None:
    endpoint = deployment[stack].all("aws_vpc_endpoint")["network/sqs/endpoint"]
    (statement,) = json.loads(endpoint["policy"])["Statement"]
    assert statement["Action"] == ["sqs:GetQueueAttributes", "sqs:SendMessage"]
    (resource,) = statement["Resource"]
    assert deployment.target(stack, resource).address == queue(deployment, stack).address
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "000000000000"}}


@both_regions
def test_every_minute_the_reconciler_is_woken_and_nobody_else_may_wake_it(deployment: Deployment, stack: str) -> None:
    rule = deployment[stack].all("aws_cloudwatch_event_rule")["reconcile/rule"]
    target = deployment[stack].all("aws_cloudwatch_event_target")["reconcile/target"]
    permission = deployment[stack].all("aws_lambda_permission")["reconciler/function/invoked-by-schedule"]
    reconciler = deployment.target(stack, permission["function_name"]).body
    assert rule["schedule_expression"] == "rate(1 minute)"
    assert deployment.target(stack, target["rule"]).path == "reconcile/rule"
    assert target["arn"] == f"arn:aws:lambda:{REGIONS[stack]}:000000000000:function:{reconciler['function_name']}"
    assert permission["principal"] == "events.amazonaws.com"
    assert deployment.target(stack, permission["source_arn"]).path == "reconcile/rule"
    assert permission["source_account"] == "000000000000"
    assert reconciler["timeout"] < 60, "a run ends before the next one"


@both_regions
def test_alarms_on_our_own_metrics_name_a_metric_that_the_function_emits_and_the_dimensions_that_it_has(
    deployment: Deployment, stack: str
) -> None:
    own = [it for it in deployment[stack].all("aws_cloudwatch_metric_alarm").values() if it["namespace"] == "tap"]
    assert {(it["dimensions"]["service"], it["metric_name"]) for it in own} == {
        ("webhook", "NotEnqueued"),
        ("processor", "PaymentConflict"),
        ("processor", "StaleEpoch"),
        ("reconciler", "OldestUnsettledSeconds"),
        ("reconciler", "ReopenedPayments"),
        ("guard", "ConsumerDiffers"),
        ("probe", "PeerHealthy"),
    }
    for alarm in own:
        service = alarm["dimensions"]["service"]
        variables = deployment[stack].all("aws_lambda_function")[f"{service}/function/function"]["environment"]
        assert variables["variables"]["POWERTOOLS_METRICS_NAMESPACE"] == alarm["namespace"]
        assert alarm["dimensions"] == {
            "service": variables["variables"]["POWERTOOLS_SERVICE_NAME"],
            "environment": variables["variables"]["ENVIRONMENT_SUFFIX"],
        }
        assert f'("{alarm["metric_name"]}"' in (ROOT / "lambda" / f"{service}.py").read_text(encoding="utf-8")


def test_the_preflight_counts_what_the_functions_really_reserve(deployment: Deployment, tmp_path: Any) -> None:
    from tests.unit.surroundings import settings

    reserved = [
        function["reserved_concurrent_executions"]
        for function in deployment["primary"].all("aws_lambda_function").values()
    ]
    assert sum(reserved) == settings(tmp_path).reserved_concurrency
    assert set(preflight.FUNCTIONS) == FUNCTIONS


def test_the_setting_bounds_the_consumers_of_both_regions(tmp_path: Any) -> None:
    bounded = synthesize(tmp_path, settlement_concurrency=7)
    for stack in REGIONS:
        assert mapping(bounded, stack)["scaling_config"] == {"maximum_concurrency": 7}
