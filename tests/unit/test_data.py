"""Where data is kept: the ledger, the sessions table and the secrets, as both regions get them."""

from __future__ import annotations

import json

import pytest

from domain.payment_index import INDEXES
from tests.unit.app import Deployment
from tests.unit.lab import Body

BOTH = pytest.mark.parametrize("stack", ["primary", "secondary"])
REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}


class TestLedger:
    def test_is_one_global_database_of_version_14(self, deployment: Deployment) -> None:
        cluster = deployment["global"].one("aws_rds_global_cluster")
        assert cluster["global_cluster_identifier"] == "tap-ledger-global-dev"
        assert (cluster["engine"], cluster["storage_encrypted"]) == ("aurora-postgresql", True)
        major, minor = cluster["engine_version"].split(".")
        assert (major, int(minor) >= 17) == ("14", True)

    @BOTH
    def test_each_region_has_a_member_with_two_private_instances(self, deployment: Deployment, stack: str) -> None:
        cluster = deployment[stack].one("aws_rds_cluster")
        joined = deployment.target(stack, cluster["global_cluster_identifier"])
        assert joined.type == "aws_rds_global_cluster"
        assert cluster["engine_version"] == joined.body["engine_version"]
        instances = deployment[stack].all("aws_rds_cluster_instance").values()
        assert len(instances) == 2
        assert not any(instance["publicly_accessible"] for instance in instances)
        assert not any(instance["instance_class"].startswith("db.t") for instance in instances)
        group = deployment.target(stack, cluster["db_subnet_group_name"])
        subnets = [deployment.target(stack, subnet).path for subnet in group.body["subnet_ids"]]
        assert [subnet.rpartition("-")[0] for subnet in subnets] == ["network/isolated"] * 3

    @BOTH
    def test_it_can_be_restored_to_any_point_of_the_last_week(self, deployment: Deployment, stack: str) -> None:
        assert deployment[stack].one("aws_rds_cluster")["backup_retention_period"] >= 7

    @BOTH
    def test_it_is_encrypted_with_the_key_of_its_region(self, deployment: Deployment, stack: str) -> None:
        cluster = deployment[stack].one("aws_rds_cluster")
        assert cluster["storage_encrypted"] is True
        assert deployment.key_region(stack, cluster["kms_key_id"]) == REGIONS[stack]

    @BOTH
    def test_it_takes_tls_only_and_people_sign_in_with_iam(self, deployment: Deployment, stack: str) -> None:
        cluster = deployment[stack].one("aws_rds_cluster")
        parameters = deployment.target(stack, cluster["db_cluster_parameter_group_name"]).body
        assert parameters["family"] == "aurora-postgresql14"
        assert {it["name"]: it["value"] for it in parameters["parameter"]}["rds.force_ssl"] == "1"
        assert cluster["iam_database_authentication_enabled"] is True

    @BOTH
    def test_it_can_be_looked_into(self, deployment: Deployment, stack: str) -> None:
        assert deployment[stack].one("aws_rds_cluster")["enabled_cloudwatch_logs_exports"] == ["postgresql"]
        for instance in deployment[stack].all("aws_rds_cluster_instance").values():
            assert instance["performance_insights_enabled"] is True
            key = instance["performance_insights_kms_key_id"]
            assert deployment.key_region(stack, key) == REGIONS[stack]
            assert instance["monitoring_interval"] > 0

    @BOTH
    def test_a_plan_after_a_failover_would_not_undo_it(self, deployment: Deployment, stack: str) -> None:
        ignored = deployment[stack].one("aws_rds_cluster")["lifecycle"]["ignore_changes"]
        assert {"replication_source_identifier", "global_cluster_identifier"} <= set(ignored)

    def test_only_the_primary_creates_database_and_master_user(self, deployment: Deployment) -> None:
        writer, reader = (deployment[stack].one("aws_rds_cluster") for stack in REGIONS)
        created = {"database_name", "master_username", "master_password_wo", "master_password_wo_version"}
        assert created <= writer.keys()
        assert not created & reader.keys()
        assert (writer.get("source_region"), reader["source_region"]) == (None, "us-east-1")

    @BOTH
    def test_functions_reach_the_writer_wherever_it_is_on_the_port_that_aws_says(
        self, deployment: Deployment, stack: str
    ) -> None:
        function = deployment[stack].all("aws_lambda_function")["health-database/function/function"]
        variables = function["environment"]["variables"]
        ((name, read),) = deployment[stack].content["data"]["aws_cloudcontrolapi_resource"].items()
        assert deployment.target(stack, read["identifier"]).type == "aws_rds_global_cluster"
        assert f"data.aws_cloudcontrolapi_resource.{name}.properties" in variables["DATABASE_WRITER_HOST"]
        assert "GlobalEndpoint" in variables["DATABASE_WRITER_HOST"]
        assert variables["DATABASE_PORT"].endswith(".port}")
        assert variables["DATABASE_READER_HOST"].endswith(".reader_endpoint}")


