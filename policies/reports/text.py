"""Text that others wrote, made fit to be shown: resource names, messages and reasons may hold anything."""

from __future__ import annotations

import re

from policies.budgets import Sum

# Control characters, lone surrogates, and what is invisible or turns the direction of the text around.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """The text with what cannot be seen, or not be written, as escapes: a terminal or a parser would act on it."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def line(text: str) -> str:
    """Clean, and on one line."""
    return clean(_SPACES.sub(" ", text).strip())


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 finding``, ``2 findings``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def seconds(value: float | None) -> str:
    """``90 s``; no digits that say nothing."""
    return "unknown" if value is None else f"{value:,.3f}".rstrip("0").rstrip(".") + " s"


def duration(value: float) -> str:
    """A time that was measured: tenths below a hundred seconds, no more digits than it is exact."""
    return f"{value:,.1f} s" if abs(value) < 100 else f"{value:,.0f} s"


def total(sum_: Sum) -> str:
    """What a sum adds up to, as far as its terms are known."""
    return seconds(sum_.seconds) if sum_.complete else f"more than {seconds(sum_.seconds)}"


def shortfall(sum_: Sum) -> str:
    """Why a promise does not hold; empty if it does."""
    if sum_.within_budget:
        return ""
    return "over budget" if sum_.complete else "not all of it is known"


def shortened(text: str, longest: int) -> str:
    """The text, cut after a word where there is one if it is longer than that."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"
