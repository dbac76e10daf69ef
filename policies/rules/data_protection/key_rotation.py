"""Keys get new material every year, by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule

LONGEST_PERIOD_DAYS: Final = 365
"""Also AWS's default.

https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
"""

SYMMETRIC: Final = "SYMMETRIC_DEFAULT"


def can_rotate(key: Resource) -> bool:
    """Whether AWS can rotate a key by itself: symmetric ones that KMS made; one of unknown kind counts as such.

    https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    """
    spec = key.literal("customer_master_key_spec") or SYMMETRIC
    return spec == SYMMETRIC and "custom_key_store_id" not in key


@rule(
    id="TAP_KEY_ROTATION",
    title="Keys are rotated every year, and enabled",
    risk="A key that never changes protects ever more data, all of which is lost to whoever gets that one key; one "
    "that is disabled locks everybody out.",
    remediation="Set enable_key_rotation = true, leave rotation_period_in_days out or at 365 days at most, and do not "
    "disable the key. Replicas follow their primary key.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:3.7.4", "NIST-800-53:SC-12", "WA-REL:REL09-BP02"],
    judges=kind("aws_kms_key", where=can_rotate),
    passes=[
        {"aws_kms_key": {"yearly": {"enable_key_rotation": True}}},
        {"aws_kms_key": {"quarterly": {"enable_key_rotation": True, "rotation_period_in_days": 90}}},
    ],
    fails=[
        {"aws_kms_key": {"silent": {}}},
        {"aws_kms_key": {"off": {"enable_key_rotation": False}}},
        {"aws_kms_key": {"slow": {"enable_key_rotation": True, "rotation_period_in_days": 2560}}},
        {"aws_kms_key": {"disabled": {"enable_key_rotation": True, "is_enabled": False}}},
    ],
    mutations=[
        drop("enable_key_rotation"),
        put("enable_key_rotation", value=False),
        put("enable_key_rotation", "${var.rotate}"),
        put("rotation_period_in_days", 366),
        put("is_enabled", value=False),
    ],
)
def key_rotation(key: Resource) -> Iterator[str]:
    """Rotation is off unless it is written; asymmetric keys and those of another store cannot be rotated so."""
    if key.flag("enable_key_rotation") is not True:
        yield f"enable_key_rotation is {key.get('enable_key_rotation')}, not true"
    if "is_enabled" in key and key.flag("is_enabled") is not True:
        yield f"is_enabled is {key.get('is_enabled')}: nothing can be decrypted with the key"
    if "rotation_period_in_days" in key:
        days = key.number("rotation_period_in_days")
        if days is None or days > LONGEST_PERIOD_DAYS:
            yield f"rotation_period_in_days is {key.get('rotation_period_in_days')}, more than {LONGEST_PERIOD_DAYS}"
