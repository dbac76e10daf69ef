"""The estimate: counted from what was synthesized, part by part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployment import cost
from deployment.synthesis import Stack


def stack(folder: Path, resources: dict[str, dict[str, Any]]) -> Stack:
    file = folder / "cdk.tf.json"
    file.write_text(json.dumps({"resource": resources}))
    return Stack("one", folder, file, ())


def parts(found: list[cost.Part]) -> dict[str, float]:
    return {part.what: round(part.total, 2) for part in found}


def test_each_part_is_count_times_price(tmp_path: Path) -> None:
    resources: dict[str, dict[str, Any]] = {
        "aws_rds_cluster_instance": {str(n): {"instance_class": "db.r6g.xlarge"} for n in range(2)},
        "aws_nat_gateway": {"a": {}, "b": {}, "c": {}},
        "aws_vpc_endpoint": {
            "i": {"vpc_endpoint_type": "Interface", "subnet_ids": ["a", "b"]},
            "g": {"vpc_endpoint_type": "Gateway"},
        },
        "aws_kms_key": {"k": {}},
        "aws_kms_replica_key": {"k": {}},
        "aws_secretsmanager_secret": {"s": {"replica": [{"region": "us-west-2"}]}},
        "aws_lambda_event_source_mapping": {"on": {"enabled": True}, "off": {"enabled": False}},
        "aws_cloudwatch_event_rule": {"m": {"schedule_expression": "rate(1 minute)"}},
        "aws_cloudwatch_metric_alarm": {"o": {"namespace": "tap"}, "a": {"namespace": "AWS/SQS"}},
        "aws_s3_bucket_replication_configuration": {"there": {}, "back": {}},
        "aws_route53_health_check": {"h": {"type": "HTTPS"}, "c": {"type": "CALCULATED"}},
    }
    found = parts(cost.estimate([stack(tmp_path, resources)]))
    assert found["Aurora instances db.r6g.xlarge"] == round(2 * 2 * 0.26 * 730, 2)
    assert found["NAT gateways"] == round(3 * 0.045 * 730, 2)
    assert found["interface endpoints x zones"] == round(2 * 0.01 * 730, 2)
    assert found["KMS keys and replicas"] == 2.0
    assert found["secrets and replicas"] == 0.8
    assert found["alarms"] == 0.2
    assert found["own metrics that are alarmed"] == 0.3
    assert found["consumers that ask a queue"] == round(15 * 60 * 730 * 0.4e-6, 2)
    assert found["runs every minute"] == round(60 * 730 * (0.2e-6 + 0.1 * 0.0000133334), 2)
    assert found["metrics of replicated buckets"] == round(2 * 4 * 0.3, 2)
    assert found["health checks"] == 1.0
    assert found["health checks over HTTPS"] == 1.0


def test_the_total_is_the_sum_of_the_shown_parts(tmp_path: Path) -> None:
    found = cost.estimate([stack(tmp_path, {"aws_nat_gateway": {"a": {}}, "aws_kms_key": {"k": {}}})])
    assert cost.total(found) == pytest.approx(32.85 + 1.0)
    assert f"{cost.total(found):.2f}" in cost.describe(found).splitlines()[-1]
    assert "estimate" in cost.describe(found)


def test_an_unknown_instance_class_is_estimated_and_said(tmp_path: Path) -> None:
    found = cost.estimate([stack(tmp_path, {"aws_rds_cluster_instance": {"a": {"instance_class": "db.z9.large"}}})])
    assert "price not known" in found[0].note
