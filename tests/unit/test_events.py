"""What happens once a payment is settled, read from the synthesized Terraform: topic, notifier, sender of mail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.app import Deployment

REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}
DOMAIN = "dev.tap.example"
DEAD = "events/dead-letters"
both_regions = pytest.mark.parametrize("stack", REGIONS)


def resource(deployment: Deployment, stack: str, type_: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = deployment[stack].all(f"aws_{type_}")[path]
    return found


def path(deployment: Deployment, stack: str, value: str) -> str:
    """Which construct a reference leads to."""
    return deployment.target(stack, value).path


def statements(deployment: Deployment, stack: str, function: str, service: str) -> list[dict[str, Any]]:
    policy = resource(deployment, stack, "iam_role_policy", f"{function}/function/policy")["policy"]
    allowed = [it for it in json.loads(policy)["Statement"] if it["Effect"] == "Allow"]
    return [it for it in allowed if any(action.startswith(f"{service}:") for action in it["Action"])]


@both_regions
class TestTheTopic:
    def test_is_encrypted_with_the_key_of_its_region_and_so_is_what_nobody_took(
        self, deployment: Deployment, stack: str
    ) -> None:
        topic = resource(deployment, stack, "sns_topic", "events/topic")
        dead = resource(deployment, stack, "sqs_queue", DEAD)
        for each in (topic, dead):
            assert deployment.key_region(stack, each["kms_master_key_id"]) == REGIONS[stack]

    @pytest.mark.parametrize("topic", ["events", "alerts"])
    def test_refuses_whoever_publishes_without_tls(self, deployment: Deployment, stack: str, topic: str) -> None:
        policy = resource(deployment, stack, "sns_topic_policy", f"{topic}/policy")
        refusal, *_ = json.loads(policy["policy"])["Statement"]

        assert path(deployment, stack, policy["arn"]) == f"{topic}/topic"
        assert path(deployment, stack, refusal.pop("Resource")) == f"{topic}/topic"
        assert refusal == {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "sns:Publish",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }

    def test_is_published_to_by_the_processor_alone_and_through_the_vpcs_endpoint(
        self, deployment: Deployment, stack: str
    ) -> None:
        publishers = {
            path.partition("/")[0]
            for path, policy in deployment[stack].all("aws_iam_role_policy").items()
            if "sns:Publish" in policy["policy"]
        }
        (publishes,) = statements(deployment, stack, "processor", "sns")
        (endpoint,) = json.loads(resource(deployment, stack, "vpc_endpoint", "network/sns/endpoint")["policy"])[
            "Statement"
        ]

        # The failover's workflow publishes to the other topic: it tells people.
        assert publishers == {"processor", "failover"}
        assert path(deployment, stack, publishes["Resource"]) == "events/topic"
        assert endpoint["Action"] == ["sns:Publish"]
        assert [path(deployment, stack, topic) for topic in endpoint["Resource"]] == ["events/topic"]

    def test_what_it_cannot_hand_over_goes_to_a_queue_that_lets_it_in(self, deployment: Deployment, stack: str) -> None:
        subscription = resource(deployment, stack, "sns_topic_subscription", "events/subscription")
        redrive = json.loads(subscription["redrive_policy"])
        _, allowed = json.loads(resource(deployment, stack, "sqs_queue_policy", f"{DEAD}-policy")["policy"])[
            "Statement"
        ]

        assert path(deployment, stack, redrive["deadLetterTargetArn"]) == DEAD
        assert (allowed["Principal"], allowed["Action"]) == ({"Service": "sns.amazonaws.com"}, ["sqs:SendMessage"])
        assert path(deployment, stack, allowed["Condition"]["ArnEquals"]["aws:SourceArn"]) == "events/topic"

    def test_somebody_is_told_of_the_first_event_that_nobody_took(self, deployment: Deployment, stack: str) -> None:
        alarms = deployment[stack].all("aws_cloudwatch_metric_alarm")
        dead, lost = alarms["events/alarm-settled-dead"], alarms["events/alarm-settled-lost"]

        assert (dead["threshold"], dead["metric_name"]) == (0, "ApproximateNumberOfMessagesVisible")
        assert (lost["threshold"], lost["metric_name"]) == (0, "NumberOfNotificationsFailedToRedriveToDlq")


@both_regions
class TestTheNotifier:
    def test_is_invoked_by_this_topic_and_tries_an_event_three_times(self, deployment: Deployment, stack: str) -> None:
        permission = resource(deployment, stack, "lambda_permission", "notifier/function/invoked-by-events")
        subscription = resource(deployment, stack, "sns_topic_subscription", "events/subscription")
        failures = resource(deployment, stack, "lambda_function_event_invoke_config", "events/failures")

        assert path(deployment, stack, permission["source_arn"]) == "events/topic"
        assert "notifier" in subscription["endpoint"]
        assert failures["maximum_retry_attempts"] == 2
        assert path(deployment, stack, failures["destination_config"]["on_failure"]["destination"]) == DEAD

    def test_may_write_its_own_notes_in_the_table_and_nothing_else(self, deployment: Deployment, stack: str) -> None:
        reads, writes = statements(deployment, stack, "notifier", "dynamodb")

        assert reads["Action"] == ["dynamodb:GetItem"]
        assert set(writes["Action"]) == {f"dynamodb:{verb}Item" for verb in ("Delete", "Put", "Update")}
        assert writes["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["notification#*"]}}

    def test_sends_from_its_regions_identity_as_one_address(self, deployment: Deployment, stack: str) -> None:
        (sends,) = statements(deployment, stack, "notifier", "ses")
        function = resource(deployment, stack, "lambda_function", "notifier/function/function")

        assert sends["Action"] == ["ses:SendEmail"]
        assert sends["Resource"] == f"arn:aws:ses:{REGIONS[stack]}:000000000000:identity/{DOMAIN}"
        assert sends["Condition"] == {"StringEquals": {"ses:FromAddress": f"payments@{DOMAIN}"}}
        assert function["environment"]["variables"]["SENDER"] == f"payments@{DOMAIN}"


@both_regions
def test_each_region_publishes_the_keys_it_signs_with(deployment: Deployment, stack: str) -> None:
    identity = resource(deployment, stack, "sesv2_email_identity", "sender/identity")
    records = [resource(deployment, stack, "route53_record", f"sender/dkim-{number}") for number in (1, 2, 3)]

    assert identity["email_identity"] == DOMAIN
    assert identity["dkim_signing_attributes"] == {"next_signing_key_length": "RSA_2048_BIT"}
    assert len({record["name"] for record in records}) == len(records)
    for record in records:
        assert record["name"].endswith(f"._domainkey.{DOMAIN}")
        assert (record["type"], record["records"]) == (
            "CNAME",
            [record["name"].removesuffix(f"._domainkey.{DOMAIN}") + ".dkim.amazonses.com"],
        )


def test_forgeries_are_refused_in_the_name_of_both(deployment: Deployment) -> None:
    record = resource(deployment, "global", "route53_record", "dmarc/record")

    assert (record["name"], record["type"]) == (f"_dmarc.{DOMAIN}", "TXT")
    assert record["records"] == ["v=DMARC1; p=reject; adkim=s"]
