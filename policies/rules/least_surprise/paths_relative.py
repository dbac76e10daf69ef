"""No path belongs to the machine that synthesized."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import edit, put
from policies.rule import Severity, kind, rule
from policies.rules.least_surprise._walk import EVERYTHING, leaves

_FILES: Final = frozenset({"filename", "source", "source_file", "source_dir", "output_path", "workspace_dir"})
"""Attributes that name a file or folder on the machine where Terraform runs."""

_ABSOLUTE: Final = re.compile(r"[/~\\]|[A-Za-z]:[\\/]")
_HOMES: Final = ("/home/", "/Users/", "/root/", "/var/folders/", "C:\\Users\\", "C:/Users/")
"""Places of people on their machines, whatever attribute they stand in."""

_FUNCTION: Final = re.compile(
    r"\b(?:file\w*|templatefile|fileset)\(\s*\\?\"(?:[/~\\]|[A-Za-z]:)|\b(?:abspath|pathexpand)\(|\bpath\.cwd\b"
)
"""Reading an absolute path, or making one.

https://developer.hashicorp.com/terraform/language/functions/abspath
"""


_NAMES: Final = ("file", "abspath", "pathexpand", "path.cwd")
"""What a text cannot be without if the above is in it."""


def _output(body: dict[str, Any], _: Resource) -> None:
    body["output"] = {**body.get("output", {}), "folder": {"value": "/home/somebody/checkout"}}


def _local_backend(body: dict[str, Any], _: Resource) -> None:
    body["path"] = "/home/somebody/checkout/terraform.primary.tfstate"


@rule(
    id="TAP_PATHS_RELATIVE",
    title="Files are named by relative paths",
    risk="The output differs in every checkout, and an apply elsewhere finds other files, or none.",
    remediation="Name files relative to the folder of the stack, and declare a backend that needs no path.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:6.5.1", "NIST-800-53:CM-2", "WA-REL:REL08-BP04"],
    judges=kind("*", modes=EVERYTHING),
    passes=[
        {
            "aws_lambda_function": {"relative": {"filename": "../../assets/functions.zip", "handler": "a.handler"}},
            "aws_cloudwatch_log_group": {"no_file": {"name": "/aws/lambda/tap-webhook-use1-dev"}},
            "aws_s3_object": {"module": {"source": "${path.module}/data.json", "key": "home/"}},
            "aws_efs_access_point": {"in_aws": {"root_directory": {"path": "/data"}}},
        }
    ],
    fails=[
        {"aws_lambda_function": {"absolute": {"filename": "/srv/functions.zip"}}},
        {"aws_lambda_function": {"windows": {"filename": "C:\\work\\functions.zip"}}},
        {"aws_lambda_function": {"hashed": {"source_code_hash": '${filebase64sha256("/srv/functions.zip")}'}}},
        {"aws_s3_object": {"absolute": {"source": "~/data.json"}}},
        {"aws_sfn_state_machine": {"cwd": {"definition": '${file("${path.cwd}/machine.json")}'}}},
        {"data.archive_file": {"zip": {"provider": None, "source_dir": "/srv/code", "output_path": "a.zip"}}},
        {"aws_sns_topic": {"x": {}}, "backend": {"local": {"path": "/srv/terraform.tfstate"}}},
        {"aws_sns_topic": {"x": {}}, "output": {"folder": {"value": "/home/somebody/checkout"}}},
    ],
    mutations=[
        put("filename", "/srv/checkout/cdktf.out/assets/functions.zip", "aws_lambda_function"),
        put("source_code_hash", '${filebase64sha256("/srv/functions.zip")}', "aws_lambda_function"),
        edit("a path in the backend", _local_backend, "s3", mode="backend"),
        edit("a path in an output", _output, "terraform", mode="stack"),
    ],
)
def paths_relative(block: Resource) -> Iterator[str]:
    """Attributes that name files, functions that read them, and places that only a person's machine has."""
    files = [(name, block.get(name)) for name in _FILES & block.body.keys() if name in block]
    if block.mode == "backend":
        files.append(("path", block.get("path")))
    elif block.type == "terraform_remote_state":
        files.append(("config.path", block.block("config").get("path")))
    told = {name for name, value in files if isinstance(value, str) and _ABSOLUTE.match(value)}
    for name, value in files:
        if name in told:
            yield f"{name} = {value!r} is a path of one machine"
    written = block.words
    homes, functions = map(block.deployment.present, (_HOMES, _NAMES))
    if any(map(written.text.__contains__, homes)) or (
        any(map(written.text.__contains__, functions))
        and any(map(_is_of_a_machine, (*written.templates, *written.templated_keys)))
    ):
        for path, value in leaves(block.body):
            if path not in told and isinstance(value, str) and _is_of_a_machine(value):
                yield f"{path} = {value!r} is, or reads, a path of one machine"


def _is_of_a_machine(text: str) -> bool:
    if text.startswith(_HOMES):
        return True
    return "${" in text and any(name in text for name in _NAMES) and bool(_FUNCTION.search(text))
