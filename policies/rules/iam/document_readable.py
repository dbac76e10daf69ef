"""Policy documents can be read: what a gate cannot read, it cannot pass."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.model.iam import documents, has_document
from policies.mutation import edit, put
from policies.rule import ANY, Severity, kind, rule
from policies.rules.iam._statements import policy, role_policy, spoiled


def _cut(body: dict[str, object], _: Resource) -> bool:
    text = body.get("policy")
    if not isinstance(text, str):
        return False
    body["policy"] = text[:-1]
    return True


@rule(
    id="TAP_IAM_DOCUMENT_READABLE",
    title="Policy documents can be read before they are deployed",
    risk="Nobody reviews what nobody can read: a document that only Terraform knows may allow everything.",
    remediation="Write it as JSON, jsonencode or aws_iam_policy_document, of literals and references to resources.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:7.2.5.1", "NIST-800-53:AC-6(7)", "WA-REL:REL10-BP03"],
    judges=kind(ANY, where=has_document),
    passes=[
        role_policy({"Action": "s3:GetObject", "Resource": "${aws_s3_bucket.it.arn}/*"}),
        {
            "aws_iam_policy": {"it": {"policy": "${data.aws_iam_policy_document.it.json}"}},
            "data.aws_iam_policy_document": {
                "it": {"statement": [{"actions": ["s3:GetObject"], "resources": ["${aws_s3_bucket.it.arn}/*"]}]}
            },
        },
        {
            "aws_iam_policy": {
                "it": {
                    "policy": '${jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject",'
                    " Resource = aws_s3_bucket.it.arn }] })}"
                }
            }
        },
    ],
    fails=[
        {"aws_iam_policy": {"unknown": {"policy": "${var.policy}"}}},
        {"aws_iam_policy": {"elsewhere": {"policy": '${file("policy.json")}'}}},
        {"aws_iam_policy": {"broken": {"policy": policy({"Action": "s3:GetObject", "Resource": "*"})[:-1]}}},
        {"aws_iam_policy": {"missing": {"name": "it"}}},
        role_policy({"Actions": "*", "Resource": "*"}),
        {"aws_sqs_queue_policy": {"nobody": {"policy": policy({"Action": "sqs:SendMessage", "Resource": "*"})}}},
    ],
    mutations=[
        put("policy", "${var.policy}", where=lambda resource: "policy" in resource),
        put("assume_role_policy", "{}", "aws_iam_role"),
        edit("the last brace is missing", _cut),
        spoiled("an element that no statement has", lambda statement: statement.update({"action": "*"})),
        spoiled("without an effect of IAM's", lambda statement: statement.update({"Effect": "allow"})),
    ],
    waivable=False,
)
def document_readable(resource: Resource) -> Iterator[str]:
    """Every document in the resource is read whole, however it is written; each thing that was not is told."""
    for document in documents(resource):
        if document.fault:
            yield f"{document.attribute}: {document.fault}"
