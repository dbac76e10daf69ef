"""The Aurora global database: writer in the primary region, reader in the standby, TLS for everybody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError

from tests.integration.platform import Platform, Region, eventually
from tests.integration.settlement import connection

REPLICATION_SECONDS = 60


def cluster(platform: Platform, region: Region) -> dict[str, Any]:
    found = platform.client("rds", region).describe_db_clusters(DBClusterIdentifier=region.outputs["cluster_id"])
    described: dict[str, Any] = found["DBClusters"][0]
    return described


def instances(platform: Platform, region: Region) -> list[dict[str, Any]]:
    found = platform.client("rds", region).describe_db_instances(
        Filters=[{"Name": "db-cluster-id", "Values": [region.outputs["cluster_id"]]}]
    )
    return list(found["DBInstances"])


def global_cluster(platform: Platform) -> dict[str, Any]:
    found = platform.client("rds", platform.primary).describe_global_clusters(
        GlobalClusterIdentifier=platform.shared["global_cluster_id"]
    )
    described: dict[str, Any] = found["GlobalClusters"][0]
    return described


class TestGlobalDatabase:
    """One database in two regions."""

    def test_the_primary_region_writes_and_the_standby_reads(self, platform: Platform) -> None:
        writers = {
            m["DBClusterArn"].split(":")[3]: m["IsWriter"] for m in global_cluster(platform)["GlobalClusterMembers"]
        }

        assert writers == {platform.primary.name: True, platform.standby.name: False}

    def test_it_is_encrypted_and_can_be_destroyed(self, platform: Platform) -> None:
        assert global_cluster(platform)["StorageEncrypted"] is True
        assert global_cluster(platform)["DeletionProtection"] is False

    def test_clients_get_the_endpoint_that_follows_the_writer(self, platform: Platform, region: Region) -> None:
        assert region.outputs["writer_endpoint"] == global_cluster(platform)["Endpoint"]


class TestCluster:
    """Each region's member."""

    def test_it_is_aurora_postgresql_14(self, platform: Platform, region: Region) -> None:
        assert cluster(platform, region)["Engine"] == "aurora-postgresql"
        assert cluster(platform, region)["EngineVersion"].startswith("14.")
        assert cluster(platform, region)["Status"] == "available"

    def test_it_has_two_instances_of_a_class_that_does_not_burst(self, platform: Platform, region: Region) -> None:
        found = instances(platform, region)

        assert len(found) == 2
        for instance in found:
            assert instance["DBInstanceStatus"] == "available"
            assert not instance["DBInstanceClass"].startswith("db.t")
            assert instance["PubliclyAccessible"] is False

    def test_it_is_encrypted_with_the_regions_own_key(self, platform: Platform, region: Region) -> None:
        assert cluster(platform, region)["StorageEncrypted"] is True
        assert cluster(platform, region)["KmsKeyId"] == platform.shared["key_arns"][region.name]

    def test_it_is_backed_up_for_a_week_or_more(self, platform: Platform, region: Region) -> None:
        assert cluster(platform, region)["BackupRetentionPeriod"] >= 7

    def test_people_may_connect_with_iam(self, platform: Platform, region: Region) -> None:
        assert cluster(platform, region)["IAMDatabaseAuthenticationEnabled"] is True

    def test_its_log_is_exported_and_its_load_recorded(self, platform: Platform, region: Region) -> None:
        assert cluster(platform, region)["EnabledCloudwatchLogsExports"] == ["postgresql"]
        for instance in instances(platform, region):
            assert instance["PerformanceInsightsEnabled"] is True
            assert instance["PerformanceInsightsKMSKeyId"] == platform.shared["key_arns"][region.name]

    def test_it_can_be_destroyed(self, platform: Platform, region: Region) -> None:
        assert cluster(platform, region)["DeletionProtection"] is False

    def test_its_parameters_force_tls(self, platform: Platform, region: Region) -> None:
        group = cluster(platform, region)["DBClusterParameterGroup"]
        pages = platform.client("rds", region).get_paginator("describe_db_cluster_parameters")
        values = {
            parameter["ParameterName"]: parameter.get("ParameterValue")
            for page in pages.paginate(DBClusterParameterGroupName=group)
            for parameter in page["Parameters"]
        }

        assert values["rds.force_ssl"] == "1"


def test_migrating_again_changes_nothing(platform: Platform, region: Region) -> None:
    answer = platform.client("lambda", region).invoke(
        FunctionName=region.outputs["functions"]["migrate"], Payload=b"{}"
    )
    result = json.loads(answer["Payload"].read())

    assert "FunctionError" not in answer, result
    assert result["applied"] == [], "the deployment had not migrated the ledger"
    assert result["version"] >= 1


@pytest.mark.embedded_only
class TestConnections:
    """The PostgreSQL behind the endpoints."""

    def test_nobody_connects_without_tls(self, platform: Platform, region: Region) -> None:
        for host in (region.outputs["writer_endpoint"], region.outputs["reader_endpoint"]):
            with pytest.raises(DatabaseError, match="no encryption"):
                connection(platform, host, "database_secret_arns", tls=False)

    def test_with_tls_the_application_connects_to_both_endpoints(self, platform: Platform, region: Region) -> None:
        for host in (region.outputs["writer_endpoint"], region.outputs["reader_endpoint"]):
            with connection(platform, host, "database_secret_arns") as ledger:
                assert ledger.run("SELECT current_user") == [["ledger_app"]]

    def test_the_application_may_not_change_the_schema(self, platform: Platform) -> None:
        host = platform.primary.outputs["writer_endpoint"]
        with connection(platform, host, "database_secret_arns") as ledger:
            for statement in ("CREATE TABLE ledger.x (id int)", "CREATE SCHEMA x", "CREATE ROLE x"):
                with pytest.raises(DatabaseError, match=r"42501|permission denied"):
                    ledger.run(statement)

    def test_the_standby_has_the_migrated_schema_and_takes_no_writes(self, platform: Platform) -> None:
        query = "SELECT version, checksum FROM migrations.schema_migrations ORDER BY version"
        with connection(platform, platform.primary.outputs["writer_endpoint"], "master_secret_arns") as writer:
            migrated = writer.run(query)
        with connection(platform, platform.standby.outputs["reader_endpoint"], "master_secret_arns") as reader:
            seen = eventually(lambda: reader.run(query), lambda rows: rows == migrated, within=REPLICATION_SECONDS)

            assert seen == migrated
            assert migrated
            with pytest.raises(DatabaseError, match=r"25006|read-only"):
                reader.run("CREATE TABLE public.x (id int)")
