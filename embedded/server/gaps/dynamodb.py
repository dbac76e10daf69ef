"""DynamoDB: the key of each replica of a global table."""

from typing import Any

from embedded.server.patching import Service, around, gap


@gap("services.dynamodb", "_apply_replica_updates", "_tables", "_sse_description_from_spec", "get_account_id")
def replica_key_stored(dynamodb: Service) -> None:
    """A replica takes over the encryption of the first table, whose key lives in another region."""

    @around(dynamodb, "_apply_replica_updates")
    def apply(original: Any, name: str, table: dict[str, Any], updates: list[dict[str, Any]]) -> Any:
        refused = original(name, table, updates)
        if refused is not None:
            return refused
        for update in updates:
            action, settings = next(iter(update.items()))
            key = settings.get("KMSMasterKeyId")
            replica = dynamodb._tables.get_scoped(dynamodb.get_account_id(), settings.get("RegionName"), name)
            if replica is not None and key:
                specification = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
                replica["SSEDescription"] = dynamodb._sse_description_from_spec(specification)
                replica["_replica_key"] = key
            elif replica is not None and action == "Create":
                replica.pop("SSEDescription", None)
        return None


@gap("services.dynamodb", "_table_description", "_tables", "get_account_id")
def replica_key_described(dynamodb: Service) -> None:
    """DescribeTable shows no replica's key, so that the provider makes the replica again with every apply."""

    @around(dynamodb, "_table_description")
    def describe(original: Any, name: str) -> dict[str, Any]:
        description: dict[str, Any] = original(name)
        for replica in description.get("Replicas", []):
            table = dynamodb._tables.get_scoped(dynamodb.get_account_id(), replica["RegionName"], name) or {}
            if table.get("_replica_key"):
                replica["KMSMasterKeyId"] = table["_replica_key"]
        return description
