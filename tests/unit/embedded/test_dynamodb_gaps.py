"""Global tables: each replica with the key of its own region."""

from typing import Any

from tests.unit.embedded.clouds import EAST, WEST, Cloud, closes, unique

EAST_KEY = f"arn:aws:kms:{EAST}:000000000000:key/mrk-1"
WEST_KEY = f"arn:aws:kms:{WEST}:000000000000:key/mrk-1"


def global_table(cloud: Cloud) -> tuple[str, Any]:
    name = unique("sessions")
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": EAST_KEY},
    )
    replica = {"Create": {"RegionName": WEST, "KMSMasterKeyId": WEST_KEY}}
    dynamodb.update_table(TableName=name, ReplicaUpdates=[replica])
    return name, dynamodb.describe_table(TableName=name)["Table"]


@closes("replica_key_described")
def test_a_table_names_the_key_of_its_replica(cloud: Cloud) -> None:
    _, table = global_table(cloud)
    (replica,) = table["Replicas"]
    assert replica["KMSMasterKeyId"] == WEST_KEY
    assert table["SSEDescription"]["KMSMasterKeyArn"] == EAST_KEY


@closes("replica_key_stored")
def test_a_replica_is_encrypted_with_its_own_region_s_key(cloud: Cloud) -> None:
    name, _ = global_table(cloud)
    replica = cloud.client("dynamodb", WEST).describe_table(TableName=name)["Table"]
    assert replica["SSEDescription"]["KMSMasterKeyArn"] == WEST_KEY
