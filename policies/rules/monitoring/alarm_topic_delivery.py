"""CloudWatch can publish to the encrypted topics that alarms act on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from policies.model.alarms import ALARM
from policies.model.deployment import Resource
from policies.model.iam import Document, Statement, documents
from policies.mutation import edit, put
from policies.rule import Severity, kind, rule
from policies.rules.monitoring._topics import TOPIC, is_alarm_topic

CLOUDWATCH: Final = "cloudwatch.amazonaws.com"
KEY_TYPES: Final = frozenset({"aws_kms_key", "aws_kms_replica_key"})
KEY_ACTIONS: Final = ("kms:Decrypt", "kms:GenerateDataKey")
"""What a service needs that publishes to an encrypted topic, and what AWS's own key ``alias/aws/sns`` allows to none.

https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
"""

_POLICY: Final = "aws_sns_topic_policy"


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(*actions: str, service: str = CLOUDWATCH, **more: Any) -> dict[str, Any]:
    principal = {"Service": service}
    return {"Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": "*", **more}


_ENCRYPTED: Final = "${aws_kms_key.key.arn}"


def _topic(
    *, key: str | None = _ENCRYPTED, key_policy: str | None = None, policy: str | None = None, **topic: Any
) -> dict[str, Any]:
    published = _allow("sns:Publish", Condition={"StringEquals": {"aws:SourceAccount": "000000000000"}})
    return {
        TOPIC: {"alerts": {"name": "alerts", "kms_master_key_id": key, **topic}},
        ALARM: {"alarm": {"alarm_actions": ["${aws_sns_topic.alerts.arn}"]}},
        "aws_kms_key": {"key": {"policy": _document(_allow(*KEY_ACTIONS)) if key_policy is None else key_policy}},
        _POLICY: {
            "alerts": {
                "arn": "${aws_sns_topic.alerts.arn}",
                "policy": _document(published) if policy is None else policy,
            }
        },
    }


def _topic_of(policy: Resource) -> list[Resource]:
    topic = policy.target("arn")
    return [topic] if topic is not None and is_alarm_topic(topic) else []


def _encrypted_with(key: Resource) -> list[Resource]:
    return [t for t in key.users(TOPIC) if t.target("kms_master_key_id") is key and is_alarm_topic(t)]


def _shut_out(body: dict[str, Any], _: Resource) -> bool:
    text = str(body.get("policy"))
    body["policy"] = text.replace(CLOUDWATCH, "events.amazonaws.com")
    return CLOUDWATCH in text


def _far(body: dict[str, Any], policy: Resource) -> bool:
    peer, text = policy.deployment.peer(policy.region), str(body.get("policy"))
    body["policy"] = text.replace(f"arn:aws:cloudwatch:{policy.region}", f"arn:aws:cloudwatch:{peer}")
    return peer is not None


_FAR_ALARMS: Final = {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-west-2:000000000000:alarm:*"}}


@rule(
    id="TAP_ALARM_TOPIC_DELIVERS",
    title="Topics that alarms act on are encrypted with a key that CloudWatch may use, and let it publish",
    risk="CloudWatch drops what it cannot encrypt or publish; the alarm shows as raised, and no notification is sent.",
    remediation=(
        "Encrypt the topic with a key of your own whose policy allows kms:Decrypt and kms:GenerateDataKey* to "
        "cloudwatch.amazonaws.com, and let it sns:Publish in the topic's policy."
    ),
    severity=Severity.HIGH,
    controls=[
        "PCI-DSS-4.0:10.7.2",
        "PCI-DSS-4.0:3.5.1",
        "NIST-800-53:SI-4(5)",
        "NIST-800-53:SC-28",
        "WA-REL:REL06-BP03",
    ],
    judges=kind(TOPIC, where=is_alarm_topic),
    passes=[
        _topic(),
        _topic(key_policy=_document(_allow("kms:GenerateDataKey*", "kms:Decrypt*"))),
        {name: bodies for name, bodies in _topic().items() if name != _POLICY},
    ],
    fails=[
        _topic(key=None),
        _topic(key="alias/aws/sns"),
        _topic(key_policy=_document(_allow("kms:Decrypt"))),
        _topic(key_policy=_document(_allow(*KEY_ACTIONS, service="sns.amazonaws.com"))),
        _topic(policy=_document(_allow("sns:Publish", service="events.amazonaws.com"))),
        _topic(policy=_document(_allow("sns:Subscribe"))),
        _topic(policy=_document(_allow("sns:Publish", Condition=_FAR_ALARMS))),
        _topic(policy="${file(var.policy)}"),
    ],
    mutations=[
        put("kms_master_key_id", None),
        put("kms_master_key_id", "alias/aws/sns"),
        edit("a key that CloudWatch may not use", _shut_out, *KEY_TYPES, seen_on=_encrypted_with),
        edit("a policy that does not know CloudWatch", _shut_out, _POLICY, seen_on=_topic_of),
        edit("a policy for alarms of the other region", _far, _POLICY, seen_on=_topic_of),
    ],
)
def alarm_topic_delivers(topic: Resource) -> Iterator[str]:
    """Without a policy of its own a topic has SNS's default one, which lets the account's alarms publish."""
    yield from _closed_key(topic)
    policies = [policy for policy in topic.users(_POLICY) if policy.target("arn") is topic]
    written = [document for each in (*policies, topic) for document in documents(each)]
    if written and not any(_admits(document, ("sns:Publish",), topic.region) for document in written):
        faults = [document.fault for document in written if document.fault]
        yield f"its policy does not let {CLOUDWATCH} publish{': ' if faults else ''}{'; '.join(faults)}"


def _closed_key(topic: Resource) -> Iterator[str]:
    key = topic.target("kms_master_key_id")
    if "kms_master_key_id" not in topic:
        yield "it is not encrypted"
    elif key is None or key.type not in KEY_TYPES:
        yield f"its key {topic.get('kms_master_key_id')} is not one of this deployment: CloudWatch may not use it"
    elif not any(_admits(document, KEY_ACTIONS, topic.region) for document in documents(key)):
        yield f"the policy of its key {key.path} does not let {CLOUDWATCH} do {' and '.join(KEY_ACTIONS)}"


def _admits(document: Document, actions: tuple[str, ...], region: str | None) -> bool:
    """Whether CloudWatch may do all of the actions for alarms of a region."""
    open_to_it = [s for s in document.statements if s.allows and ("Service", CLOUDWATCH) in s.principals]
    useful = [statement for statement in open_to_it if _holds_for(statement, region)]
    return all(
        any(fnmatchcase(action.lower(), allowed.lower()) for s in useful for allowed in s.actions) for action in actions
    )


def _holds_for(statement: Statement, region: str | None) -> bool:
    """Whether the statement's conditions leave alarms of the region in."""
    sources = [values for _, name, values in statement.conditions if name.lower() == "aws:sourcearn"]
    return all(any(_is_alarm_in(value, region) for value in values) for values in sources)


def _is_alarm_in(arn: str, region: str | None) -> bool:
    parts = arn.split(":")
    return len(parts) > 3 and parts[2] in {"cloudwatch", "*"} and fnmatchcase(region or "", parts[3])
