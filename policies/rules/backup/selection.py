"""A plan says of what it makes backups, and who makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.model.iam import texts
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule
from policies.rules.backup._plans import SELECTION, backed_up
from policies.rules.iam._wildcards import has_wildcard

_ROLES: Final = "aws_iam_role"


@rule(
    id="TAP_BACKUP_SELECTION",
    title="Backups are of named resources, made by a role of this deployment",
    risk="By tags or by * a backup covers what somebody else has made, and misses what lost its tag; with a role of "
    "AWS it may read everything in the account.",
    remediation="List the ARNs in resources, without selection_tag and condition, and name an own role in "
    "iam_role_arn.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:7.2.5", "NIST-800-53:AC-6", "NIST-800-53:CP-9", "WA-REL:REL09-BP03"],
    judges=kind(SELECTION),
    passes=[
        backed_up(),
        backed_up(selection={"resources": ["arn:aws:dynamodb:us-east-1:000000000000:table/sessions"]}),
    ],
    fails=[
        backed_up(selection={"resources": ["*"]}),
        backed_up(selection={"resources": ["arn:aws:dynamodb:*:*:table/*"]}),
        backed_up(selection={"resources": ["${var.arn}"]}),
        backed_up(selection={"resources": []}),
        backed_up(selection={"selection_tag": [{"type": "STRINGEQUALS", "key": "backup", "value": "true"}]}),
        backed_up(selection={"condition": [{"string_equals": []}]}),
        backed_up(selection={"not_resources": ["arn:aws:s3:::*"]}),
        backed_up(
            selection={"iam_role_arn": "arn:aws:iam::000000000000:role/service-role/AWSBackupDefaultServiceRole"}
        ),
    ],
    mutations=[
        put("resources", ["*"]),
        put("resources", ["arn:aws:dynamodb:*:*:table/*"]),
        drop("resources"),
        put("selection_tag", [{"type": "STRINGEQUALS", "key": "backup", "value": "true"}]),
        put("iam_role_arn", "arn:aws:iam::000000000000:role/service-role/AWSBackupDefaultServiceRole"),
        drop("iam_role_arn"),
    ],
)
def backup_selection(selection: Resource) -> Iterator[str]:
    """What cannot be read names nothing."""
    named, undecided = texts(selection, "resources")
    if not named:
        yield "it names no resources"
    for resource in named:
        if has_wildcard(resource):
            yield f"{resource} stands for more than one resource"
        elif resource in undecided:
            yield f"{resource} is one that only Terraform can tell"
    for other in ("selection_tag", "condition", "not_resources"):
        if selection.items(other):
            yield f"{other} selects beside the ARNs"
    role = selection.target("iam_role_arn")
    if role is None or role.type != _ROLES or role.mode != "resource":
        yield f"iam_role_arn is {selection.get('iam_role_arn')}, which is no role of this deployment"
