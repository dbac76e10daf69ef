"""Which key encrypts: one of the customer's own, in the region where the data lies, or something else?"""

from __future__ import annotations

import re
from typing import Final

from policies.model.deployment import Resource

_KEYS: Final = frozenset(
    {"aws_kms_key", "aws_kms_replica_key", "aws_kms_external_key", "aws_kms_replica_external_key", "aws_kms_alias"}
)
_LOOKED_UP: Final = {"aws_kms_key": "key_id", "aws_kms_alias": "name"}
"""Data sources, and the attribute that says which key they look up."""

_WRITTEN = re.compile(r"(?:arn:[\w-]+:kms:(?P<region>[\w-]+):\d{12}:)?(?:key/|alias/)?(?P<name>[\w/-]+)")
"""https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id"""

AWS_OWN: Final = "aws/"
"""How the aliases of keys begin that AWS makes: their policies cannot be changed, and no other account can use them.

https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
"""


def key_fault(user: Resource, value: object, region: str | None) -> str | None:
    """Why a key does not do for data of ``user`` that lies in ``region``; None if it is a customer's key there."""
    if value is None or value == "":
        return "no key is named, so that AWS uses one of its own"
    key = user.deployment.target(user.stack, value)
    if key is not None and key.mode == "resource" and key.type in _KEYS:
        return _elsewhere(key.path, key.region, region)
    if key is not None and key.mode == "data" and key.type in _LOOKED_UP:
        return _written_fault(key.literal(_LOOKED_UP[key.type]), key.region, region)
    literal = user.deployment.literal(user.stack, value)
    if literal is None:
        return f"{value} leads to no key that can be seen"
    return _written_fault(literal, region, region)


def _written_fault(text: str | None, found_in: str | None, region: str | None) -> str | None:
    match = _WRITTEN.fullmatch(text or "")
    if match is None:
        return f"{text} is no KMS key"
    if match["name"].startswith(AWS_OWN):
        return f"{text} is a key of AWS, not of the customer"
    return _elsewhere(str(text), match["region"] or found_in, region)


def _elsewhere(key: str, found_in: str | None, region: str | None) -> str | None:
    return None if found_in == region else f"the key {key} is in {found_in}, the data in {region}"
