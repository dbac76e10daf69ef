"""Aurora: endpoints, observability, the global writer endpoint and how it is read."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.embedded.clouds import EAST, Cloud, closes, unique

KEY = f"arn:aws:kms:{EAST}:000000000000:key/mrk-1"
ENGINE = {"Engine": "aurora-postgresql", "EngineVersion": "14.17"}


@contextlib.contextmanager
def made_cluster(cloud: Cloud, **settings: Any) -> Iterator[str]:
    rds, name = cloud.client("rds"), unique("ledger")
    login = {"MasterUsername": "ledger", "MasterUserPassword": "not-a-secret"}
    rds.create_db_cluster(DBClusterIdentifier=name, DatabaseName="ledger", **ENGINE, **login, **settings)
    try:
        yield name
    finally:
        rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)


@contextlib.contextmanager
def made_instance(cloud: Cloud, cluster: str, **settings: Any) -> Iterator[Any]:
    rds, name = cloud.client("rds"), unique("instance")
    rds.create_db_instance(
        DBInstanceIdentifier=name, DBClusterIdentifier=cluster, DBInstanceClass="db.r6g.large", **ENGINE, **settings
    )
    try:
        yield rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    finally:
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def described(cloud: Cloud, cluster: str) -> Any:
    return cloud.client("rds").describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]


@pytest.fixture
def cluster(cloud: Cloud) -> Iterator[str]:
    with made_cluster(cloud) as name:
        yield name


@closes("cluster_endpoint_without_docker", "reader_endpoint_without_docker")
def test_a_cluster_keeps_its_endpoints_when_it_gets_instances(cloud: Cloud, cluster: str) -> None:
    before = described(cloud, cluster)
    with made_instance(cloud, cluster):
        after = described(cloud, cluster)
    for field in ("Endpoint", "ReaderEndpoint", "Port"):
        assert after[field] == before[field]


@closes("instance_endpoint")
def test_an_instance_is_reached_where_its_cluster_is(cloud: Cloud, cluster: str) -> None:
    with made_instance(cloud, cluster) as instance:
        assert instance["Endpoint"]["Address"] != "localhost"
        assert instance["Endpoint"]["Port"] == described(cloud, cluster)["Port"]


@closes("observability_stored", "cluster_observability_described")
def test_a_cluster_keeps_its_log_exports_and_performance_insights(cloud: Cloud) -> None:
    insights = {"EnablePerformanceInsights": True, "PerformanceInsightsKMSKeyId": KEY}
    with made_cluster(cloud, EnableCloudwatchLogsExports=["postgresql"], **insights) as name:
        found = described(cloud, name)
        assert found["EnabledCloudwatchLogsExports"] == ["postgresql"]
        assert found["PerformanceInsightsEnabled"] is True
        assert found["PerformanceInsightsKMSKeyId"] == KEY


@closes("observability_stored", "cluster_observability_described")
def test_log_exports_can_be_switched_off(cloud: Cloud) -> None:
    with made_cluster(cloud, EnableCloudwatchLogsExports=["postgresql"]) as name:
        off = {"DisableLogTypes": ["postgresql"]}
        answer = cloud.client("rds").modify_db_cluster(DBClusterIdentifier=name, CloudwatchLogsExportConfiguration=off)
        assert answer["DBCluster"]["DBClusterIdentifier"] == name
        assert described(cloud, name)["EnabledCloudwatchLogsExports"] == []


@closes("observability_stored", "instance_observability_described")
def test_an_instance_keeps_the_key_of_its_performance_insights(cloud: Cloud, cluster: str) -> None:
    insights = {"EnablePerformanceInsights": True, "PerformanceInsightsKMSKeyId": KEY}
    with made_instance(cloud, cluster, **insights) as instance:
        assert instance["PerformanceInsightsKMSKeyId"] == KEY


class TestAGlobalCluster:
    @pytest.fixture
    def global_cluster(self, cloud: Cloud) -> Iterator[str]:
        rds, name = cloud.client("rds"), unique("global")
        rds.create_global_cluster(GlobalClusterIdentifier=name, **ENGINE)
        yield name
        rds.delete_global_cluster(GlobalClusterIdentifier=name)

    @closes("global_writer_endpoint")
    def test_has_a_writer_endpoint(self, cloud: Cloud, global_cluster: str) -> None:
        found = cloud.client("rds").describe_global_clusters(GlobalClusterIdentifier=global_cluster)
        # An older model of the API knows no Endpoint, so the answer itself is read.
        assert "<Endpoint>" in _raw(cloud, global_cluster), found

    @closes("leaving_a_global_cluster_twice")
    def test_says_as_aws_does_that_a_cluster_is_no_member(self, cloud: Cloud, global_cluster: str) -> None:
        rds, stranger = cloud.client("rds"), f"arn:aws:rds:{EAST}:000000000000:cluster:stranger"
        with pytest.raises(ClientError) as refused:
            rds.remove_from_global_cluster(GlobalClusterIdentifier=global_cluster, DbClusterIdentifier=stranger)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
        assert "is not found in global cluster" in refused.value.response["Error"]["Message"]

    @closes("global_clusters")
    def test_can_be_read_through_cloud_control(self, cloud: Cloud, global_cluster: str) -> None:
        described = cloud.client("cloudcontrol").get_resource(
            TypeName="AWS::RDS::GlobalCluster", Identifier=global_cluster
        )
        properties = json.loads(described["ResourceDescription"]["Properties"])
        assert f"<Endpoint>{properties['GlobalEndpoint']['Address']}</Endpoint>" in _raw(cloud, global_cluster)


def _raw(cloud: Cloud, global_cluster: str) -> str:
    """The XML in which a global cluster is described."""
    seen: list[str] = []
    rds = cloud.client("rds")
    rds.meta.events.register(
        "before-parse.rds.*", lambda response_dict, **_: seen.append(response_dict["body"].decode())
    )
    rds.describe_global_clusters(GlobalClusterIdentifier=global_cluster)
    return seen[-1]
