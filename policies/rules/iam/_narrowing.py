"""Which conditions leave only callers that somebody named.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from policies.model.iam import Statement
from policies.rules.iam._wildcards import GAP, arn, has_wildcard, masked, names_one

Form = Callable[[str], bool]
"""Whether a value of a key names somebody."""

_LITERAL: Final = frozenset({"stringequals", "stringequalsignorecase"})
_MATCHING: Final = frozenset({"stringlike", "arnequals", "arnlike"})
"""Operators that must match. With ``…IfExists`` or ``ForAllValues:`` a request without the key passes."""

_EXISTING: Final = "foranyvalue:"


def exact(value: str) -> bool:
    """One account, organization or network, spelled out."""
    return bool(value) and not has_wildcard(value)


def of_one_account(value: str) -> bool:
    """An ARN whose account is spelled out, or that has none and names one resource, as a bucket's."""
    if masked(value).startswith(GAP):
        return names_one(value)
    named = arn(value)
    if named is None or "account" in named.wide:
        return False
    return bool(named.account) or (not named.wide and names_one(value))


def _within_one(value: str) -> bool:
    return exact(value.partition("/")[0])


SOURCES: Final[Mapping[str, Form]] = {
    "aws:sourceaccount": exact,
    "aws:sourcearn": of_one_account,
    "aws:sourceowner": exact,
    "aws:sourceorgid": exact,
    "aws:sourceorgpaths": _within_one,
}
"""Keys that say on whose behalf a service calls."""

CALLERS: Final[Mapping[str, Form]] = {
    **SOURCES,
    "aws:principalaccount": exact,
    "aws:principalarn": of_one_account,
    "aws:principalorgid": exact,
    "aws:principalorgpaths": _within_one,
    "aws:sourcevpc": exact,
    "aws:sourcevpce": exact,
    "kms:calleraccount": exact,
}
"""Keys that say who calls. An address (``aws:SourceIp``) is nobody's name, and TLS is everybody's."""


def is_narrowed(statement: Statement, forms: Mapping[str, Form]) -> bool:
    """Whether a condition on one of the keys must hold and names somebody with each of its values."""
    return any(
        key.lower() in forms and holds(statement, operator, values, forms[key.lower()])
        for operator, key, values in statement.conditions
    )


def holds(statement: Statement, operator: str, values: tuple[str, ...], form: Form) -> bool:
    """Whether a condition must be met, by values that all have the form."""
    name = operator.lower().removeprefix(_EXISTING)
    if name not in _LITERAL | _MATCHING or not values:
        return False
    # Where a wildcard is a character like others, an unknown value cannot widen anything.
    return all(form(value) and (name in _LITERAL or value not in statement.undecided) for value in values)
