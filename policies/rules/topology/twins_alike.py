"""Whatever else both regions have is configured alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.topology._pairs import apart, belongs_in_both, each
from policies.rules.topology.alarms_alike import alarms_alike
from policies.rules.topology.databases_alike import databases_alike
from policies.rules.topology.endpoints_alike import endpoints_alike
from policies.rules.topology.functions_alike import functions_alike
from policies.rules.topology.ingress_alike import ingress_alike

_CLOSER: Final = (alarms_alike, databases_alike, endpoints_alike, functions_alike, ingress_alike)
_ELSEWHERE: Final = frozenset(type_ for closer in _CLOSER for type_ in closer.judges.types)

_MAY_DIFFER: Final = {
    # One name has one validation record, whichever of its certificates it was made for.
    # https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
    "aws_acm_certificate_validation": frozenset({"validation_record_fqdns"}),
    # A standby consumes nothing until it takes over.
    "aws_lambda_event_source_mapping": frozenset({"enabled"}),
}

_WEST: Final = {"provider": "aws.usw2"}
_LOGS: Final = {"name": "/tap/pay-use1", "retention_in_days": 365}
_LOGS_WEST: Final = {**_LOGS, **_WEST, "name": "/tap/pay-usw2"}
_POLICY: Final = '{"Statement": [{"Effect": "Allow", "Action": [%s], "Resource": "arn:aws:s3:::tap-%s/*"}]}'
_READ: Final = '"s3:GetObject"'
_BOTH: Final = '"s3:PutObject", "s3:GetObject"'
_TOPIC: Final = "aws_sns_topic_policy"


def _is_left(resource: Resource) -> bool:
    return resource.type not in _ELSEWHERE and belongs_in_both(resource) and resource.twin is not None


def _policy_widened(body: dict[str, Any], _: Resource) -> bool:
    policy = body.get("policy")
    if not isinstance(policy, str) or "logs:PutLogEvents" not in policy:
        return False
    body["policy"] = policy.replace("logs:PutLogEvents", "logs:DeleteLogStream", 1)
    return True


def _nearer_port(value: Any) -> Any:
    return value + 1 if isinstance(value, (int, float)) else 1


@rule(
    id="TAP_TOPOLOGY_TWINS_ALIKE",
    title="Whatever else both regions have is configured alike",
    risk="A permission, a rule, a retention or a setting that only one region has is missed on the day when the other "
    "has to take over.",
    remediation="Make both resources of the same settings; let names, addresses and references differ by the region "
    "only.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:2.2.1", "PCI-DSS-4.0:10.5.1", "NIST-800-53:CM-2", "NIST-800-53:CM-6", "WA-REL:REL13-BP04"],
    judges=kind("*", where=_is_left),
    passes=[
        {"aws_cloudwatch_log_group": {"a": _LOGS, "b": _LOGS_WEST}},
        {
            _TOPIC: {
                "p_use1": {"policy": _POLICY % (_BOTH, "use1")},
                "p_usw2": {**_WEST, "policy": _POLICY % (_BOTH, "usw2")},
            }
        },
    ],
    fails=[
        {"aws_cloudwatch_log_group": {"a": _LOGS, "b": {**_LOGS_WEST, "retention_in_days": 1}}},
        {
            _TOPIC: {
                "p_use1": {"policy": _POLICY % (_READ, "use1")},
                "p_usw2": {**_WEST, "policy": _POLICY % (_BOTH, "usw2")},
            }
        },
        {
            "aws_vpc": {
                "net_use1": {"cidr_block": "10.20.0.0/16"},
                "net_usw2": {**_WEST, "cidr_block": "10.30.0.0/16"},
            },
            "aws_security_group": {"db_use1": {}, "db_usw2": _WEST},
            "aws_vpc_security_group_ingress_rule": {
                "in_use1": {"security_group_id": "${aws_security_group.db_use1.id}", "cidr_ipv4": "10.30.64.0/18"},
                "in_usw2": {
                    **_WEST,
                    "security_group_id": "${aws_security_group.db_usw2.id}",
                    "cidr_ipv4": "10.20.128.0/18",
                },
            },
        },
    ],
    mutations=[
        put("retention_in_days", 1, "aws_cloudwatch_log_group"),
        drop("kms_key_id", "aws_cloudwatch_log_group"),
        edit("another permission", _policy_widened, "aws_iam_role_policy"),
        edit("another port", each("from_port", _nearer_port), "aws_vpc_security_group_ingress_rule"),
        put("cidr_ipv4", "10.20.0.0/24", "aws_vpc_security_group_egress_rule"),
        put("traffic_type", "REJECT", "aws_flow_log"),
        put("destination_cidr_block", "10.40.0.0/16", "aws_route"),
        put("source_account", "111111111111", "aws_lambda_permission"),
        drop("enable_dns_hostnames", "aws_vpc"),
        put("validation_method", "EMAIL", "aws_acm_certificate"),
        put("endpoint", "nobody@tap.example", "aws_sns_topic_subscription"),
        drop("kms_master_key_id", "aws_sns_topic"),
    ],
)
def twins_alike(resource: Resource) -> Iterator[str]:
    """All attributes of what no closer rule compares, but for the few that are meant to differ."""
    yield from apart(resource, but=_MAY_DIFFER.get(resource.type, ()))
