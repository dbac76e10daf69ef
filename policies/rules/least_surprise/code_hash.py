"""A change of code is a change that Terraform sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule

_OBJECTS: Final = ("aws_s3_object", "aws_s3_bucket_object")
_SHA256: Final = re.compile(r"[A-Za-z0-9+/]{43}=")
"""SHA-256 in base64: https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/lambda_function"""

_WATCHED: Final = frozenset(
    {"all", "etag", "filename", "image_uri", "s3_key", "s3_object_version", "source", "source_code_hash", "source_hash"}
)
"""What tells Terraform that code changed."""


def _carries_code(resource: Resource) -> bool:
    return resource.type not in _OBJECTS or "source" in resource


def _ignoring(*attributes: str) -> Any:
    def change(body: dict[str, Any], _: Resource) -> None:
        body["lifecycle"] = {**body.get("lifecycle", {}), "ignore_changes": list(attributes)}

    return change


@rule(
    id="TAP_CODE_HASH",
    title="Terraform sees every change of the code that it uploads",
    risk="A fix is merged, planned and applied, and the old code goes on running, in one region or in both.",
    remediation="Set source_code_hash to the base64 SHA-256 of the zip, source_hash for objects, and ignore neither.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:6.5.1", "NIST-800-53:SI-7", "WA-REL:REL08-BP05"],
    judges=kind("aws_lambda_function", "aws_lambda_layer_version", *_OBJECTS, where=_carries_code),
    passes=[
        {
            "aws_lambda_function": {
                "zip": {"filename": "a.zip", "source_code_hash": "n6UmdI0+sAG7XVS1+dOByuw8CLASSx95ROAYtZyt9lY="},
                "computed": {"filename": "a.zip", "source_code_hash": '${filebase64sha256("a.zip")}'},
                "bucket": {"s3_bucket": "b", "s3_key": "a.zip", "s3_object_version": "${aws_s3_object.a.version_id}"},
                "image": {"package_type": "Image", "image_uri": "0.dkr.ecr.us-east-1.amazonaws.com/a@sha256:00"},
            },
            "aws_s3_object": {"a": {"source": "a.zip", "source_hash": '${filemd5("a.zip")}'}, "text": {"content": "x"}},
        }
    ],
    fails=[
        {"aws_lambda_function": {"silent": {"filename": "a.zip"}}},
        {"aws_lambda_function": {"hexadecimal": {"filename": "a.zip", "source_code_hash": "9fa526748d3eb001bb5d54b5"}}},
        {"aws_lambda_function": {"bucket": {"s3_bucket": "b", "s3_key": "a.zip"}}},
        {"aws_lambda_function": {"tagged": {"package_type": "Image", "image_uri": "0.dkr.ecr.amazonaws.com/a:latest"}}},
        {"aws_lambda_function": {"empty": {"handler": "a.handler"}}},
        {
            "aws_lambda_function": {
                "placeholder": {
                    "filename": "a.zip",
                    "source_code_hash": "n6UmdI0+sAG7XVS1+dOByuw8CLASSx95ROAYtZyt9lY=",
                    "lifecycle": {"ignore_changes": ["filename", "source_code_hash"]},
                }
            }
        },
        {"aws_lambda_layer_version": {"silent": {"filename": "a.zip"}}},
        {"aws_s3_object": {"silent": {"source": "a.zip"}}},
    ],
    mutations=[
        drop("source_code_hash"),
        put("source_code_hash", "9fa526748d3eb001bb5d54b5f9d381caec3c08b0124b1f7944e018b59cadf656"),
        drop("filename"),
        edit("changes of the code ignored", _ignoring("source_code_hash")),
        edit("all changes ignored", _ignoring("all")),
    ],
)
def code_hash(resource: Resource) -> Iterator[str]:
    """A file with its hash, an object with its version, or an image with its digest; and no change of them ignored."""
    if resource.type in _OBJECTS:
        if "source_hash" not in resource and "etag" not in resource:
            yield "it has neither source_hash nor etag, so that Terraform does not see when the file changes"
    else:
        yield from _function_faults(resource)
    ignored = _WATCHED.intersection(resource.block("lifecycle").texts("ignore_changes"))
    if ignored:
        yield f"its lifecycle ignores changes of {', '.join(sorted(ignored))}"


def _function_faults(resource: Resource) -> Iterator[str]:
    code = resource.get("source_code_hash")
    if "image_uri" in resource:
        if "@sha256:" not in str(resource.get("image_uri")) and "${" not in str(resource.get("image_uri")):
            yield f"image_uri = {resource.get('image_uri')!r} names no digest, so that the image can change behind it"
    elif "s3_key" in resource:
        if code is None and "s3_object_version" not in resource:
            yield "it has neither source_code_hash nor s3_object_version, so that Terraform does not see new code"
    elif "filename" not in resource:
        yield "it names no code: neither filename, s3_key nor image_uri"
    elif code is None:
        yield f"it has no source_code_hash, so that Terraform does not see when {resource.get('filename')} changes"
    if isinstance(code, str) and "${" not in code and not _SHA256.fullmatch(code):
        yield f"source_code_hash = {code!r} is not SHA-256 in base64, so that it differs at every apply"
