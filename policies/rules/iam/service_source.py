"""What a service may do to a resource, it may do on somebody's behalf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.iam import Kind, Statement
from policies.rule import Severity, rule
from policies.rules.iam._narrowing import SOURCES, holds, is_narrowed, of_one_account
from policies.rules.iam._statements import allowing, policy, readable, spoiled

_JUDGED: Final = (Kind.RESOURCE, Kind.KEY)

_CONTEXT: Final = "kms:encryptioncontext:"
"""What a service encrypts for: CloudWatch Logs says so in place of a source.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"""


def _topic(**condition: object) -> dict[str, dict[str, Any]]:
    statement = {
        "Action": "sns:Publish",
        "Resource": "${aws_sns_topic.it.arn}",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        **({"Condition": condition} if condition else {}),
    }
    return {"aws_sns_topic_policy": {"it": {"arn": "${aws_sns_topic.it.arn}", "policy": policy(statement)}}}


def _logs_key(operator: str, value: str) -> dict[str, dict[str, Any]]:
    statement = {
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
        "Condition": {operator: {"kms:EncryptionContext:aws:logs:arn": value}},
    }
    return {"aws_kms_key": {"it": {"policy": policy(statement)}}}


def _a_service(statement: dict[str, Any]) -> bool:
    return isinstance(statement.get("Principal"), dict) and "Service" in statement["Principal"]


@rule(
    id="TAP_IAM_SERVICE_SOURCE",
    title="Services use topics, queues, buckets and keys only for a named account or source",
    risk="The service is everybody's: a stranger has it publish, read or decrypt here on his behalf.",
    remediation="Add StringEquals aws:SourceAccount or ArnLike aws:SourceArn; for CloudWatch Logs and a key, ArnLike "
    "kms:EncryptionContext:aws:logs:arn with the account.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:IA-9", "WA-REL:REL10-BP03"],
    judges=readable(*_JUDGED),
    passes=[
        _topic(StringEquals={"aws:SourceAccount": "111122223333"}),
        _topic(ArnLike={"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:*"}),
        _topic(ArnEquals={"aws:SourceArn": "${aws_cloudwatch_metric_alarm.it.arn}"}),
        _logs_key("ArnLike", "arn:aws:logs:us-east-1:111122223333:log-group:*"),
        {
            "aws_kms_key": {
                "it": {
                    "policy": policy({"Action": "kms:Decrypt", "Resource": "*", "Principal": {"AWS": "111122223333"}})
                }
            }
        },
    ],
    fails=[
        _topic(),
        _topic(StringEquals={"aws:PrincipalOrgID": "o-a1b2c3"}),
        _topic(ArnLike={"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:*:alarm:*"}),
        _logs_key("ArnLike", "arn:aws:logs:us-east-1:*:log-group:*"),
        _logs_key("StringNotLike", "arn:aws:logs:us-east-1:111122223333:log-group:*"),
    ],
    mutations=[
        spoiled(
            "no condition",
            lambda statement: _a_service(statement) and statement.pop("Condition", None) is not None,
        ),
        spoiled(
            "TLS as the only condition",
            lambda statement: (
                _a_service(statement) and statement.update({"Condition": {"Bool": {"aws:SecureTransport": "true"}}})
            ),
        ),
        spoiled(
            "alarms of any account",
            lambda statement: (
                _a_service(statement)
                and statement.update(
                    {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:*:alarm:*"}}}
                )
            ),
        ),
    ],
)
def service_source(resource: Resource) -> Iterator[str]:
    """Each statement for a service has a condition that must hold and names whom the service acts for."""
    for _, statement, about in allowing(resource, *_JUDGED):
        services = [name for type_, name in statement.principals if type_ == "Service"]
        if services and not is_narrowed(statement, SOURCES) and not _for_one_account(statement):
            yield f"{about} {', '.join(services)} may act for anybody: no condition says for which account or source"


def _for_one_account(statement: Statement) -> bool:
    return any(
        key.lower().startswith(_CONTEXT) and holds(statement, operator, values, of_one_account)
        for operator, key, values in statement.conditions
    )
