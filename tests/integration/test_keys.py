"""The platform's multi-Region key and its replica."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.platform import Platform, Region


def metadata(platform: Platform, region: Region) -> dict[str, Any]:
    found = platform.client("kms", region).describe_key(KeyId=platform.shared["key_arns"][region.name])
    described: dict[str, Any] = found["KeyMetadata"]
    return described


def policy(platform: Platform, region: Region) -> dict[str, Any]:
    found = platform.client("kms", region).get_key_policy(
        KeyId=platform.shared["key_arns"][region.name], PolicyName="default"
    )
    document: dict[str, Any] = json.loads(found["Policy"])
    return document


def test_the_standby_has_a_replica_of_the_primarys_key(platform: Platform) -> None:
    home, replica = metadata(platform, platform.primary), metadata(platform, platform.standby)

    assert home["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    assert replica["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    assert replica["MultiRegionConfiguration"]["PrimaryKey"]["Arn"] == home["Arn"]
    assert home["KeyId"] == replica["KeyId"]


def test_it_is_enabled(platform: Platform, region: Region) -> None:
    assert metadata(platform, region)["KeyState"] == "Enabled"


def test_its_material_rotates(platform: Platform) -> None:
    """Rotation is set on the primary key, and shared with its replicas."""
    arn = platform.shared["key_arns"][platform.primary.name]

    assert platform.client("kms", platform.primary).get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]


def test_both_have_the_same_policy(platform: Platform) -> None:
    assert policy(platform, platform.primary) == policy(platform, platform.standby)


def test_the_policy_names_every_action(platform: Platform, region: Region) -> None:
    for statement in policy(platform, region)["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action], statement
        assert statement["Principal"] != "*"


def test_what_one_region_encrypts_the_other_decrypts(platform: Platform, region: Region, peer: Region) -> None:
    """The account's administrators may; what a failover relies on is that the material is the same."""
    secret = platform.client("kms", region).encrypt(
        KeyId=platform.shared["key_arns"][region.name], Plaintext=b"in both regions"
    )["CiphertextBlob"]

    plain = platform.client("kms", peer).decrypt(KeyId=platform.shared["key_arns"][peer.name], CiphertextBlob=secret)[
        "Plaintext"
    ]

    assert plain == b"in both regions"


def test_an_alias_leads_to_it(platform: Platform, region: Region) -> None:
    pages = platform.client("kms", region).get_paginator("list_aliases").paginate()
    targets = {alias["AliasName"]: alias.get("TargetKeyId") for page in pages for alias in page["Aliases"]}
    name = platform.settings.naming.name("platform", region.host.partition(".")[0])

    assert targets[f"alias/{name}"] == metadata(platform, region)["KeyId"]
