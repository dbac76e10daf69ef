"""What is deleted is gone as soon as AWS allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import drop, put
from policies.rule import Severity, kind, rule
from policies.rules.destroyability._settings import Setting, Settings

_NAME_TAKEN: Final = "its name is taken for so long, and a new deployment of that name fails"
_KEY_LIVES: Final = "the key is paid for, and usable again, for longer than AWS demands"

SOONEST_KEY_DELETION_DAYS: Final = 7
"""https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""


def _soonest(path: str, days: int, otherwise: str) -> list[Setting]:
    return [Setting(path, days, otherwise, may_be_absent=False)]


_WINDOWS: Final = {
    # https://docs.aws.amazon.com/secretsmanager/latest/APIReference/API_DeleteSecret.html
    "aws_secretsmanager_secret": _soonest("recovery_window_in_days", 0, _NAME_TAKEN),
    "aws_quicksight_analysis": _soonest("recovery_window_in_days", 0, _NAME_TAKEN),
    **{
        f"aws_kms_{type_}": _soonest("deletion_window_in_days", SOONEST_KEY_DELETION_DAYS, _KEY_LIVES)
        for type_ in ("key", "replica_key", "external_key", "replica_external_key")
    },
    "aws_paymentcryptography_key": _soonest("deletion_window_in_days", 3, _KEY_LIVES),
    "aws_acmpca_certificate_authority": _soonest("permanent_deletion_time_in_days", 7, _KEY_LIVES),
}
_SETTINGS: Final = Settings(by_type=dict(_WINDOWS))


@rule(
    id="TAP_DESTROY_WINDOW",
    title="What is deleted is gone as soon as AWS allows",
    risk="The default is 30 days: a deployment that was destroyed cannot be made again under its name, and its secrets "
    "and keys live on.",
    remediation="Set recovery_window_in_days = 0 on secrets, and deletion_window_in_days = "
    f"{SOONEST_KEY_DELETION_DAYS}, the least that AWS allows, on keys and their replicas.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.2.1", "NIST-800-53:SI-12(3)", "WA-REL:REL08-BP04"],
    judges=kind(*_WINDOWS),
    passes=[
        {
            "aws_secretsmanager_secret": {"signing": {"recovery_window_in_days": 0}},
            "aws_kms_key": {"platform": {"deletion_window_in_days": 7}},
            "aws_kms_replica_key": {"platform": {"deletion_window_in_days": "7"}},
        }
    ],
    fails=[
        {"aws_secretsmanager_secret": {"silent": {}}},
        {"aws_secretsmanager_secret": {"week": {"recovery_window_in_days": 7}}},
        {"aws_kms_key": {"month": {"deletion_window_in_days": 30}}},
        {"aws_kms_replica_key": {"silent": {}}},
        {"aws_kms_key": {"unknown": {"deletion_window_in_days": "${var.days}"}}},
    ],
    mutations=[
        drop("recovery_window_in_days", "aws_secretsmanager_secret"),
        put("recovery_window_in_days", 30, "aws_secretsmanager_secret"),
        put("recovery_window_in_days", "${var.days}", "aws_secretsmanager_secret"),
        drop("deletion_window_in_days", "aws_kms_key", "aws_kms_replica_key"),
        put("deletion_window_in_days", 8, "aws_kms_key", "aws_kms_replica_key"),
    ],
)
def destroy_window(resource: Resource) -> Iterator[str]:
    """The default is always the longest, so it must be written."""
    yield from _SETTINGS.faults(resource)
