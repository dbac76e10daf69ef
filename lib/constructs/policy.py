"""IAM policy documents: written here and by the constructs' grants, nowhere by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Statement = dict[str, Any]
Condition = Mapping[str, Mapping[str, str | Sequence[str]]]


def allow(
    *actions: str,
    on: str | Sequence[str],
    when: Condition | None = None,
    to: Mapping[str, str | Sequence[str]] | None = None,
) -> Statement:
    """A statement that allows ``actions`` on exact ARNs; ``to`` names the principal in a resource policy."""
    statement: Statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": on}
    if to:
        statement["Principal"] = dict(to)
    if when:
        statement["Condition"] = {operator: dict(keys) for operator, keys in when.items()}
    return statement


def allow_unscoped(*actions: str, region: str) -> Statement:
    """A statement for actions that IAM cannot scope to a resource, held to one region instead.

    Only for actions whose every row in the service authorization reference has ``*`` as its resource:
    https://docs.aws.amazon.com/service-authorization/latest/reference/
    """
    return allow(*actions, on="*", when={"StringEquals": {"aws:RequestedRegion": region}})


def refuse_plain(action: str, *, on: str | Sequence[str]) -> Statement:
    """A statement for a resource's policy that refuses whoever comes without TLS."""
    return {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": action,
        "Resource": on,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def document(statements: Sequence[Statement]) -> str:
    """The statements as a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def trust(service: str, *, account_id: str, source_arn: str | None = None) -> str:
    """A trust policy for one AWS service, acting for this account only (the confused-deputy guard).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    condition: dict[str, dict[str, str]] = {"StringEquals": {"aws:SourceAccount": account_id}}
    if source_arn:
        condition["ArnLike"] = {"aws:SourceArn": source_arn}
    return document(
        [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}, "Condition": condition}]
    )


class Grantee(Protocol):
    """What a permission can be given to: a function's role, a state machine's role."""

    def allow(self, *actions: str, on: str | Sequence[str], when: Condition | None = None) -> None:
        """Let it do ``actions`` on exact ARNs."""
