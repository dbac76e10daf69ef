"""All four stacks as the app really synthesizes them: what holds for every one of their resources."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cdktf import App
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic

from lib.stacks.base import TapStack
from lib.stacks.placement import PlacementError
from tests.unit.app import ROOT, STACKS, Deployment, Resource, synthesize
from tests.unit.lab import Lab
from tests.unit.lab import synthesize as synthesize_lab
from tests.unit.surroundings import environment
from tests.unit.test_regions import FUNCTIONS

REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}


class TestStacks:
    def test_there_are_four_and_each_waits_for_what_it_refers_to(self, deployment: Deployment) -> None:
        dependencies = {name: set(stack["dependencies"]) for name, stack in deployment.manifest["stacks"].items()}
        assert dependencies == {
            "global": set(),
            "primary": {"global"},
            "secondary": {"global", "primary"},
            "routing": {"global", "primary", "secondary"},
        }

    @pytest.mark.parametrize("stack", STACKS)
    def test_each_keeps_its_own_state_locked_and_encrypted_outside_the_primary_region(
        self, deployment: Deployment, stack: str
    ) -> None:
        assert deployment[stack].content["terraform"]["backend"] == {
            "s3": {
                "bucket": "tap-state-usw2-000000000000",
                "key": f"dev/{stack}.tfstate",
                "region": "us-west-2",
                "encrypt": True,
                "use_lockfile": True,
            }
        }

    @pytest.mark.parametrize("stack", STACKS)
    def test_a_stack_reads_the_others_states_where_they_are_kept(self, deployment: Deployment, stack: str) -> None:
        for read in deployment[stack].content.get("data", {}).get("terraform_remote_state", {}).values():
            assert read["backend"] == "s3"
            assert (read["config"]["bucket"], read["config"]["region"]) == ("tap-state-usw2-000000000000", "us-west-2")

    @pytest.mark.parametrize("stack", STACKS)
    def test_a_stack_deploys_into_its_own_account_only(self, deployment: Deployment, stack: str) -> None:
        for provider in deployment[stack].content["provider"]["aws"]:
            assert provider["allowed_account_ids"] == ["000000000000"]

    def test_everything_is_tagged_with_what_it_belongs_to(self, deployment: Deployment) -> None:
        for stack in STACKS:
            for provider in deployment[stack].content["provider"]["aws"]:
                assert provider["default_tags"] == [
                    {
                        "tags": {
                            "Project": "tap",
                            "Environment": "dev",
                            "RegionRole": "primary" if provider["region"] == "us-east-1" else "secondary",
                            "ManagedBy": "terraform",
                        }
                    }
                ]


class TestTheOutput:
    def test_names_no_path_of_this_machine(self, deployment: Deployment) -> None:
        here = {str(ROOT), str(Path.home()), str(deployment.folder), sys.prefix}
        for name, text in deployment.texts().items():
            assert not [path for path in here if path in text], name

    def test_is_the_same_to_the_byte_in_another_process_folder_and_working_directory(
        self, deployment: Deployment, tmp_path: Path
    ) -> None:
        elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
        elsewhere.mkdir()
        subprocess.run(
            [sys.executable, ROOT / "tap.py"],
            cwd=elsewhere,
            env=environment(TAP_OUTDIR=str(out), PYTHONHASHSEED="1"),
            check=True,
            timeout=120,
        )
        assert contents(out) == contents(deployment.folder)
        assert list(elsewhere.iterdir()) == []


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestProviders:
    def test_every_resource_names_one_of_its_own_stack(self, deployment: Deployment) -> None:
        everything = deployment.resources()
        assert len(everything) > 250
        for resource in everything:
            expected = {REGIONS[resource.stack]} if resource.stack in REGIONS else set(REGIONS.values())
            assert deployment.region_of(resource) in expected, resource

    @pytest.mark.parametrize("kind", ["data", "ephemeral"])
    def test_so_does_everything_that_is_read(self, deployment: Deployment, kind: str) -> None:
        for stack in STACKS:
            for type_, bodies in deployment[stack].content.get(kind, {}).items():
                for name, body in bodies.items():
                    if type_ != "terraform_remote_state":
                        deployment.region_of(Resource(stack, type_, name, body))

    def test_a_resource_without_one_stops_the_synth(self, tmp_path: Path) -> None:
        with pytest.raises(PlacementError, match="names no provider") as stopped:
            synthesize_lab(tmp_path, lambda lab: SnsTopic(lab, "homeless"))
        assert "lab/homeless" in str(stopped.value)
        assert not (tmp_path / "stacks").exists()

    def test_a_resource_with_another_stacks_provider_stops_the_synth(self, tmp_path: Path) -> None:
        def add(lab: Lab) -> None:
            other = TapStack(App(), "other", settings=lab.settings, regions=[lab.settings.roles[0].region])
            SnsTopic(lab, "stray", provider=other.at(lab.settings.roles[0].region).provider)

        with pytest.raises(PlacementError, match="names a provider of another stack") as stopped:
            synthesize_lab(tmp_path, add)
        assert "lab/stray" in str(stopped.value)


class TestDestroy:
    def test_nothing_prevents_it(self, deployment: Deployment) -> None:
        for resource in deployment.resources():
            body = resource.body
            assert not body.get("lifecycle", {}).get("prevent_destroy"), resource
            assert not body.get("deletion_protection"), resource
            assert not body.get("deletion_protection_enabled"), resource
            assert not body.get("skip_destroy"), resource

    def test_nothing_is_kept_behind(self, deployment: Deployment) -> None:
        for type_, attribute, value in (
            ("aws_rds_cluster", "skip_final_snapshot", True),
            ("aws_rds_cluster", "delete_automated_backups", True),
            ("aws_rds_global_cluster", "force_destroy", True),
            ("aws_backup_vault", "force_destroy", True),
            ("aws_route53_zone", "force_destroy", True),
            ("aws_s3_bucket", "force_destroy", True),
            ("aws_secretsmanager_secret", "recovery_window_in_days", 0),
            ("aws_kms_key", "deletion_window_in_days", 7),
            ("aws_kms_replica_key", "deletion_window_in_days", 7),
        ):
            found = deployment.resources(type_)
            assert found, type_
            assert [resource.body[attribute] for resource in found] == [value] * len(found), (type_, attribute)


class TestAlarms:
    @pytest.mark.parametrize("stack", ["primary", "secondary"])
    def test_each_region_watches_the_same(self, deployment: Deployment, stack: str) -> None:
        alarms = deployment[stack].all("aws_cloudwatch_metric_alarm").values()
        watched = [f"{alarm['namespace']}/{alarm['metric_name']}" for alarm in alarms]
        assert {metric: watched.count(metric) for metric in watched} == {
            "AWS/RDS/AuroraGlobalDBReplicationLag": 1,
            "AWS/Lambda/Errors": len(FUNCTIONS),
            "AWS/Lambda/Throttles": len(FUNCTIONS),
            "AWS/ApiGateway/5XXError": 1,
            "AWS/CertificateManager/DaysToExpiry": 2,
            "AWS/DynamoDB/ReadThrottleEvents": 1,
            "AWS/DynamoDB/WriteThrottleEvents": 4,
            "AWS/DynamoDB/ReplicationLatency": 1,
            "AWS/Backup/NumberOfBackupJobsFailed": 1,
            "AWS/Backup/NumberOfCopyJobsFailed": 1,
            "AWS/S3/ReplicationLatency": 2,
            "AWS/S3/OperationsFailedReplication": 2,
            "AWS/WAFV2/BlockedRequests": 1,
            "AWS/SQS/ApproximateAgeOfOldestMessage": 1,
            "AWS/SQS/ApproximateNumberOfMessagesVisible": 2,
            "AWS/SNS/NumberOfNotificationsFailedToRedriveToDlq": 1,
            "tap/NotEnqueued": 1,
            "tap/PaymentConflict": 1,
            "tap/StaleEpoch": 1,
            "tap/OldestUnsettledSeconds": 1,
            "tap/ReopenedPayments": 1,
            "tap/ConsumerDiffers": 1,
            "tap/PeerHealthy": 1,
            "AWS/States/ExecutionsFailed": 1,
            "AWS/States/ExecutionsTimedOut": 1,
            "AWS/States/ExecutionsAborted": 1,
        }
        output = deployment[stack].content["output"]["alarm_names"]["value"]
        assert {deployment.target(stack, name).body["alarm_name"] for name in output} == {
            alarm["alarm_name"] for alarm in alarms
        }

    def test_each_tells_the_topic_of_its_own_region_when_it_rises_and_when_it_ends(
        self, deployment: Deployment
    ) -> None:
        for alarm in deployment.resources("aws_cloudwatch_metric_alarm"):
            for actions in (alarm.body["alarm_actions"], alarm.body["ok_actions"]):
                (action,) = actions
                topic = deployment.target(alarm.stack, action)
                assert topic.type == "aws_sns_topic"
                assert deployment.region_of(topic) == deployment.region_of(alarm), alarm

    def test_each_says_what_missing_data_means(self, deployment: Deployment) -> None:
        for alarm in deployment.resources("aws_cloudwatch_metric_alarm"):
            assert alarm.body["treat_missing_data"] in {"breaching", "notBreaching", "missing"}, alarm
            if alarm.body["treat_missing_data"] == "missing":
                assert alarm.body["insufficient_data_actions"] == alarm.body["alarm_actions"]

    @pytest.mark.parametrize(("stack", "peer"), [("primary", "us-west-2"), ("secondary", "us-east-1")])
    def test_a_lag_of_more_than_a_second_is_told_whichever_region_reads(
        self, deployment: Deployment, stack: str, peer: str
    ) -> None:
        lag = deployment[stack].all("aws_cloudwatch_metric_alarm")["ledger/alarm-ledger-replication-lag"]
        cluster = deployment[stack].one("aws_rds_cluster")["cluster_identifier"]
        assert (lag["threshold"], lag["comparison_operator"]) == (1000, "GreaterThanThreshold")
        assert lag["dimensions"] == {"DBClusterIdentifier": cluster, "SourceRegion": peer}
        latency = deployment[stack].all("aws_cloudwatch_metric_alarm")["alarm-sessions-replication-latency"]
        assert latency["dimensions"]["ReceivingRegion"] == peer
        # DynamoDB aggregates it over five minutes; shorter periods would lack data.
        assert latency["period"] * latency["datapoints_to_alarm"] == 300

    @pytest.mark.parametrize("stack", ["primary", "secondary"])
    def test_topics_are_encrypted_and_mail_every_address(
        self, deployment: Deployment, tmp_path: Path, stack: str
    ) -> None:
        topic = deployment[stack].all("aws_sns_topic")["alerts/topic"]
        assert deployment.key_region(stack, topic["kms_master_key_id"]) == REGIONS[stack]
        more = synthesize(tmp_path, alert_emails="a@x.example,b@y.example")
        subscriptions = more[stack].all("aws_sns_topic_subscription").items()
        mails = [body for path, body in subscriptions if path.startswith("alerts/")]
        assert [(mail["protocol"], mail["endpoint"]) for mail in mails] == [
            ("email", "a@x.example"),
            ("email", "b@y.example"),
        ]


class TestRouting:
    def test_the_shared_name_leads_to_the_primary_until_its_verdict_falls(self, deployment: Deployment) -> None:
        routing = deployment["routing"]
        primary, secondary = (
            routing.all("aws_route53_record")[f"records/{which}"] for which in ("primary", "secondary")
        )
        assert primary["name"] == secondary["name"] == "global.dev.tap.example"
        assert "health_check_id" not in secondary
        verdict = deployment.target("routing", primary["health_check_id"])
        children = [deployment.target("routing", child).body for child in verdict.body["child_healthchecks"]]
        assert verdict.body["child_health_threshold"] == len(children) == 3
        assert sorted((it["fqdn"], it["resource_path"], it["invert_healthcheck"]) for it in children) == [
            ("use1.dev.tap.example", "/health/database", False),
            ("use1.dev.tap.example", "/health/live", False),
            ("usw2.dev.tap.example", "/health/active", True),
        ]

    def test_each_record_leads_to_the_ingress_of_its_region(self, deployment: Deployment) -> None:
        for which, host in (("primary", "use1"), ("secondary", "usw2")):
            record = deployment["routing"].all("aws_route53_record")[f"records/{which}"]
            assert deployment.target("routing", record["alias"]["name"]).stack == which
            regional = deployment[which].all("aws_route53_record")["record/record"]
            assert regional["name"] == f"{host}.dev.tap.example"
            domain = deployment.target(which, regional["alias"]["name"])
            assert domain.body["domain_name"] == regional["name"]

    def test_every_check_asks_every_thirty_seconds(self, deployment: Deployment) -> None:
        checks = deployment["routing"].all("aws_route53_health_check").values()
        assert [it["request_interval"] for it in checks if it["type"] == "HTTPS"] == [30] * 5

    def test_every_inner_route_table_leads_to_the_other_network(self, deployment: Deployment) -> None:
        routes = deployment.resources("aws_route")
        peered = {
            str(deployment.target(route.stack, route.body["route_table_id"])): route.body["destination_cidr_block"]
            for route in routes
            if "vpc_peering_connection_id" in route.body
        }
        tables = [it for it in deployment.resources("aws_route_table") if "public" not in it.path]
        other = {"primary": "10.30.0.0/16", "secondary": "10.20.0.0/16"}
        assert peered == {str(table): other[table.stack] for table in tables}
        assert len(tables) == 8


class TestTheApi:
    @pytest.mark.parametrize("stack", ["primary", "secondary"])
    def test_every_operation_is_validated_throttled_and_answered_by_a_function_of_its_region(
        self, deployment: Deployment, stack: str
    ) -> None:
        region = {"primary": "use1", "secondary": "usw2"}[stack]
        document = json.loads(deployment[stack].one("aws_api_gateway_rest_api")["body"])
        operations = {
            operation["operationId"]: operation for path in document["paths"].values() for operation in path.values()
            if "operationId" in operation
        }  # fmt: skip
        answering = {
            name: operation["x-amazon-apigateway-integration"]["uri"].rpartition(":function:")[2]
            for name, operation in operations.items()
        }
        assert answering == {
            "acceptPayment": f"tap-webhook-{region}-dev/invocations",
            "readPayment": f"tap-payments-{region}-dev/invocations",
            "listPayments": f"tap-payments-{region}-dev/invocations",
            "live": f"tap-health-live-{region}-dev/invocations",
            "active": f"tap-health-live-{region}-dev/invocations",
            "database": f"tap-health-database-{region}-dev/invocations",
        }
        assert document["x-amazon-apigateway-request-validator"]
        limits = deployment[stack].one("aws_api_gateway_method_settings")["settings"]
        assert (limits["throttling_rate_limit"], limits["throttling_burst_limit"]) == (10_000, 5_000)

    @pytest.mark.parametrize("stack", ["primary", "secondary"])
    def test_it_is_reached_by_the_shared_and_its_regional_name_only(self, deployment: Deployment, stack: str) -> None:
        assert deployment[stack].one("aws_api_gateway_rest_api")["disable_execute_api_endpoint"] is True
        region = {"primary": "use1", "secondary": "usw2"}[stack]
        domains = deployment[stack].all("aws_api_gateway_domain_name").values()
        assert {domain["domain_name"] for domain in domains} == {"global.dev.tap.example", f"{region}.dev.tap.example"}
