"""Alarms: which metrics they read, and which resources their dimensions lead to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.examples import write
from policies.model.alarms import Metric, is_in, metrics, regions, watch
from policies.model.deployment import Deployment, Resource
from policies.model.reading import read


def deployed(tmp_path: Path, **types: Any) -> Deployment:
    return read(write(types, tmp_path))


def the(deployment: Deployment, address: str) -> Resource:
    (found,) = (resource for resource in deployment.everything if resource.address == address)
    return found


def reading(dimension: str, value: str, namespace: str, **body: Any) -> dict[str, Any]:
    return {"namespace": namespace, "metric_name": "Some", "dimensions": {dimension: value}, "period": "60", **body}


def watching(deployment: Deployment, address: str) -> list[str]:
    return [metric.alarm.name for metric in watch(deployment).on(the(deployment, address))]


class TestMetrics:
    def test_of_an_alarm_on_one_metric_are_that_one(self, tmp_path: Path) -> None:
        body = reading("FunctionName", "f", "AWS/Lambda", statistic="Sum")
        alarm = the(deployed(tmp_path, aws_cloudwatch_metric_alarm={"a": body}), "aws_cloudwatch_metric_alarm.a")
        (metric,) = metrics(alarm)
        assert (metric.namespace, metric.name, metric.period, metric.statistic) == ("AWS/Lambda", "Some", 60, "Sum")
        assert str(metric) == "AWS/Lambda Some by FunctionName"

    def test_of_an_expression_are_all_that_it_reads(self, tmp_path: Path) -> None:
        queries = [
            {"id": "rate", "expression": "errors / calls"},
            {"id": "errors", "metric": [{"namespace": "AWS/Lambda", "metric_name": "Errors", "stat": "Sum"}]},
            {"id": "calls", "metric": [{"namespace": "AWS/Lambda", "metric_name": "Invocations", "stat": "Sum"}]},
        ]
        deployment = deployed(tmp_path, aws_cloudwatch_metric_alarm={"a": {"metric_query": queries}})
        found = metrics(the(deployment, "aws_cloudwatch_metric_alarm.a"))
        assert [metric.name for metric in found] == ["Errors", "Invocations"]
        assert str(found[0]) == "AWS/Lambda Errors by no dimension"

    def test_of_nonsense_are_as_strange_and_raise_nothing(self, tmp_path: Path) -> None:
        nonsense = {"metric_name": 7, "dimensions": ["x"], "namespace": {}, "period": "soon", "metric_query": "x"}
        deployment = deployed(tmp_path, aws_cloudwatch_metric_alarm={"a": nonsense})
        (metric,) = metrics(the(deployment, "aws_cloudwatch_metric_alarm.a"))
        assert (metric.namespace, metric.name, dict(metric.dimensions), metric.period) == (None, None, {}, None)


class TestWatch:
    def test_follows_a_reference(self, tmp_path: Path) -> None:
        deployment = deployed(
            tmp_path,
            aws_lambda_function={"f": {"function_name": "f"}},
            aws_cloudwatch_metric_alarm={
                "a": reading("FunctionName", "${aws_lambda_function.f.function_name}", "AWS/Lambda")
            },
        )
        assert watching(deployment, "aws_lambda_function.f") == ["a"]

    def test_follows_a_name(self, tmp_path: Path) -> None:
        deployment = deployed(
            tmp_path,
            aws_sqs_queue={"q": {"name": "${local.name}"}, "other": {"name": "other"}},
            locals={"name": "queue"},
            aws_cloudwatch_metric_alarm={"a": reading("QueueName", "queue", "AWS/SQS")},
        )
        assert watching(deployment, "aws_sqs_queue.q") == ["a"]
        assert watching(deployment, "aws_sqs_queue.other") == []

    def test_follows_a_certificate_through_what_waits_for_it(self, tmp_path: Path) -> None:
        deployment = deployed(
            tmp_path,
            aws_acm_certificate={"c": {"domain_name": "example.com"}},
            aws_acm_certificate_validation={"v": {"certificate_arn": "${aws_acm_certificate.c.arn}"}},
            aws_cloudwatch_metric_alarm={
                "a": reading(
                    "CertificateArn", "${aws_acm_certificate_validation.v.certificate_arn}", "AWS/CertificateManager"
                )
            },
        )
        assert watching(deployment, "aws_acm_certificate.c") == ["a"]

    def test_does_not_count_an_alarm_of_another_region(self, tmp_path: Path) -> None:
        deployment = deployed(
            tmp_path,
            aws_lambda_function={"f": {"function_name": "f"}},
            aws_cloudwatch_metric_alarm={"a": reading("FunctionName", "f", "AWS/Lambda", provider="aws.usw2")},
        )
        assert watching(deployment, "aws_lambda_function.f") == []

    def test_counts_an_alarm_where_a_table_has_a_replica(self, tmp_path: Path) -> None:
        deployment = deployed(
            tmp_path,
            aws_dynamodb_table={"t": {"name": "t", "replica": [{"region_name": "us-west-2"}]}},
            aws_cloudwatch_metric_alarm={"a": reading("TableName", "t", "AWS/DynamoDB", provider="aws.usw2")},
        )
        assert watching(deployment, "aws_dynamodb_table.t") == ["a"]
        assert regions(the(deployment, "aws_dynamodb_table.t")) == {"us-east-1", "us-west-2"}

    def test_counts_an_alarm_on_a_health_check_wherever_either_is(self, tmp_path: Path) -> None:
        deployment = deployed(
            tmp_path,
            aws_route53_health_check={"h": {"provider": "aws.usw2"}},
            aws_cloudwatch_metric_alarm={
                "a": reading("HealthCheckId", "${aws_route53_health_check.h.id}", "AWS/Route53")
            },
        )
        assert watching(deployment, "aws_route53_health_check.h") == ["a"]
        assert is_in(the(deployment, "aws_route53_health_check.h"), "us-east-1")

    def test_does_not_count_a_dimension_that_another_namespace_has(self, tmp_path: Path) -> None:
        deployment = deployed(
            tmp_path,
            aws_lambda_function={"f": {"function_name": "f"}},
            aws_cloudwatch_metric_alarm={"a": reading("FunctionName", "f", "AWS/SQS")},
        )
        assert watching(deployment, "aws_lambda_function.f") == []

    def test_is_found_out_once(self, ours: Deployment) -> None:
        assert watch(ours) is watch(ours)

    def test_finds_an_alarm_for_every_dimension_that_names_something_of_ours(self, ours: Deployment) -> None:
        lost: list[Metric] = []
        for alarm in ours.resources("aws_cloudwatch_metric_alarm"):
            # What a metric of our own tells of, its dimensions say to people only.
            for metric in (it for it in metrics(alarm) if (it.namespace or "").startswith("AWS/")):
                main = [name for name in metric.dimensions if watch(ours).named(metric, name)]
                lost += [] if main else [metric]
        assert lost == []
