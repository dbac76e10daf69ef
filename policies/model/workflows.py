"""Step Functions state machines: their definitions, and the ways through them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.model.deployment import Resource
from policies.model.references import expressions
from policies.model.values import Block, strings

MACHINE: Final = "aws_sfn_state_machine"
_PROMOTES: Final = ("failoverglobalcluster", "switchoverglobalcluster")


def promotes(text: str) -> bool:
    """Whether it calls for another writer of a global database."""
    return any(call in text.lower() for call in _PROMOTES)


def definition(machine: Resource) -> Block:
    """The state machine's definition; empty if it cannot be read. What Terraform fills in is a ``0`` in it."""
    text = machine.text("definition") or ""
    parts, position = [], 0
    for start, end in expressions(text):
        # Whether it stands in a string or for a number, a digit is JSON.
        parts += [text[position : start - 2], "0"]
        position = end + 1
    try:
        found = json.loads("".join([*parts, text[position:]]))
    except (ValueError, RecursionError):
        found = None
    return Block(found if isinstance(found, dict) else {})


def states(machine: Resource) -> dict[str, Block]:
    """The states by name; those inside of maps and parallel branches as well."""
    return dict(_states(definition(machine).get("States")))


def _states(found: Any) -> Iterator[tuple[str, Block]]:
    for name, body in found.items() if isinstance(found, Mapping) else ():
        yield str(name), Block(body if isinstance(body, Mapping) else {})
        for inner in _inner(body):
            yield from _states(inner.get("States"))


def _inner(body: Any) -> Iterator[Mapping[str, Any]]:
    """The state machines within a state."""
    if isinstance(body, Mapping):
        branches = body.get("Branches")
        candidates = [body.get("ItemProcessor"), body.get("Iterator")]
        for candidate in [*candidates, *(branches if isinstance(branches, list) else [])]:
            if isinstance(candidate, Mapping):
                yield candidate


def following(state: Block) -> set[str]:
    """The names of the states that may come next: in order, by choice, or after an error."""
    found = {state.text("Next"), state.text("Default")}
    for way in (*state.blocks("Choices"), *state.blocks("Catch")):
        found.add(way.text("Next"))
    return {name for name in found if name}


def promoting(machine: Resource) -> set[str]:
    """The names of the states that make another cluster the writer."""
    return {
        name
        for name, state in states(machine).items()
        if any(promotes(text) for text in strings(state.get("Resource")))
    }
