"""Attributes that decide whether a resource can be destroyed without rest, and what they must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from policies.model.deployment import Resource
from policies.model.values import Block


@dataclass(frozen=True)
class Setting:
    """An attribute, also within blocks (``root_block_device.delete_on_termination``), and when it does no harm."""

    path: str
    harmless: object
    """The value that is harmless: True, False, a number, or a text."""
    otherwise: str
    """What any other value leads to, as the end of a sentence."""
    may_be_absent: bool = True
    """Whether the provider's default is harmless."""

    @property
    def head(self) -> str:
        """The outermost attribute or block."""
        return self.path.partition(".")[0]

    def faults(self, resource: Resource) -> Iterator[str]:
        """What is wrong with it, for each block that it stands in."""
        *parents, name = self.path.split(".")
        for block in _reached(resource, parents):
            written = block.get(name)
            if written is None and not self.may_be_absent:
                yield f"{self.path} is not written: {self.otherwise}"
            elif written is not None and not self._is_harmless(block, name):
                yield f"{self.path} is {written}: {self.otherwise}"

    def _is_harmless(self, block: Block, name: str) -> bool:
        if isinstance(self.harmless, bool):
            return block.flag(name) is self.harmless
        if isinstance(self.harmless, int):
            return block.number(name) == self.harmless
        return bool(block.get(name) == self.harmless)


def _reached(block: Block, parents: list[str]) -> Iterator[Block]:
    if not parents:
        yield block
        return
    for inner in block.blocks(parents[0]):
        yield from _reached(inner, parents[1:])


class Settings:
    """What is told of any type, and what is told of one type more."""

    def __init__(self, anywhere: Iterable[Setting] = (), by_type: dict[str, Iterable[Setting]] | None = None) -> None:
        self._anywhere = tuple(anywhere)
        self._by_type: Final = {type_: tuple(settings) for type_, settings in (by_type or {}).items()}
        self._heads = frozenset(setting.head for setting in self._anywhere)

    def concern(self, resource: Resource) -> bool:
        """Whether the resource has one of the settings, or is of a type that has one by default."""
        return resource.type in self._by_type or not self._heads.isdisjoint(resource.body)

    def faults(self, resource: Resource) -> Iterator[str]:
        """Everything that stands in the way of a clean end."""
        own = self._by_type.get(resource.type, ())
        known = {setting.path for setting in own}
        for setting in (*own, *(setting for setting in self._anywhere if setting.path not in known)):
            yield from setting.faults(resource)
