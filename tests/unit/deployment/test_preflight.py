"""The preflight: all that is missing on an account, at once, each with its remedy."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from deployment import bootstrap, preflight
from deployment.aws import client
from deployment.errors import MissingError
from lib.settings import Settings


@pytest.fixture
def ready(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings and an account that lack nothing.

    The world's DNS is what a test says it is, and so are the quotas: the emulator has no Service Quotas.
    """
    route53 = client("route53", "us-east-1")
    zone = route53.create_hosted_zone(Name="pay.example.org", CallerReference=str(uuid.uuid4()))
    published = {name.lower().rstrip(".") for name in zone["DelegationSet"]["NameServers"]}
    monkeypatch.setattr(preflight, "name_servers", lambda _domain: published)
    monkeypatch.setattr(preflight, "_limit", lambda _region, quota: 10 * quota.needed)
    identifier = zone["HostedZone"]["Id"].rpartition("/")[2]
    changes = {"domain": "pay.example.org", "hosted_zone_id": identifier, "alert_emails": ("ops@example.org",)}
    chosen = settings.model_copy(update=changes)
    bootstrap.run(chosen, lambda _line: None, real=False)
    yield chosen
    route53.delete_hosted_zone(Id=identifier)


def missing(settings: Settings) -> str:
    """Everything that the preflight names."""
    return "\n".join(f"{gap.what} -> {gap.remedy}" for gap in preflight.missing(settings))


def test_an_account_that_lacks_nothing_is_ready(ready: Settings) -> None:
    assert missing(ready) == ""
    preflight.require(ready)


def test_the_defaults_of_the_embedded_target_are_refused_together(settings: Settings) -> None:
    with pytest.raises(MissingError) as refused:
        preflight.require(settings)
    for part in ("TAP_DOMAIN", "TAP_HOSTED_ZONE_ID", "TAP_ALERT_EMAILS", "nothing was done"):
        assert part in str(refused.value)
    assert refused.value.code == 2


def test_credentials_of_another_account_are_refused(ready: Settings) -> None:
    other = ready.model_copy(update={"account_id": "111122223333"})
    assert "set TAP_ACCOUNT_ID=000000000000" in missing(other)
    with pytest.raises(MissingError):
        preflight.require_account(other)


def test_without_an_account_that_answers_the_settings_are_still_judged(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    said = missing(settings)
    assert "no working AWS credentials" in said
    assert "TAP_DOMAIN" in said


def test_a_zone_that_is_not_there_is_named(ready: Settings) -> None:
    assert "no hosted zone Z0GONE" in missing(ready.model_copy(update={"hosted_zone_id": "Z0GONE"}))


def test_a_zone_of_another_domain_is_named(ready: Settings) -> None:
    assert "the names lie below" in missing(ready.model_copy(update={"domain": "other.example.org"}))


def test_a_zone_that_the_world_does_not_find_is_named(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "name_servers", lambda _domain: {"ns1.registrar.example"})
    said = missing(ready)
    assert "not delegated" in said
    assert "ns1.registrar.example" in said


def test_a_missing_state_bucket_leads_to_bootstrap(ready: Settings) -> None:
    said = missing(ready.model_copy(update={"state_bucket": "nobody-made-this-one"}))
    assert "nobody-made-this-one" in said
    assert "make bootstrap TARGET=aws" in said


def test_quotas_that_are_too_small_are_named_with_the_command_that_raises_them(
    ready: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "_limit", lambda _region, quota: quota.needed - 1)
    said = missing(ready)
    for name, code in (("Elastic IPs", "L-0263D0A3"), ("Lambda concurrency", "L-B99A9384"), ("VPCs", "L-F678F1CE")):
        for region in ("us-east-1", "us-west-2"):
            assert f"{region}: {name}" in said
            assert f"--region {region} --service-code" in said
        assert code in said


def test_what_an_earlier_deploy_of_the_same_suffix_made_is_not_counted_against_it(ready: Settings) -> None:
    ec2 = client("ec2", ready.primary_region)
    before = preflight._networks(ready.primary_region, ready.environment_suffix)
    tags = [{"Key": "Environment", "Value": ready.environment_suffix}]
    made = [
        ec2.create_vpc(CidrBlock="10.99.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}]),
        ec2.create_vpc(CidrBlock="10.98.0.0/16"),
    ]
    try:
        assert preflight._networks(ready.primary_region, ready.environment_suffix) == before + 1
    finally:
        for answer in made:
            ec2.delete_vpc(VpcId=answer["Vpc"]["VpcId"])


def test_what_may_not_be_looked_at_is_a_gap_and_not_a_pass(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_region: str, _quota: object) -> int:
        answer = {"Error": {"Code": "AccessDeniedException", "Message": "no servicequotas:GetServiceQuota"}}
        raise ClientError(answer, "GetServiceQuota")

    monkeypatch.setattr(preflight, "_limit", denied)
    assert "the quotas could not be looked at" in missing(ready)
    assert "no servicequotas:GetServiceQuota" in missing(ready)