class TestSessions:
    @pytest.fixture
    def table(self, deployment: Deployment) -> Body:
        return deployment["global"].one("aws_dynamodb_table")

    def test_are_paid_by_the_request_and_streamed(self, table: Body) -> None:
        assert table["name"] == "tap-sessions-global-dev"
        assert table["billing_mode"] == "PAY_PER_REQUEST"
        assert (table["stream_enabled"], table["stream_view_type"]) == (True, "NEW_AND_OLD_IMAGES")
        assert table["ttl"] == {"attribute_name": "expires_at", "enabled": True}

    def test_can_be_restored_to_any_point_in_time_on_both_sides(self, table: Body) -> None:
        (replica,) = table["replica"]
        assert replica["region_name"] == "us-west-2"
        assert table["point_in_time_recovery"] == {"enabled": True}
        assert replica["point_in_time_recovery"] is True

    def test_are_encrypted_with_the_key_of_each_region(self, deployment: Deployment, table: Body) -> None:
        (replica,) = table["replica"]
        assert deployment.key_region("global", table["server_side_encryption"]["kms_key_arn"]) == "us-east-1"
        assert deployment.key_region("global", replica["kms_key_arn"]) == "us-west-2"

    def test_each_way_to_look_payments_up_has_an_index_that_only_its_keys_write_to(self, table: Body) -> None:
        indexes = {index["name"]: index for index in table["global_secondary_index"]}
        assert {name: (index["hash_key"], index["range_key"]) for name, index in indexes.items()} == {
            "unsettled": ("unsettled_shard", "accepted_at"),
            "closed": ("closed_shard", "closed_order"),
            "customer": ("customer_reference", "accepted_at"),
        }
        assert {index["projection_type"] for index in indexes.values()} == {"KEYS_ONLY"}

    def test_the_functions_know_the_indexes_as_they_are(self, table: Body) -> None:
        assert {
            (index["name"], index["hash_key"], index["range_key"]) for index in table["global_secondary_index"]
        } == {(index.name, index.partition, index.order) for index in INDEXES}

    def test_the_regions_first_state_is_written_once(self, deployment: Deployment) -> None:
        seed = deployment["global"].one("aws_dynamodb_table_item")
        assert json.loads(seed["item"]) == {
            "pk": {"S": "control"},
            "epoch": {"N": "1"},
            "regions": {"M": {"us-east-1": {"S": "active"}, "us-west-2": {"S": "standby"}}},
        }
        assert seed["lifecycle"]["ignore_changes"] == ["item"]


class TestSecrets:
    def test_each_has_a_replica_and_each_copy_the_key_of_its_region(self, deployment: Deployment) -> None:
        secrets = deployment["global"].all("aws_secretsmanager_secret")
        assert len(secrets) == 4
        for secret in secrets.values():
            (replica,) = secret["replica"]
            assert replica["region"] == "us-west-2"
            assert deployment.key_region("global", secret["kms_key_id"]) == "us-east-1"
            assert deployment.key_region("global", replica["kms_key_id"]) == "us-west-2"

    def test_their_values_are_generated_and_never_stored(self, deployment: Deployment) -> None:
        generated = deployment["global"].content["ephemeral"]["aws_secretsmanager_random_password"]
        versions = deployment["global"].all("aws_secretsmanager_secret_version").values()
        used = set()
        for version in versions:
            assert not {"secret_string", "secret_binary"} & version.keys()
            (name,) = [it for it in generated if f"ephemeral.aws_secretsmanager_random_password.{it}." in
                       version["secret_string_wo"]]  # fmt: skip
            used.add(name)
            assert version["secret_string_wo_version"] == 1
        assert used == set(generated)
        assert len(generated) == len(versions) == 4

    def test_the_master_password_reaches_the_database_without_being_stored(self, deployment: Deployment) -> None:
        cluster = deployment["primary"].one("aws_rds_cluster")
        assert "master_password" not in cluster
        assert "ephemeral.aws_secretsmanager_secret_version." in cluster["master_password_wo"]
        assert deployment["primary"].content["ephemeral"]["aws_secretsmanager_secret_version"]

    def test_no_output_and_no_variable_reads_an_ephemeral_value(self, deployment: Deployment) -> None:
        for name, stack in deployment.stacks.items():
            assert "ephemeral." not in json.dumps(stack.content["output"]), name
        for function in deployment.resources("aws_lambda_function"):
            assert "ephemeral." not in json.dumps(function.body)
