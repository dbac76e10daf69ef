"""WAF: an ACL's log, and what it was given."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.embedded.clouds import Cloud, closes, unique

VISIBLE = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True, "MetricName": "acl"}
TOO_MANY = {"busy": {"ContentType": "APPLICATION_JSON", "Content": "{}"}}
DESTINATION = "arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-lab"


def web_acl(cloud: Cloud, **properties: Any) -> dict[str, Any]:
    created = cloud.client("wafv2").create_web_acl(
        Name=unique("acl"), Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBLE, **properties
    )
    summary: dict[str, Any] = created["Summary"]
    return summary


@closes("web_acl_logging")
class TestTheLogOfAWebAcl:
    def test_is_where_it_was_put_without_what_is_redacted(self, cloud: Cloud) -> None:
        waf, acl = cloud.client("wafv2"), web_acl(cloud)
        configuration = {
            "ResourceArn": acl["ARN"],
            "LogDestinationConfigs": [DESTINATION],
            "RedactedFields": [{"SingleHeader": {"Name": "tap-signature"}}],
        }
        waf.put_logging_configuration(LoggingConfiguration=configuration)
        assert waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"] == configuration
        assert configuration in waf.list_logging_configurations(Scope="REGIONAL")["LoggingConfigurations"]

    def test_is_gone_once_it_was_deleted(self, cloud: Cloud) -> None:
        waf, acl = cloud.client("wafv2"), web_acl(cloud)
        waf.put_logging_configuration(
            LoggingConfiguration={"ResourceArn": acl["ARN"], "LogDestinationConfigs": [DESTINATION]}
        )
        waf.delete_logging_configuration(ResourceArn=acl["ARN"])
        with pytest.raises(ClientError, match="WAFNonexistentItemException"):
            waf.get_logging_configuration(ResourceArn=acl["ARN"])


@closes("web_acl_texts")
class TestAWebAcl:
    def test_knows_its_own_answers(self, cloud: Cloud) -> None:
        waf, acl = cloud.client("wafv2"), web_acl(cloud, CustomResponseBodies=TOO_MANY)
        found = waf.get_web_acl(Id=acl["Id"], Name=acl["Name"], Scope="REGIONAL")
        assert found["WebACL"]["CustomResponseBodies"] == TOO_MANY

    def test_is_described_as_the_last_update_says(self, cloud: Cloud) -> None:
        waf, acl = cloud.client("wafv2"), web_acl(cloud, Description="old")
        waf.update_web_acl(
            Id=acl["Id"],
            Name=acl["Name"],
            Scope="REGIONAL",
            LockToken=acl["LockToken"],
            DefaultAction={"Allow": {}},
            VisibilityConfig=VISIBLE,
            Description="new",
            CustomResponseBodies=TOO_MANY,
        )
        found = waf.get_web_acl(Id=acl["Id"], Name=acl["Name"], Scope="REGIONAL")["WebACL"]
        assert (found["Description"], found["CustomResponseBodies"]) == ("new", TOO_MANY)
