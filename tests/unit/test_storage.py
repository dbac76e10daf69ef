"""Receipts and documents: in each region a bucket that is the replica of the other's, as it is synthesized."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain import archive
from lib.stacks.settlement import ARCHIVE_PREFIX
from tests.unit.app import Deployment, Resource

REGIONS = {"use1": "us-east-1", "usw2": "us-west-2"}
PEER = {"use1": "usw2", "usw2": "use1"}
STACK = {"use1": "primary", "usw2": "secondary"}
KINDS = ("receipts", "documents")
both_regions = pytest.mark.parametrize("region", REGIONS)
both_kinds = pytest.mark.parametrize("kind", KINDS)


def bucket(deployment: Deployment, kind: str, region: str) -> Resource:
    (found,) = [
        each
        for each in deployment.resources("aws_s3_bucket")
        if each.body["bucket"] == f"tap-{kind}-000000000000-{region}-dev"
    ]
    assert deployment.region_of(found) == REGIONS[region]
    return found


def setting(deployment: Deployment, type_: str, of: Resource) -> dict[str, Any]:
    """What is set of a bucket, with the provider of the bucket's region."""
    (found,) = [each for each in deployment.resources(type_) if is_for(deployment, each, of)]
    assert deployment.region_of(found) == deployment.region_of(of)
    return found.body


def is_for(deployment: Deployment, setting: Resource, of: Resource) -> bool:
    return deployment.target(setting.stack, setting.body["bucket"]).address == of.address


def role_statements(deployment: Deployment, kind: str, region: str) -> list[dict[str, Any]]:
    policy = deployment["global"].all("aws_iam_role_policy")[f"{kind}/replication-{region}/policy"]["policy"]
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


