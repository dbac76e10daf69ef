"""A settled payment is told once: the topic, what stands behind it, and the customer's e-mail."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.integration import payments, settlement
from tests.integration.platform import Platform, Region, eventually

TOLD_SECONDS = 90
KEY_RECORDS = 3


def mails(platform: Platform, address: str) -> list[dict[str, Any]]:
    """What the embedded SES has sent to an address."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{platform.emulator.endpoint}/_ministack/ses/messages", timeout=10) as answer:
        accounts = json.load(answer)["messages"]
    return [mail for sent in accounts.values() for mail in sent if mail["To"] == [address]]


def settled(platform: Platform, region: Region, address: str) -> dict[str, Any]:
    """A payment that was sent to a region and is settled, whoever did it."""
    payment = payments.content(customer={"reference": "customer-7", "email": address})
    assert platform.send(region, json.dumps(payment)).status == 202
    found = eventually(
        lambda: platform.read(region, payment["id"]).content.get("status"),
        lambda status: status == "settled",
        within=240,
    )
    assert found == "settled"
    return payment


def dead_letters(platform: Platform, region: Region) -> tuple[str, dict[str, str]]:
    """URL and attributes of the queue of events that nobody took."""
    sqs, name = platform.client("sqs", region), platform.settings.naming.name("settled-dead", region.host.split(".")[0])
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_the_topic_is_encrypted_and_refuses_plain_connections(platform: Platform, region: Region) -> None:
    topic = platform.client("sns", region).get_topic_attributes(TopicArn=region.outputs["events_topic_arn"])
    (refusal,) = json.loads(topic["Attributes"]["Policy"])["Statement"]

    assert topic["Attributes"]["KmsMasterKeyId"] == platform.shared["key_arns"][region.name]
    assert (refusal["Effect"], refusal["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_notifier_is_subscribed_and_what_it_does_not_take_is_kept_aside(platform: Platform, region: Region) -> None:
    sns, functions = platform.client("sns", region), platform.client("lambda", region)
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=region.outputs["events_topic_arn"])["Subscriptions"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"]
    failures = functions.get_function_event_invoke_config(FunctionName=region.outputs["functions"]["notifier"])
    _, dead = dead_letters(platform, region)

    assert subscription["Endpoint"].endswith(f":function:{region.outputs['functions']['notifier']}")
    assert json.loads(attributes["RedrivePolicy"]) == {"deadLetterTargetArn": dead["QueueArn"]}
    assert failures["DestinationConfig"]["OnFailure"] == {"Destination": dead["QueueArn"]}
    assert failures["MaximumRetryAttempts"] == 2
    assert dead["KmsMasterKeyId"] == platform.shared["key_arns"][region.name]


def test_the_domain_publishes_the_keys_with_which_the_region_signs(platform: Platform, region: Region) -> None:
    domain = platform.settings.environment_domain
    signing = platform.client("sesv2", region).get_email_identity(EmailIdentity=domain)["DkimAttributes"]
    pages = platform.client("route53", region).get_paginator("list_resource_record_sets")
    records = {
        record["Name"].rstrip("."): [value["Value"] for value in record.get("ResourceRecords", [])]
        for page in pages.paginate(HostedZoneId=platform.shared["zone_id"])
        for record in page["ResourceRecordSets"]
    }

    assert len(signing["Tokens"]) == KEY_RECORDS
    for token in signing["Tokens"]:
        assert records[f"{token}._domainkey.{domain}"] == [f"{token}.dkim.amazonses.com"]
    assert "p=reject" in records[f"_dmarc.{domain}"][0]


@pytest.mark.embedded_only
class TestTheCustomer:
    """What SES was told to send."""

    def test_is_told_once_by_the_active_region(self, platform: Platform, region: Region) -> None:
        address = f"{payments.new_id()}@customer.example"
        payment = settled(platform, region, address)
        found = eventually(lambda: mails(platform, address), bool, within=TOLD_SECONDS)

        (mail,) = found
        assert mail["Source"] == f"payments@{platform.settings.environment_domain}"
        assert payment["id"] in mail["BodyText"]

        settlement.enqueue(platform, platform.primary, payment["id"])
        event = settlement.delivery(platform.primary, payment["id"])
        assert settlement.invoke(platform, platform.primary, "processor", event) == {"batchItemFailures": []}
        assert len(mails(platform, address)) == 1

    def test_an_event_that_nobody_can_read_ends_among_the_dead_letters(
        self, platform: Platform, region: Region
    ) -> None:
        sqs, (url, _) = platform.client("sqs", region), dead_letters(platform, region)
        unreadable = json.dumps({"nobody reads": payments.new_id()})
        platform.client("sns", region).publish(TopicArn=region.outputs["events_topic_arn"], Message=unreadable)

        def taken() -> list[str]:
            """What others have left there is taken with it: tests take the notifier's permissions away."""
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            for message in found:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            dead = [json.loads(message["Body"])["requestPayload"] for message in found]
            return [record["Sns"]["Message"] for payload in dead for record in payload["Records"]]

        assert eventually(taken, lambda seen: unreadable in seen, within=TOLD_SECONDS).count(unreadable) == 1
