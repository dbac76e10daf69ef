"""Route 53 health checks, and changes that nobody needs to wait for."""

from typing import Any

from tests.unit.embedded.clouds import Cloud, closes, unique


def health_check(cloud: Cloud, **settings: Any) -> Any:
    route53 = cloud.client("route53")
    created = route53.create_health_check(CallerReference=unique("check"), HealthCheckConfig=settings)
    return route53.get_health_check(HealthCheckId=created["HealthCheck"]["Id"])["HealthCheck"]


@closes("health_check_lists")
class TestAHealthCheck:
    def test_knows_the_regions_that_check(self, cloud: Cloud) -> None:
        regions = ["us-east-1", "us-west-1", "eu-west-1"]
        check = health_check(
            cloud, Type="HTTPS", FullyQualifiedDomainName="use1.dev.tap.example", RequestInterval=30, Regions=regions
        )
        assert check["HealthCheckConfig"]["Regions"] == regions

    def test_knows_its_children(self, cloud: Cloud) -> None:
        child = health_check(cloud, Type="HTTPS", FullyQualifiedDomainName="usw2.dev.tap.example", Inverted=True)
        parent = health_check(cloud, Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[child["Id"]])
        assert parent["HealthCheckConfig"]["ChildHealthChecks"] == [child["Id"]]


@closes("health_check_booleans")
def test_an_inverted_check_says_so(cloud: Cloud) -> None:
    check = health_check(cloud, Type="HTTPS", FullyQualifiedDomainName="usw2.dev.tap.example", Inverted=True)
    assert check["HealthCheckConfig"]["Inverted"] is True


@closes("no_wait_after_changes")
def test_a_change_leaves_nothing_to_wait_for(cloud: Cloud) -> None:
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name=f"{unique('zone')}.example", CallerReference=unique("zone"))
    record = {"Name": "a.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}

    changed = route53.change_resource_record_sets(HostedZoneId=zone["HostedZone"]["Id"], ChangeBatch=batch)

    assert "ChangeInfo" not in changed
    records = route53.list_resource_record_sets(HostedZoneId=zone["HostedZone"]["Id"])["ResourceRecordSets"]
    assert "a.example." in [each["Name"] for each in records]


@closes("dnssec_status")
def test_a_zone_answers_that_it_is_not_signed(cloud: Cloud) -> None:
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name=f"{unique('zone')}.example", CallerReference=unique("zone"))
    answer = route53.get_dnssec(HostedZoneId=zone["HostedZone"]["Id"])
    assert answer["Status"]["ServeSignature"] == "NOT_SIGNING"
