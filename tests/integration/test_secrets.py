"""The three secrets: generated, encrypted, and the same in both regions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.platform import Platform, Region, eventually

IN_SYNC_SECONDS = 300
SECRETS = {"signing_secret_arns": "key", "database_secret_arns": "password", "master_secret_arns": "password"}


@pytest.fixture(params=SECRETS)
def arns(request: pytest.FixtureRequest, platform: Platform) -> dict[str, str]:
    """The ARNs of each secret by region, in turn."""
    found: dict[str, str] = platform.shared[request.param]
    return found


def description(platform: Platform, region: Region, arns: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = platform.client("secretsmanager", region).describe_secret(SecretId=arns[region.name])
    return found


def test_the_replica_is_in_sync(platform: Platform, arns: dict[str, str]) -> None:
    def replicas() -> list[tuple[str, str]]:
        found = description(platform, platform.primary, arns)["ReplicationStatus"]
        return [(replica["Region"], replica["Status"]) for replica in found]

    wanted = [(platform.standby.name, "InSync")]
    assert eventually(replicas, lambda seen: seen == wanted, within=IN_SYNC_SECONDS) == wanted


def test_both_regions_have_the_same_version(platform: Platform, arns: dict[str, str]) -> None:
    def versions() -> set[str]:
        return {
            platform.client("secretsmanager", region).get_secret_value(SecretId=arns[region.name])["VersionId"]
            for region in platform.regions.values()
        }

    assert len(eventually(versions, lambda seen: len(seen) == 1, within=IN_SYNC_SECONDS)) == 1


def test_both_regions_have_the_same_value(platform: Platform, arns: dict[str, str]) -> None:
    def fingerprints() -> set[str]:
        return {platform.secret(arns, region).fingerprint for region in platform.regions.values()}

    assert len(eventually(fingerprints, lambda seen: len(seen) == 1, within=IN_SYNC_SECONDS)) == 1


def test_each_region_encrypts_it_with_its_own_key(platform: Platform, region: Region, arns: dict[str, str]) -> None:
    assert description(platform, region, arns)["KmsKeyId"] == platform.shared["key_arns"][region.name]


def test_every_value_is_long_and_its_own(platform: Platform) -> None:
    values = [platform.secret(platform.shared[name], platform.primary).field(field) for name, field in SECRETS.items()]
    # Judged before the assertions, whose messages would show the values.
    shortest, plain, different = min(map(len, values)), all(value.isalnum() for value in values), len(set(values))

    assert shortest >= 32
    assert plain, "a value would need quoting somewhere"
    assert different == len(SECRETS), "two secrets share a value"