@both_kinds
@both_regions
class TestEveryBucket:
    def test_keeps_versions_and_is_destroyed_with_them(self, deployment: Deployment, kind: str, region: str) -> None:
        found = bucket(deployment, kind, region)
        assert found.body["force_destroy"] is True
        versioning = setting(deployment, "aws_s3_bucket_versioning", found)
        assert versioning["versioning_configuration"] == {"status": "Enabled"}

    def test_is_encrypted_with_its_regions_key_and_asks_kms_once_for_many_objects(
        self, deployment: Deployment, kind: str, region: str
    ) -> None:
        encryption = setting(
            deployment, "aws_s3_bucket_server_side_encryption_configuration", bucket(deployment, kind, region)
        )
        (rule,) = encryption["rule"]
        default = rule["apply_server_side_encryption_by_default"]
        assert default["sse_algorithm"] == "aws:kms"
        assert deployment.key_region("global", default["kms_master_key_id"]) == REGIONS[region]
        assert rule["bucket_key_enabled"] is True

    def test_is_closed_to_the_public_and_knows_no_acls(self, deployment: Deployment, kind: str, region: str) -> None:
        found = bucket(deployment, kind, region)
        closed = setting(deployment, "aws_s3_bucket_public_access_block", found)
        flags = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        assert [closed[flag] for flag in flags] == [True] * 4
        ownership = setting(deployment, "aws_s3_bucket_ownership_controls", found)
        assert ownership["rule"] == {"object_ownership": "BucketOwnerEnforced"}

    def test_refuses_whoever_comes_without_tls(self, deployment: Deployment, kind: str, region: str) -> None:
        found = bucket(deployment, kind, region)
        (statement,) = json.loads(setting(deployment, "aws_s3_bucket_policy", found)["policy"])["Statement"]
        arn = f"${{{found.address}.arn}}"
        assert statement == {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }

    def test_archives_objects_of_every_size_after_90_days_and_forgets_old_versions(
        self, deployment: Deployment, kind: str, region: str
    ) -> None:
        lifecycle = setting(deployment, "aws_s3_bucket_lifecycle_configuration", bucket(deployment, kind, region))
        (rule,) = lifecycle["rule"]
        assert rule["transition"] == [{"days": 90, "storage_class": "GLACIER"}]
        assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 90}]
        assert rule["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 7}]
        assert "expiration" not in rule
        assert lifecycle["transition_default_minimum_object_size"] == "varies_by_storage_class"

    def test_has_a_record_of_who_used_it_in_its_own_region(
        self, deployment: Deployment, kind: str, region: str
    ) -> None:
        found = bucket(deployment, kind, region)
        logging = setting(deployment, "aws_s3_bucket_logging", found)
        logs = deployment.target("global", logging["target_bucket"])
        assert deployment.region_of(logs) == REGIONS[region]
        assert logging["target_prefix"] == f"{found.body['bucket']}/"
        policy = json.loads(setting(deployment, "aws_s3_bucket_policy", logs)["policy"])
        (delivery,) = [
            it for it in policy["Statement"] if it["Resource"] == f"${{{logs.address}.arn}}/{found.body['bucket']}/*"
        ]
        assert delivery["Effect"] == "Allow"
        assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
        assert delivery["Action"] == ["s3:PutObject"]
        assert delivery["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "000000000000"},
            "ArnEquals": {"aws:SourceArn": [f"arn:aws:s3:::{found.body['bucket']}"]},
        }


@both_kinds
@both_regions
class TestReplication:
    def test_carries_everything_over_to_the_other_region_within_15_minutes(
        self, deployment: Deployment, kind: str, region: str
    ) -> None:
        there = bucket(deployment, kind, PEER[region])
        found = setting(deployment, "aws_s3_bucket_replication_configuration", bucket(deployment, kind, region))
        (rule,) = found["rule"]
        key = rule["destination"].pop("encryption_configuration")["replica_kms_key_id"]
        assert deployment.key_region("global", key) == REGIONS[PEER[region]]
        assert rule == {
            "id": "everything",
            "status": "Enabled",
            "priority": 1,
            "filter": {"prefix": ""},
            "delete_marker_replication": {"status": "Enabled"},
            "source_selection_criteria": {
                "replica_modifications": {"status": "Enabled"},
                "sse_kms_encrypted_objects": {"status": "Enabled"},
            },
            "destination": {
                "bucket": f"${{{there.address}.arn}}",
                "replication_time": {"status": "Enabled", "time": {"minutes": 15}},
                "metrics": {"status": "Enabled", "event_threshold": {"minutes": 15}},
            },
        }

    def test_waits_for_the_versions_of_both_and_for_the_roles_permissions(
        self, deployment: Deployment, kind: str, region: str
    ) -> None:
        found = setting(deployment, "aws_s3_bucket_replication_configuration", bucket(deployment, kind, region))
        versionings = [
            each.address
            for each in deployment.resources("aws_s3_bucket_versioning")
            if each.path.startswith(f"{kind}/")
        ]
        assert len(versionings) == 2
        assert {*versionings} < {*found["depends_on"]}
        assert [it for it in found["depends_on"] if it.startswith("aws_iam_role_policy.")] != []

    def test_has_a_role_that_reads_the_one_bucket_and_writes_the_other(
        self, deployment: Deployment, kind: str, region: str
    ) -> None:
        here, there = (f"${{{bucket(deployment, kind, side).address}.arn}}" for side in (region, PEER[region]))
        buckets = [it for it in role_statements(deployment, kind, region) if it["Action"][0].startswith("s3:")]
        assert {(action, it["Resource"]) for it in buckets for action in it["Action"]} == {
            ("s3:GetReplicationConfiguration", here),
            ("s3:ListBucket", here),
            ("s3:GetObjectVersionAcl", f"{here}/*"),
            ("s3:GetObjectVersionForReplication", f"{here}/*"),
            ("s3:GetObjectVersionTagging", f"{here}/*"),
            ("s3:ReplicateDelete", f"{there}/*"),
            ("s3:ReplicateObject", f"{there}/*"),
            ("s3:ReplicateTags", f"{there}/*"),
        }

    def test_has_a_role_that_decrypts_here_and_encrypts_there_through_s3_alone(
        self, deployment: Deployment, kind: str, region: str
    ) -> None:
        keys = [it for it in role_statements(deployment, kind, region) if it["Action"][0].startswith("kms:")]
        found = {
            (deployment.key_region("global", it["Resource"]), tuple(it["Action"]), json.dumps(it["Condition"]))
            for it in keys
        }
        here, there = REGIONS[region], REGIONS[PEER[region]]
        assert found == {
            (here, ("kms:Decrypt",), via(here)),
            (there, ("kms:Encrypt", "kms:GenerateDataKey"), via(there)),
        }

    def test_is_watched_in_the_region_that_reports_it(self, deployment: Deployment, kind: str, region: str) -> None:
        alarms = deployment[STACK[region]].all("aws_cloudwatch_metric_alarm")
        here, there = (bucket(deployment, kind, side).body["bucket"] for side in (region, PEER[region]))
        late, failed = (alarms[f"alarm-{kind}-replication-{what}"] for what in ("latency", "failed"))
        assert (late["metric_name"], late["threshold"]) == ("ReplicationLatency", 900)
        assert late["dimensions"] == {"SourceBucket": there, "DestinationBucket": here, "RuleId": "everything"}
        assert (failed["metric_name"], failed["threshold"]) == ("OperationsFailedReplication", 0)
        assert failed["dimensions"] == {"SourceBucket": here, "DestinationBucket": there, "RuleId": "everything"}


def via(region: str) -> str:
    return json.dumps({"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}})


@both_regions
class TestTheProcessor:
    def test_may_write_under_its_prefix_and_read_nothing(self, deployment: Deployment, region: str) -> None:
        policy = deployment[STACK[region]].all("aws_iam_role_policy")["processor/function/policy"]["policy"]
        statements = [it for it in json.loads(policy)["Statement"] if it["Effect"] == "Allow"]
        objects = [it for it in statements if it["Action"][0].startswith("s3:")]
        assert [it["Action"] for it in objects] == [["s3:PutObject"]] * 2
        assert {target(deployment, region, it["Resource"]) for it in objects} == own_buckets(deployment, region)
        keys = [it for it in statements if json.dumps(it.get("Condition")) == via(REGIONS[region])]
        assert [it["Action"] for it in keys] == [["kms:GenerateDataKey"]]

    def test_reaches_its_buckets_through_the_vpcs_endpoint_and_nobody_reaches_more(
        self, deployment: Deployment, region: str
    ) -> None:
        endpoint = deployment[STACK[region]].all("aws_vpc_endpoint")["network/s3/endpoint"]
        (statement,) = json.loads(endpoint["policy"])["Statement"]
        assert statement["Action"] == ["s3:PutObject"]
        named = {target(deployment, region, resource) for resource in statement["Resource"]}
        assert named == own_buckets(deployment, region)
        assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "000000000000"}}

    def test_knows_the_buckets_of_its_region(self, deployment: Deployment, region: str) -> None:
        function = deployment[STACK[region]].all("aws_lambda_function")["processor/function/function"]
        variables = function["environment"]["variables"]
        for kind in KINDS:
            found = deployment.target(STACK[region], variables[f"{kind.upper()}_BUCKET"])
            assert found.address == bucket(deployment, kind, region).address


def test_the_processor_writes_under_the_prefix_that_it_is_granted() -> None:
    assert archive.PREFIX == ARCHIVE_PREFIX


def target(deployment: Deployment, region: str, resource: str) -> str:
    """The bucket of which ``resource`` names the objects under the processor's prefix."""
    arn, separator, rest = resource.partition("}")
    assert (separator, rest) == ("}", "/payments/*")
    return deployment.target(STACK[region], arn + separator).address


def own_buckets(deployment: Deployment, region: str) -> set[str]:
    return {bucket(deployment, kind, region).address for kind in KINDS}


@both_regions
def test_access_logs_lie_in_a_bucket_that_s3_may_deliver_to_and_end_with_the_other_logs(
    deployment: Deployment, region: str
) -> None:
    logs = bucket(deployment, "access-logs", region)
    (rule,) = setting(deployment, "aws_s3_bucket_server_side_encryption_configuration", logs)["rule"]
    assert rule["apply_server_side_encryption_by_default"] == {"sse_algorithm": "AES256"}
    (aged,) = setting(deployment, "aws_s3_bucket_lifecycle_configuration", logs)["rule"]
    group = next(iter(deployment["primary"].all("aws_cloudwatch_log_group").values()))
    assert aged["expiration"] == [{"days": group["retention_in_days"]}]


def test_the_names_of_the_buckets_are_published(deployment: Deployment) -> None:
    outputs = deployment["global"].content["output"]
    for kind in KINDS:
        assert outputs[f"{kind}_buckets"]["value"] == {
            REGIONS[region]: bucket(deployment, kind, region).body["bucket"] for region in REGIONS
        }
