"""Both regions run the same code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, rule
from policies.rules.topology._pairs import apart, twinned

CODE: Final = frozenset(
    {
        "architectures", "filename", "handler", "image_config", "image_uri", "layers", "package_type", "runtime",
        "s3_bucket", "s3_key", "s3_object_version", "source_code_hash",
    }
)  # fmt: skip

_UPDATES: Final = frozenset({"all", "filename", "image_uri", "s3_key", "s3_object_version", "source_code_hash"})

_CODE: Final = {"handler": "a.b", "runtime": "python3.13", "source_code_hash": "3q2+7w=="}
_WEST: Final = {"provider": "aws.usw2"}
_STALE: Final = {"lifecycle": {"ignore_changes": ["source_code_hash"]}}


def _ignoring_updates(body: dict[str, Any], _: Resource) -> None:
    body["lifecycle"] = {"ignore_changes": ["filename"]}


@rule(
    id="TAP_TOPOLOGY_ONE_CODE",
    title="Functions run the same code in both regions",
    risk="A failover also switches to another release: what was tested is not what takes over, and an older release "
    "may not understand the payments that the newer one has written.",
    remediation="Deploy one archive to both regions, with its source_code_hash, handler, runtime and architecture; "
    "let Terraform update it.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:6.5.1", "NIST-800-53:CM-2", "NIST-800-53:SI-7", "WA-REL:REL13-BP04"],
    judges=twinned("aws_lambda_function"),
    passes=[
        {"aws_lambda_function": {"pay_use1": _CODE, "pay_usw2": {**_WEST, **_CODE}}},
        {
            "aws_lambda_function": {
                "p_use1": {"image_uri": "pay@sha256:1"},
                "p_usw2": {**_WEST, "image_uri": "pay@sha256:1"},
            }
        },
    ],
    fails=[
        {"aws_lambda_function": {"pay_use1": _CODE, "pay_usw2": {**_WEST, **_CODE, "source_code_hash": "AAAA"}}},
        {"aws_lambda_function": {"pay_use1": _CODE, "pay_usw2": {**_WEST, **_CODE, "handler": "a.c"}}},
        {"aws_lambda_function": {"pay_use1": {"handler": "a.b"}, "pay_usw2": {**_WEST, "handler": "a.b"}}},
        {"aws_lambda_function": {"pay_use1": {**_CODE, **_STALE}, "pay_usw2": {**_WEST, **_CODE, **_STALE}}},
        {
            "aws_lambda_function": {
                "p_use1": {"image_uri": "pay:latest"},
                "p_usw2": {**_WEST, "image_uri": "pay:latest"},
            }
        },
    ],
    mutations=[
        put("source_code_hash", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        drop("source_code_hash"),
        put("runtime", "python3.12"),
        put("architectures", ["x86_64"]),
        put("handler", "other.handler"),
        edit("Terraform is told to ignore new code", _ignoring_updates),
    ],
)
def functions_code(function: Resource) -> Iterator[str]:
    """The hash must be there and be equal; a tag such as ``latest`` and ignored updates prove nothing."""
    yield from apart(function, only=CODE)
    if "@sha256:" not in (function.text("image_uri") or "") and "source_code_hash" not in function:
        yield "no source_code_hash says which code this is, so that nothing shows that both regions run the same"
    for name in function.block("lifecycle").texts("ignore_changes"):
        if name in _UPDATES:
            yield f"lifecycle.ignore_changes holds {name}, so that this region keeps its code when it changes"
