"""Mutations of names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policies.model.deployment import Resource
from policies.mutation import Mutation, edit
from policies.rules.names._table import TABLE

Renaming = Callable[[str, Resource], str | bool]
"""Another name for a resource; False if there is none."""


def rename(title: str, change: Renaming) -> Mutation:
    """Give each resource that writes its name out another one; what only has a ``Name`` tag, another tag."""

    def renamed(body: dict[str, Any], resource: Resource) -> bool:
        named, tags = TABLE.get(resource.type), body.get("tags")
        block, key = (tags, "Name") if named is None else (body, named.attribute)
        text = block.get(key) if isinstance(block, dict) else None
        if not isinstance(block, dict) or not isinstance(text, str) or "${" in text:
            return False
        new = change(text, resource)
        if isinstance(new, str):
            block[key] = new
        return isinstance(new, str)

    return edit(title, renamed)
