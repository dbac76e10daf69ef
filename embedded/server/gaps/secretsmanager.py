"""Secrets Manager: replicas."""

import json
from typing import Any

from embedded.server.patching import Answer, Service, around, gap, text


@gap("services.secretsmanager", "_create_secret", "_replicate_secret_to_regions")
def replicas_at_create(secrets: Service) -> None:
    """CreateSecret ignores AddReplicaRegions."""

    @around(secrets, "_create_secret")
    def create(original: Any, data: dict[str, Any]) -> Answer:
        status, headers, body = original(data)
        if status == 200 and data.get("AddReplicaRegions"):
            replicate = {
                "SecretId": data["Name"],
                "AddReplicaRegions": data["AddReplicaRegions"],
                "ForceOverwriteReplicaSecret": data.get("ForceOverwriteReplicaSecret", False),
            }
            replicated = secrets._replicate_secret_to_regions(replicate)
            if replicated[0] != 200:
                secrets._secrets.pop(data["Name"], None)
                return replicated  # type: ignore[no-any-return]
            output = json.loads(text(body))
            output["ReplicationStatus"] = json.loads(text(replicated[2]))["ReplicationStatus"]
            body = json.dumps(output).encode()
        return status, headers, body


@gap("services.secretsmanager", "_create_secret", "_secrets")
def no_version_without_value(secrets: Service) -> None:
    """A secret made without a value gets an empty version, which its first value then turns into AWSPREVIOUS."""

    @around(secrets, "_create_secret")
    def create(original: Any, data: dict[str, Any]) -> Answer:
        status, headers, body = original(data)
        if status == 200 and not (data.get("SecretString") or data.get("SecretBinary")):
            secrets._secrets[data["Name"]]["Versions"].clear()
            output = json.loads(text(body))
            del output["VersionId"]
            body = json.dumps(output).encode()
        return status, headers, body


@gap(
    "services.secretsmanager", "handle_request", "_resolve", "_delete_replicas", "json_response", "error_response_json"
)
def remove_replicas(secrets: Service) -> None:
    """RemoveRegionsFromReplication is unknown, so that no secret with a replica can be destroyed."""

    def remove(data: dict[str, Any]) -> Answer:
        _, secret = secrets._resolve(data["SecretId"])
        if not secret:
            message = "Secrets Manager can't find the specified secret."
            return secrets.error_response_json("ResourceNotFoundException", message, 400)  # type: ignore[no-any-return]
        regions = set(data.get("RemoveReplicaRegions", []))
        statuses = secret.get("ReplicationStatus", [])
        secrets._delete_replicas(
            {**secret, "ReplicationStatus": [each for each in statuses if each["Region"] in regions]}
        )
        secret["ReplicationStatus"] = [each for each in statuses if each["Region"] not in regions]
        output = {"ARN": secret["ARN"], "ReplicationStatus": secret["ReplicationStatus"]}
        return secrets.json_response(output)  # type: ignore[no-any-return]

    @around(secrets, "handle_request")
    async def handle_request(
        original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        if headers.get("x-amz-target", "").endswith(".RemoveRegionsFromReplication"):
            return remove(json.loads(body))
        answer: Answer = await original(method, path, headers, body, query)
        return answer
