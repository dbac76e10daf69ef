"""Where a wildcard stands in an action or an ARN, and where it may."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from policies.model.authorization import names_a_whole_resource
from policies.model.references import expressions

GAP: Final = "\ufffc"
"""Stands for an expression or a policy variable: text that is not known yet, and no wildcard."""

_POLICY_VARIABLE = re.compile(r"[$&]{1,2}\{[^}]*\}")
_WILDCARD = re.compile(r"[*?]")
_FIELDS: Final = ("partition", "service", "region", "account")

GENERATED: Final = (
    # The network interfaces of a function in a VPC: EC2 gives the id when Lambda creates one.
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    ("ec2", re.compile(r"network-interface/\*")),
    # Secrets Manager appends a hyphen and six characters to a secret's name.
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html
    ("secretsmanager", re.compile(r"secret:[^*?]+-\?{6}")),
    # AWS Backup gives the recovery points that it keeps itself an id of its own.
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/recovery-points.html
    ("backup", re.compile(r"recovery-point:\*")),
    # AWS Backup begins the names of the snapshots that it takes with "awsbackup:".
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html
    ("rds", re.compile(r"(cluster-)?snapshot:awsbackup:[^?]*\*")),
)
"""Service, and what an ARN's last field may look like: names that a service generates, so that nobody can name them."""

_THIS_API: Final = "execute-api:/"
"""Short for the API that the policy is of.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html"""


@dataclass(frozen=True)
class Arn:
    """The fields of an ARN; what is not written is empty, which matches nothing else."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @property
    def wide(self) -> tuple[str, ...]:
        """The fields before the resource that hold a wildcard."""
        return tuple(name for name in _FIELDS if has_wildcard(getattr(self, name)))


@lru_cache(maxsize=4096)
def masked(text: str) -> str:
    """The text with every expression and policy variable as one character that is no wildcard."""
    if "{" not in text:
        return text
    parts: list[str] = []
    position = 0
    for start, end in expressions(text):
        parts += [text[position : start - 2], GAP]
        position = end + 1
    return _POLICY_VARIABLE.sub(GAP, "".join([*parts, text[position:]]))


def has_wildcard(text: str) -> bool:
    """Whether IAM would match more than the text itself."""
    return _WILDCARD.search(masked(text)) is not None


def arn(text: str) -> Arn | None:
    """The ARN that a text spells out; None if it is none, or if it begins with a reference to one."""
    prefix, *fields = masked(text).split(":", 5)
    return Arn(*fields, *[""] * (5 - len(fields))) if prefix == "arn" else None


def names_one(text: str) -> bool:
    """Whether a resource is named whole: exactly, or as parts of it, or as one of the listed generated names."""
    plain = masked(text)
    wildcard = _WILDCARD.search(plain)
    if wildcard is None:
        return True
    if plain.startswith(GAP):
        return plain[1] in "/:"
    named = arn(text)
    if named is None:
        return plain.startswith(_THIS_API)
    if not has_wildcard(named.resource):
        return bool(named.resource)
    return _is_generated(named) or names_a_whole_resource(
        named.service, f"{named.region}:{named.account}:{_WILDCARD.split(named.resource, 1)[0]}"
    )


def _is_generated(named: Arn) -> bool:
    return any(named.service == service and form.fullmatch(named.resource) for service, form in GENERATED)
