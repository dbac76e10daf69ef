"""RDS: Aurora endpoints without containers, log exports, Performance Insights, the global writer endpoint."""

from typing import Any

from embedded.server.patching import Answer, Service, around, gap, text

_LOGS = "EnabledCloudwatchLogsExports"


@gap("services.rds", "_start_cluster_shared_container")
def cluster_endpoint_without_docker(rds: Service) -> None:
    """Without Docker a cluster's endpoint becomes ``localhost`` with its first instance; it keeps what it was given."""

    @around(rds, "_start_cluster_shared_container")
    def start(original: Any, cluster_id: str, cluster: dict[str, Any], remove_stale: bool = False) -> Any:
        given = {name: cluster[name] for name in ("Endpoint", "ReaderEndpoint", "Port")}
        started = original(cluster_id, cluster, remove_stale)
        cluster["_shared_endpoint"].update(Address=given["Endpoint"], Port=int(given["Port"]))
        cluster["_given_reader_endpoint"] = given["ReaderEndpoint"]
        return started


@gap("services.rds", "_sync_cluster_endpoints")
def reader_endpoint_without_docker(rds: Service) -> None:
    """Without Docker a cluster's reader endpoint becomes its writer endpoint."""

    @around(rds, "_sync_cluster_endpoints")
    def sync(original: Any, cluster: dict[str, Any]) -> None:
        original(cluster)
        if cluster.get("_given_reader_endpoint"):
            cluster["ReaderEndpoint"] = cluster["_given_reader_endpoint"]


@gap("services.rds", "_attach_instance_to_shared_cluster")
def instance_endpoint(rds: Service) -> None:
    """An instance of a cluster has the cluster's endpoint, not a name of its own."""

    @around(rds, "_attach_instance_to_shared_cluster")
    def attach(original: Any, instance: dict[str, Any], cluster: dict[str, Any]) -> None:
        original(instance, cluster)
        endpoint = instance.get("Endpoint") or {}
        _, separator, domain = str(endpoint.get("Address", "")).partition(".cluster-")
        if separator:
            endpoint["Address"] = f"{instance['DBInstanceIdentifier']}.{domain}"


@gap("services.rds", "_global_cluster_xml")
def global_writer_endpoint(rds: Service) -> None:
    """A global cluster has no Endpoint. It gets the one recorded with it, else a name of AWS's form."""

    @around(rds, "_global_cluster_xml")
    def render(original: Any, cluster: dict[str, Any]) -> str:
        generated = f"{cluster['GlobalClusterResourceId'][-12:]}.global.rds.amazonaws.com"
        endpoint = cluster.get("Endpoint") or f"{cluster['GlobalClusterIdentifier']}.global-{generated}"
        return f"{original(cluster)}<Endpoint>{endpoint}</Endpoint>"


@gap("services.rds", "_ACTION_MAP[RemoveFromGlobalCluster]", "_error", "_p")
def leaving_a_global_cluster_twice(rds: Service) -> None:
    """Removing what is no member is refused with a code that the provider does not know as harmless.

    It tolerates AWS's: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RemoveFromGlobalCluster.html
    """

    @around(rds, "_ACTION_MAP[RemoveFromGlobalCluster]")
    def remove(original: Any, parameters: Any) -> Answer:
        answer: Answer = original(parameters)
        if answer[0] == 404 and "is not a member of global cluster" in text(answer[2]):
            cluster, left = (rds._p(parameters, f"{kind}Identifier") for kind in ("DbCluster", "GlobalCluster"))
            message = f"DBCluster {cluster} is not found in global cluster {left}"
            refused: Answer = rds._error("InvalidParameterValue", message, 400)
            return refused
        return answer


def _store_observability(rds: Service, parameters: Any, stored: dict[str, Any]) -> None:
    read, listed = rds._p, rds._parse_member_list
    exports = set(stored.get(_LOGS) or [])
    exports |= set(listed(parameters, "EnableCloudwatchLogsExports"))
    exports |= set(listed(parameters, "CloudwatchLogsExportConfiguration.EnableLogTypes"))
    exports -= set(listed(parameters, "CloudwatchLogsExportConfiguration.DisableLogTypes"))
    stored[_LOGS] = sorted(exports)
    if read(parameters, "EnablePerformanceInsights"):
        stored["PerformanceInsightsEnabled"] = read(parameters, "EnablePerformanceInsights") == "true"
    for name in ("PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod", "MonitoringRoleArn"):
        if read(parameters, name):
            stored[name] = read(parameters, name)


@gap(
    "services.rds",
    *(f"_ACTION_MAP[{verb}DB{kind}]" for verb in ("Create", "Modify") for kind in ("Cluster", "Instance")),
    *("_clusters", "_instances", "_p", "_parse_member_list"),
)
def observability_stored(rds: Service) -> None:
    """Log exports and the key of Performance Insights are dropped, for clusters and for instances."""

    def store(action: str, resources: Any, identifier: str) -> None:
        @around(rds, f"_ACTION_MAP[{action}]")
        def handle(original: Any, parameters: Any) -> Any:
            answer = original(parameters)
            stored = resources.get(rds._p(parameters, identifier))
            if stored is not None and answer[0] == 200:
                _store_observability(rds, parameters, stored)
            return answer

    for verb in ("Create", "Modify"):
        store(f"{verb}DBCluster", rds._clusters, "DBClusterIdentifier")
        store(f"{verb}DBInstance", rds._instances, "DBInstanceIdentifier")


def _observability_xml(stored: dict[str, Any]) -> str:
    exports = "".join(f"<member>{name}</member>" for name in stored.get(_LOGS) or [])
    key = stored.get("PerformanceInsightsKMSKeyId")
    key_xml = f"<PerformanceInsightsKMSKeyId>{key}</PerformanceInsightsKMSKeyId>" if key else ""
    return f"<{_LOGS}>{exports}</{_LOGS}>{key_xml}"


@gap("services.rds", "_cluster_xml")
def cluster_observability_described(rds: Service) -> None:
    """A cluster's log exports and Performance Insights are not shown."""

    @around(rds, "_cluster_xml")
    def render(original: Any, cluster: dict[str, Any]) -> str:
        enabled = cluster.get("PerformanceInsightsEnabled")
        retention = cluster.get("PerformanceInsightsRetentionPeriod", 7)
        insights = f"<PerformanceInsightsEnabled>{str(bool(enabled)).lower()}</PerformanceInsightsEnabled>" + (
            f"<PerformanceInsightsRetentionPeriod>{retention}</PerformanceInsightsRetentionPeriod>" if enabled else ""
        )
        return f"{original(cluster)}{insights}{_observability_xml(cluster)}"


@gap("services.rds", "_instance_xml")
def instance_observability_described(rds: Service) -> None:
    """An instance's log exports and the key of its Performance Insights are not shown."""

    @around(rds, "_instance_xml")
    def render(original: Any, instance: dict[str, Any]) -> str:
        xml: str = original(instance)
        return xml.replace(f"<{_LOGS}/>", _observability_xml(instance))
