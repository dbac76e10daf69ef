"""What is stored is encrypted with a key that somebody can take away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.data_protection._keys import key_fault
from policies.rules.storage._buckets import (
    BUCKET,
    ENCRYPTION,
    bucket_of,
    holds_data,
    in_the_first,
    pair,
    settings,
)

KMS: Final = ("aws:kms", "aws:kms:dsse")
_DEFAULT: Final = "apply_server_side_encryption_by_default"


def _data_bucket(setting: Resource) -> list[Resource]:
    return [bucket for bucket in bucket_of(setting) if holds_data(bucket)]


def _with(**default: Any) -> dict[str, Any]:
    by_default = {"sse_algorithm": "aws:kms", "kms_master_key_id": "${aws_kms_key.home.arn}", **default}
    return {"rule": [{"bucket_key_enabled": True, _DEFAULT: by_default}]}


def _of_the_other_region(body: dict[str, Any], setting: Resource) -> bool:
    twin = setting.twin
    if twin is None:
        return False
    theirs = twin.block("rule").block(_DEFAULT).get("kms_master_key_id")
    body["rule"] = [{**body["rule"][0], _DEFAULT: {**body["rule"][0][_DEFAULT], "kms_master_key_id": theirs}}]
    return theirs is not None


@rule(
    id="TAP_STORAGE_ENCRYPTED",
    title="Buckets are encrypted with a customer key of their own region",
    risk="With a key of AWS nobody can say who may decrypt, or take that away; with a key of the other region nothing "
    "can be read once that region is down.",
    remediation="Set aws:kms with kms_master_key_id of the bucket's own region, and bucket_key_enabled = true. Buckets "
    "for access logs are left out: AWS delivers none to a bucket with a KMS key.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.5.1", "NIST-800-53:SC-28(1)", "NIST-800-53:SC-12", "WA-REL:REL09-BP02"],
    judges=kind(BUCKET, where=holds_data),
    passes=[pair()],
    fails=[
        pair(encryption=None),
        pair(encryption=_with(sse_algorithm="AES256")),
        pair(encryption=_with(kms_master_key_id=None)),
        pair(encryption=_with(kms_master_key_id="${aws_kms_replica_key.there.arn}")),
        pair(encryption=_with(kms_master_key_id="alias/aws/s3")),
        pair(encryption={"rule": [{_DEFAULT: _with()["rule"][0][_DEFAULT]}]}),
    ],
    mutations=[
        remove("without encryption of its own", ENCRYPTION, seen_on=_data_bucket),
        put(f"rule.{_DEFAULT}.sse_algorithm", "AES256", ENCRYPTION, seen_on=_data_bucket),
        drop(f"rule.{_DEFAULT}.kms_master_key_id", ENCRYPTION, seen_on=_data_bucket),
        put("rule.bucket_key_enabled", False, ENCRYPTION, seen_on=_data_bucket),
        edit("the key of the other region", _of_the_other_region, ENCRYPTION, seen_on=_data_bucket),
        edit(
            "a key that nobody knows",
            in_the_first("rule", lambda rule, _: rule.update({_DEFAULT: {"sse_algorithm": "aws:kms"}})),
            ENCRYPTION,
            seen_on=_data_bucket,
        ),
    ],
)
def storage_encrypted(bucket: Resource) -> Iterator[str]:
    """Without a bucket key each object asks KMS, whose requests are throttled per region."""
    rules = [each for setting in settings(bucket, ENCRYPTION) for each in setting.blocks("rule")]
    if not rules:
        yield "no aws_s3_bucket_server_side_encryption_configuration is for it"
    for each in rules:
        default = each.block(_DEFAULT)
        if default.get("sse_algorithm") not in KMS:
            yield f"sse_algorithm is {default.get('sse_algorithm')}, not {KMS[0]}"
        fault = key_fault(settings(bucket, ENCRYPTION)[0], default.get("kms_master_key_id"), bucket.region)
        if fault:
            yield f"kms_master_key_id: {fault}"
        if each.flag("bucket_key_enabled") is not True:
            yield f"bucket_key_enabled is {each.get('bucket_key_enabled')}, not true"
