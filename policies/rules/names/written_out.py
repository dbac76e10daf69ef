"""People can read every name before it exists, and it stays what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Deployment, Resource, Stack
from policies.model.references import references
from policies.model.values import strings
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.names._names import Name, bears_a_name, described, environment, names
from policies.rules.names._renaming import Renaming, rename
from policies.rules.names._table import TABLE

_FUNCTION: Final = re.compile(
    r"\b(substr|md5|sha1|sha256|sha512|base64\w*|filemd5|filesha\w+|filebase64\w*|uuid|uuidv5|bcrypt|timestamp|"
    r"plantimestamp|formatdate)\s*\("
)
"""Functions that cut, hash, or never answer the same.

https://developer.hashicorp.com/terraform/language/functions
"""

_HASH: Final = re.compile(r"(?<![0-9a-z])(?=[0-9a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{6,}(?![0-9a-z])", re.IGNORECASE)
"""Six or more hexadecimal digits, letters and numbers among them."""

_DRAWN: Final = ("random_", "time_")
"""Beginnings of the resources of providers that make values up."""

_DEEPEST: Final = 4


def _inserted(part: str) -> Renaming:
    """Puts something before the region and the environment."""

    def renaming(text: str, resource: Resource) -> str | bool:
        named = TABLE.get(resource.type)
        if named is not None and named.is_dns:
            return f"{part}.{text}"
        head, hyphen, tail = text.rpartition("-")
        return bool(hyphen) and f"{head}-{part}{hyphen}{tail}"

    return renaming


def _prefixed(body: dict[str, Any], resource: Resource) -> bool:
    named = TABLE.get(resource.type)
    if named is None or "." in named.attribute:
        return False
    body[f"{named.attribute}_prefix"] = body.pop(named.attribute, "tap")
    return True


def _dropped(body: dict[str, Any], resource: Resource) -> bool:
    named = TABLE.get(resource.type)
    return named is not None and body.pop(named.attribute, None) is not None


@rule(
    id="TAP_NAME_WRITTEN_OUT",
    title="Names are written out: nothing cuts, hashes, draws or generates them",
    risk="Nobody can tell from the name what it is; two names cut to the same length collide; a drawn one changes.",
    remediation="Give the whole name, without name_prefix, functions that cut or hash, or random resources.",
    severity=Severity.MEDIUM,
    controls=["PCI-DSS-4.0:12.5.1", "NIST-800-53:CM-8", "WA-REL:REL08-BP05"],
    judges=kind("*", where=bears_a_name),
    passes=[
        {
            "aws_sqs_queue": {
                "written": {"name": "tap-payments-use1-dev"},
                "composed": {"name": '${lower("TAP")}-payments-use1-dev'},
                "word": {"name": "tap-facade-decade-use1-dev"},
            },
            "aws_s3_bucket": {"account": {"bucket": "tap-receipts-000000000000-use1-dev"}},
            "aws_vpc": {"main": {"tags": {"Name": "tap-vpc-use1-dev"}}},
            "aws_acm_certificate": {"owned": {"domain_name": "use1.dev.c0ffee1.example"}},
        }
    ],
    fails=[
        {"aws_sqs_queue": {"prefixed": {"name_prefix": "tap-payments-"}}},
        {"aws_s3_bucket": {"prefixed": {"bucket_prefix": "tap-"}}},
        {"aws_security_group": {"generated": {"description": "no name at all"}}},
        {"aws_sqs_queue": {"cut": {"name": '${substr("tap-payments-in-full-use1-dev", 0, 20)}'}}},
        {"aws_sqs_queue": {"hashed": {"name": 'tap-${substr(md5("payments"), 0, 6)}-use1-dev'}}},
        {"aws_sqs_queue": {"digest": {"name": "tap-payments-3fa9c1-use1-dev"}}},
        {"locals": {"n": "tap-${md5(timestamp())}"}, "aws_sqs_queue": {"indirect": {"name": "${local.n}"}}},
        {
            "random_id": {"suffix": {"byte_length": 4, "provider": None}},
            "aws_sqs_queue": {"drawn": {"name": "tap-${random_id.suffix.hex}-use1-dev"}},
        },
        {"aws_vpc": {"tagged": {"tags": {"Name": "tap-vpc-${uuid()}"}}}},
    ],
    mutations=[
        rename("cut", lambda text, _: f'${{substr("{text}", 0, 20)}}'),
        rename("with a hash", _inserted("3fa9c1d2")),
        rename("with a random part", _inserted("${random_id.suffix.hex}")),
        edit("a prefix instead of a name", _prefixed),
        edit("without a name", _dropped),
    ],
)
def name_written_out(resource: Resource) -> Iterator[str]:
    """No generated name, no function that cuts or hashes, nothing random, and nothing that looks like a hash."""
    named = described(resource)
    if named is not None:
        prefix = f"{named.attribute}_prefix"
        if prefix in resource:
            yield f"{prefix} = {resource.get(prefix)!r} lets Terraform make up the rest of the name"
        elif not any(name.described is named for name in names(resource)):
            yield f"it has no {named.attribute}, so that one is made up"
    for name in names(resource):
        yield from _faults(resource, name)


def _faults(resource: Resource, name: Name) -> Iterator[str]:
    plain = isinstance(name.written, str) and "{" not in name.written
    texts = [] if plain else list(_sources(resource.deployment, resource.stack, name.written, _DEEPEST))
    functions = sorted({call[1] for text in texts for call in _FUNCTION.finditer(text) if "${" in text})
    if functions:
        yield f"{name.attribute} = {name.written!r} is made with {', '.join(functions)}"
    drawn = sorted({ref.address for text in texts for ref in references(text) if ref.address.startswith(_DRAWN)})
    if drawn:
        yield f"{name.attribute} = {name.written!r} changes with {', '.join(drawn)}"
    hashed = _hashed(name, environment(resource) or "")
    tags = resource.provider.default_tags if resource.provider else {}
    if hashed and hashed not in tags.values():
        yield f"{name.shown} has a part {hashed} that looks like a hash"


def _hashed(name: Name, suffix: str) -> str | None:
    """The first part that looks like a hash; an environment and a domain that somebody owns may look as they like."""
    text = f".{name.own}.".partition(f".{suffix}.")[0] if name.described.is_dns else name.own.removesuffix(suffix)
    found = _HASH.search(text)
    return found[0] if found else None


def _sources(deployment: Deployment, stack: Stack, value: object, depth: int) -> Iterator[str]:
    """The text that a name is written with, and that of the locals, variables and outputs in it."""
    for text in strings(value):
        yield text
        for reference in references(text) if depth else ():
            for scope, source in deployment.steps(stack, reference):
                yield from _sources(deployment, scope, source, depth - 1)
