"""Closes gaps of MiniStack: each a small named function that says beforehand which of its names it relies on.

MiniStack is pinned, but pins move. Every name is therefore checked when the server starts, and a missing one is an
error that says which gap, which name and which version, instead of a strange answer in the middle of a deployment.
"""

import functools
import importlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

Service = Any
"""A module of MiniStack, which carries no types."""

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body, as MiniStack's handlers return them."""

_ENTRY = re.compile(r"(\w+)\[([\w.]+)\]")


class MissingNameError(Exception):
    """MiniStack lacks a name that a gap relies on."""


@dataclass(frozen=True)
class Gap:
    """One difference to AWS in one module of MiniStack, and the function that closes it."""

    module: str
    relies_on: tuple[str, ...]
    close: Callable[[Service], None]

    @property
    def name(self) -> str:
        """What the gap is called in messages."""
        return f"{self.module}: {self.close.__name__}"


GAPS: list[Gap] = []


def gap(module: str, *relies_on: str) -> Callable[[Callable[[Service], None]], Callable[[Service], None]]:
    """Register the decorated function as closing one gap in ``ministack.<module>``.

    ``relies_on`` lists every name that it replaces, calls or reads: ``"name"`` or ``"table[entry]"`` of the module,
    ``"services.other:name"`` of another.
    """

    def register(close: Callable[[Service], None]) -> Callable[[Service], None]:
        GAPS.append(Gap(module, relies_on, close))
        return close

    return register


def around(service: Service, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace ``service.<name>`` by the decorated function, which gets what it replaces as first argument."""

    def replace(function: Callable[..., Any]) -> Callable[..., Any]:
        replacement = functools.partial(function, _lookup(service, name))
        entry = _ENTRY.fullmatch(name)
        if entry:
            getattr(service, entry[1])[entry[2]] = replacement
        else:
            setattr(service, name, replacement)
        return function

    return replace


def around_method(owner: type, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace a class's method by the decorated function, which gets what it replaces first, then the object."""

    def replace(function: Callable[..., Any]) -> Callable[..., Any]:
        original = getattr(owner, name)

        @functools.wraps(original)
        def method(self: Any, *arguments: Any, **named: Any) -> Any:
            return function(original, self, *arguments, **named)

        setattr(owner, name, method)
        return function

    return replace


def close_gaps(gaps: Iterable[Gap] | None = None) -> int:
    """Check the names of all gaps, then close them; return how many. Raises MissingNameError."""
    gaps = list(GAPS if gaps is None else gaps)
    modules = {module: _load(module) for module in dict.fromkeys(each.module for each in gaps)}
    missing = [f"  {each.name}: {name}" for each in gaps for name in each.relies_on if not _has(each.module, name)]
    if missing:
        raise MissingNameError(
            f"MiniStack {metadata.version('ministack')} no longer has what these gaps rely on:\n"
            + "\n".join(missing)
            + "\n  see embedded/server/gaps/: adapt the gap, or delete it if its test on the plain emulator fails"
        )
    for each in gaps:
        each.close(modules[each.module])
    return len(gaps)


def text(body: bytes | str) -> str:
    """Return a handler's body as text."""
    return body.decode() if isinstance(body, bytes) else body


def _load(module: str) -> Service:
    package, _, name = module.rpartition(".")
    if package != "services":
        return importlib.import_module(f"ministack.{module}")
    app = importlib.import_module("ministack.app")
    return app._get_module(name)


def _has(module: str, name: str) -> bool:
    elsewhere, separator, rest = name.partition(":")
    try:
        _lookup(_load(elsewhere if separator else module), rest or name)
    except (AttributeError, KeyError):
        return False
    return True


def _lookup(service: Service, name: str) -> Any:
    entry = _ENTRY.fullmatch(name)
    return getattr(service, entry[1])[entry[2]] if entry else getattr(service, name)
