"""Cloud Control: resources that other services hold."""

import importlib
import json
import re
from typing import Any

from embedded.server.patching import Service, around, gap

_ENDPOINT = re.compile(r"<Endpoint>(.*?)</Endpoint>")


@gap(
    "services.cloudcontrol",
    *("_get_resource", "json_response"),
    *("services.rds:_resolve_global_cluster", "services.rds:_global_cluster_xml"),
)
def global_clusters(cloudcontrol: Service) -> None:
    """Only what Cloud Control itself created can be read; a global cluster of RDS cannot."""

    @around(cloudcontrol, "_get_resource")
    def get(original: Any, request: dict[str, Any]) -> Any:
        if request.get("TypeName") != "AWS::RDS::GlobalCluster":
            return original(request)
        rds = importlib.import_module("ministack.services.rds")
        cluster = rds._resolve_global_cluster(request["Identifier"])
        if cluster is None:
            return original(request)
        endpoint = _ENDPOINT.search(rds._global_cluster_xml(cluster))
        properties = {
            "GlobalClusterIdentifier": cluster["GlobalClusterIdentifier"],
            "Engine": cluster.get("Engine"),
            "EngineVersion": cluster.get("EngineVersion"),
            "StorageEncrypted": bool(cluster.get("StorageEncrypted")),
            "GlobalEndpoint": {"Address": endpoint[1] if endpoint else ""},
        }
        description = {"Identifier": request["Identifier"], "Properties": json.dumps(properties)}
        return cloudcontrol.json_response({"TypeName": request["TypeName"], "ResourceDescription": description})
