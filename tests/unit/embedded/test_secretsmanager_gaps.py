"""Secrets with a replica in the other region."""

from typing import Any

import pytest

from tests.unit.embedded.clouds import EAST, WEST, Cloud, closes, unique

WEST_KEY = f"arn:aws:kms:{WEST}:000000000000:key/mrk-1"


def replicated_secret(cloud: Cloud) -> tuple[str, Any]:
    name = unique("signing")
    replica = {"Region": WEST, "KmsKeyId": WEST_KEY}
    created = cloud.client("secretsmanager").create_secret(Name=name, SecretString="first", AddReplicaRegions=[replica])
    return name, created


@closes("replicas_at_create")
class TestASecretCreatedWithAReplica:
    def test_is_in_sync_at_once(self, cloud: Cloud) -> None:
        _, created = replicated_secret(cloud)
        (status,) = created["ReplicationStatus"]
        assert (status["Region"], status["Status"], status["KmsKeyId"]) == (WEST, "InSync", WEST_KEY)

    def test_has_the_same_version_and_value_in_both_regions_after_a_change(self, cloud: Cloud) -> None:
        name, _ = replicated_secret(cloud)
        version = cloud.client("secretsmanager").put_secret_value(SecretId=name, SecretString="second")["VersionId"]
        there = cloud.client("secretsmanager", WEST).get_secret_value(SecretId=name)
        assert (there["VersionId"], there["SecretString"]) == (version, "second")

    def test_is_encrypted_with_the_other_region_s_key_there(self, cloud: Cloud) -> None:
        name, _ = replicated_secret(cloud)
        assert cloud.client("secretsmanager", WEST).describe_secret(SecretId=name)["KmsKeyId"] == WEST_KEY


@closes("no_version_without_value")
def test_a_secret_without_a_value_has_no_version(cloud: Cloud) -> None:
    secrets, name = cloud.client("secretsmanager"), unique("empty")
    assert "VersionId" not in secrets.create_secret(Name=name)
    first = secrets.put_secret_value(SecretId=name, SecretString="first")["VersionId"]
    assert secrets.describe_secret(SecretId=name)["VersionIdsToStages"] == {first: ["AWSCURRENT"]}


@closes("remove_replicas")
def test_a_replica_can_be_removed(cloud: Cloud) -> None:
    name = unique("signing")
    here, there = cloud.client("secretsmanager"), cloud.client("secretsmanager", WEST)
    here.create_secret(Name=name, SecretString="first")
    here.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": WEST}])

    answer = here.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[WEST])

    assert answer["ReplicationStatus"] == []
    with pytest.raises(there.exceptions.ResourceNotFoundException):
        there.describe_secret(SecretId=name)
    assert here.get_secret_value(SecretId=name)["SecretString"] == "first"
    assert here.meta.region_name == EAST
