"""Nothing of CDKTF's tokens is left in the output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.least_surprise._walk import EVERYTHING, leaves

_LARGEST: Final = 1e100
"""CDKTF stands in for a number that is not known yet with one near -1e289 or 1e298; nobody configures anything near.

https://github.com/hashicorp/terraform-cdk/blob/v0.21.0/packages/cdktf/lib/tokens/private/encoding.ts
"""

_GARBAGE: Final = (
    # Upper, lower, title or swapped case, whole or cut.
    (("oken", "OKEN"), re.compile(r"(?:oken|OKEN)(?:\[|\.\d)"), "a token that was changed as a string"),
    (
        ("e+1", "e+2"),
        re.compile(r"\d(?:\.\d+)?e\+[12]\d\d(?!\d)"),
        "a number token that was changed or glued to something",
    ),
    (
        (" at 0x", "[object"),
        re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>|\[object Object\]"),
        "an object that became text",
    ),
    (
        tuple(f"{digit}]}}" for digit in range(10)),
        re.compile(r"^[A-Za-z]{0,4}\.?\d{1,6}\]\}"),
        "the end of a token that was cut",
    ),
)
"""What the garbage cannot be without, what it looks like, and what it is. A scanner asks millions of times."""

_HINTS: Final = tuple(hint for hints, _, _ in _GARBAGE for hint in hints)

_SHOWN: Final = 80


def _first_text(change: Any) -> Any:
    """Changes the first attribute that is nothing but a reference."""

    def changed(body: dict[str, Any], _: Resource) -> bool:
        for name, value in body.items():
            if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
                body[name] = change(value)
                return True
        return False

    return changed


def _output(value: object) -> Any:
    def changed(body: dict[str, Any], _: Resource) -> None:
        body["output"] = {**body.get("output", {}), "garbage": {"value": value}}

    return changed


@rule(
    id="TAP_TOKENS_RESOLVED",
    title="Nothing of CDKTF's tokens is left in what Terraform gets",
    risk="A string operation or arithmetic on a value that is known only after the apply writes garbage, and names, "
    "numbers or permissions are made of it.",
    remediation="Use Fn and Op on tokens, Token.as_string in f-strings, and Fn.element instead of an index.",
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:6.2.3", "NIST-800-53:SI-10", "WA-REL:REL08-BP02"],
    judges=kind("*", modes=EVERYTHING),
    passes=[
        {
            "aws_sqs_queue": {
                "plain": {"name": "tap-token-use1-dev", "delay_seconds": "${aws_sqs_queue.other.delay_seconds}"},
                "other": {"max_message_size": 262144, "tags": {"token": "tokens[]", "price": "1e+3"}},
            },
            "output": {"url": {"value": "${aws_sqs_queue.plain.url}"}},
        }
    ],
    fails=[
        {"aws_sns_topic": {"glued": {"name": "n--8.109562212591379e+298"}}},
        {"aws_sqs_queue": {"sum": {"name": "q", "delay_seconds": -1.6219124425182757e299}}},
        {"aws_sns_topic": {"upper": {"name": "${TFTOKEN[TOKEN.1]}"}}},
        {"aws_sns_topic": {"cut": {"name": "${TfToke"}}},
        {"aws_sns_topic": {"tail": {"name": "fToken[TOKEN.3]}"}}},
        {"aws_sns_topic": {"short_tail": {"name": "N.9]}"}}},
        {"aws_sns_topic": {"listed": {"name": "#{TfToken[TOKEN.4]}"}}},
        {"aws_sns_topic": {"object": {"name": "x", "tags": {"all": "<cdktf.StringMap object at 0x7f0a12>"}}}},
        {"aws_sns_topic": {"key": {"name": "x", "tags": {"${TfToken[TOKEN.5]}": "y"}}}},
        {"aws_sns_topic": {"fine": {"name": "x"}}, "output": {"o": {"value": "x--8.109562212591379e+298"}}},
        {"aws_sns_topic": {"fine": {"name": "x"}}, "locals": {"twice": -1.6219124425182757e299}},
        {"data.aws_sqs_queue": {"read": {"name": "${tftoken[token.6]}"}}},
    ],
    mutations=[
        edit("a reference in capitals", _first_text(lambda _: "${TFTOKEN[TOKEN.12]}")),
        edit("a reference that is cut", _first_text(lambda text: text[:8])),
        edit("a number token behind a hyphen", _first_text(lambda _: "n--8.109562212591379e+298")),
        edit("a sum", _first_text(lambda _: -1.8881545897087503e289)),
        edit("garbage in an output", _output("x--8.109562212591379e+298"), "terraform", mode="stack"),
    ],
)
def tokens_resolved(block: Resource) -> Iterator[str]:
    """Every string, number and key is looked at; an expression that does not end is what is left of a cut token."""
    written = block.words
    if not (
        any(map(written.text.__contains__, block.deployment.present(_HINTS)))
        or _may_be_cut(block.stack.cleared["is cut"], (*written.templates, *written.templated_keys))
        or any(map(_fault, written.floats))
    ):
        return
    for path, value in leaves(block.body):
        fault = _fault(value) or _fault(path)
        if fault:
            yield f"{path} = {_shown(value)} is {fault}"


def _may_be_cut(cleared: set[str], templates: tuple[str, ...]) -> bool:
    """Whether the last expression of one begins behind the last end of one."""
    if cleared.issuperset(templates):
        return False
    cleared.update(text for text in templates if text.rfind("${") <= text.rfind("}"))
    return not cleared.issuperset(templates)


def _fault(value: object) -> str | None:
    """What of CDKTF's a value is, or None."""
    if isinstance(value, str):
        for hints, pattern, meaning in _GARBAGE:
            for hint in hints:
                if hint in value and pattern.search(value):
                    return meaning
        start = value.rfind("${")
        if start >= 0 and "}" not in value[start:] and value[start - 1 : start] != "$":
            return "an expression that does not end, as is left of a token that was cut"
    elif isinstance(value, float) and abs(value) >= _LARGEST:
        return "a number token that was changed"
    return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
