"""What wakes the people on call, in each region."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.integration.platform import Platform, Region

LAG_MS = 1000
WATCHED = {
    ("AWS/RDS", "AuroraGlobalDBReplicationLag"),
    ("AWS/CertificateManager", "DaysToExpiry"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Throttles"),
    ("AWS/DynamoDB", "ReadThrottleEvents"),
    ("AWS/DynamoDB", "WriteThrottleEvents"),
    ("AWS/DynamoDB", "ReplicationLatency"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    ("tap", "NotEnqueued"),
    ("tap", "PaymentConflict"),
    ("tap", "StaleEpoch"),
    ("tap", "OldestUnsettledSeconds"),
    ("tap", "ConsumerDiffers"),
    ("tap", "PeerHealthy"),
}
OF_THE_INGRESS = {
    "api-gateway": {("AWS/ApiGateway", "5XXError")},
    "load-balancer": {
        ("AWS/ApplicationELB", name)
        for name in ("HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count", "RejectedConnectionCount")
    },
}


def alarms(platform: Platform, region: Region) -> list[dict[str, Any]]:
    pages = platform.client("cloudwatch", region).get_paginator("describe_alarms")
    names = region.outputs["alarm_names"]
    return [alarm for page in pages.paginate(AlarmNames=names) for alarm in page["MetricAlarms"]]


def watched(platform: Platform, region: Region) -> Counter[tuple[str, str]]:
    return Counter((alarm["Namespace"], alarm["MetricName"]) for alarm in alarms(platform, region))


def dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}


def test_our_own_metrics_are_read_with_the_dimensions_that_the_functions_give_them(
    platform: Platform, region: Region
) -> None:
    services = platform.client("lambda", region)
    for alarm in alarms(platform, region):
        if not alarm["Namespace"].startswith("AWS/"):
            function = region.outputs["functions"][dimensions(alarm)["service"]]
            told = services.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
            assert alarm["Namespace"] == told["POWERTOOLS_METRICS_NAMESPACE"]
            assert dimensions(alarm) == {
                "service": told["POWERTOOLS_SERVICE_NAME"],
                "environment": told["ENVIRONMENT_SUFFIX"],
            }


def test_every_alarm_of_the_outputs_is_there(platform: Platform, region: Region) -> None:
    assert sorted(alarm["AlarmName"] for alarm in alarms(platform, region)) == sorted(region.outputs["alarm_names"])


def test_everything_that_can_fail_is_watched(platform: Platform, region: Region) -> None:
    assert set(watched(platform, region)) >= WATCHED | OF_THE_INGRESS[platform.settings.ingress]


def test_every_function_is_watched_for_errors_and_throttles(platform: Platform, region: Region) -> None:
    for metric in ("Errors", "Throttles"):
        functions = {dimensions(a)["FunctionName"] for a in alarms(platform, region) if a["MetricName"] == metric}
        assert functions == set(region.outputs["functions"].values())


def test_both_regions_watch_the_same(platform: Platform) -> None:
    assert watched(platform, platform.primary) == watched(platform, platform.standby)


def test_every_alarm_acts_on_the_regions_own_topic(platform: Platform, region: Region) -> None:
    for alarm in alarms(platform, region):
        assert alarm["ActionsEnabled"] is True
        assert alarm["AlarmActions"] == [region.outputs["alarm_topic_arn"]], alarm["AlarmName"]
        assert alarm["AlarmActions"][0].split(":")[3] == region.name


def test_the_lag_of_the_ledger_alarms_in_whichever_region_reads(
    platform: Platform, region: Region, peer: Region
) -> None:
    (alarm,) = (a for a in alarms(platform, region) if a["MetricName"] == "AuroraGlobalDBReplicationLag")

    assert alarm["Threshold"] == LAG_MS
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert dimensions(alarm) == {"DBClusterIdentifier": region.outputs["cluster_id"], "SourceRegion": peer.name}
    assert region.outputs["alarm_topic_arn"] in alarm["InsufficientDataActions"], "silence must be heard"


def test_an_unhealthy_region_alarms_where_route_53_reports(platform: Platform) -> None:
    for resource, side in (("primary-health", platform.primary), ("standby-health", platform.standby)):
        name = platform.settings.naming.name(resource, "use1")
        found = platform.client("cloudwatch", "us-east-1").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        verdict = platform.routing["health_check_ids"][side.host.partition(".")[0]]

        assert [dimensions(alarm) for alarm in found] == [{"HealthCheckId": verdict}]
        assert found[0]["AlarmActions"]


def test_the_topic_is_encrypted_and_mails_everybody_on_call(platform: Platform, region: Region) -> None:
    sns, topic = platform.client("sns", region), region.outputs["alarm_topic_arn"]
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    mailed = {s["Endpoint"] for page in pages for s in page["Subscriptions"] if s["Protocol"] == "email"}

    assert (
        sns.get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"]
        == (platform.shared["key_arns"][region.name])
    )
    assert mailed == set(platform.settings.alert_emails)
