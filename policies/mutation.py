"""Edits of a real deployment that a rule must notice: the proof that its green means something."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.model.deployment import Deployment, Resource, Stack
from policies.model.values import Body

Edit = Callable[[dict[str, Any], Resource], object]
"""Changes a copy of the resource's body in place; a result of False means that it does not apply to this one."""

Witnesses = Callable[[Resource], list[Resource]]

_ABSENT: Final = object()


@dataclass(frozen=True)
class Mutant:
    """A deployment with one edit. The rule must find something wrong with each of ``expected`` (stack and address)."""

    deployment: Deployment
    edited: Resource
    expected: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Mutation:
    """An edit, made to every resource of a deployment that it applies to, one at a time.

    ``types`` limits the resources it is tried on; without, it is tried on those that the rule judges. ``seen_on`` names
    the resources that the finding must be on, as they are in the unedited deployment; without, the edited one.
    """

    title: str
    edit: Edit | None
    """None removes the resource."""
    types: tuple[str, ...] = ()
    where: Callable[[Resource], bool] | None = None
    seen_on: Witnesses | None = None
    mode: str = "resource"
    adds: tuple[str, Body] | None = None
    """Address and body of a resource that each stack gets, instead of an edit."""

    def mutants(self, deployment: Deployment, judged: list[Resource]) -> Iterator[Mutant]:
        """One deployment for each resource that can be edited in this way, or for each stack that gets another."""
        if self.adds is not None:
            yield from (_with_another(deployment, stack, *self.adds) for stack in deployment.stacks)
            return
        for resource in self._candidates(deployment, judged):
            body: Body | None = None
            if self.edit is not None:
                edited = copy.deepcopy(dict(resource.body))
                if self.edit(edited, resource) is False or edited == resource.body:
                    continue
                body = edited
            witnesses = [resource] if self.seen_on is None else self.seen_on(resource)
            if witnesses:
                yield Mutant(deployment.with_bodies({resource.key: body}), resource, tuple(w.key for w in witnesses))

    def _candidates(self, deployment: Deployment, judged: list[Resource]) -> list[Resource]:
        pool = judged
        if self.types:
            pool = [r for r in deployment.blocks_by_mode.get(self.mode, ()) if r.type in self.types]
        return [resource for resource in pool if self.where is None or self.where(resource)]


def edit(
    title: str,
    change: Edit,
    *types: str,
    where: Callable[[Resource], bool] | None = None,
    seen_on: Witnesses | None = None,
    mode: str = "resource",
) -> Mutation:
    """Any edit: ``change`` gets a copy of the body and the resource as it was."""
    return Mutation(title, change, types, where, seen_on, mode)


def put(
    path: str,
    value: object,
    *types: str,
    where: Callable[[Resource], bool] | None = None,
    seen_on: Witnesses | None = None,
    mode: str = "resource",
) -> Mutation:
    """Set an attribute; a dotted path leads into blocks, and into the first of several."""
    return Mutation(f"{path} = {value!r}", lambda body, _: _set(body, path, value), types, where, seen_on, mode)


def drop(
    path: str,
    *types: str,
    where: Callable[[Resource], bool] | None = None,
    seen_on: Witnesses | None = None,
    mode: str = "resource",
) -> Mutation:
    """Leave an attribute or a block out."""
    return Mutation(f"without {path}", lambda body, _: _set(body, path, _ABSENT), types, where, seen_on, mode)


def remove(
    title: str, *types: str, seen_on: Witnesses, where: Callable[[Resource], bool] | None = None, mode: str = "resource"
) -> Mutation:
    """Remove a resource; ``seen_on`` says on which of the others that must be noticed."""
    return Mutation(title, None, types, where, seen_on, mode)


def add(address: str, body: Body) -> Mutation:
    """Add a resource to each stack, which the finding must be on: for a kind of which a deployment should have none."""
    return Mutation(f"with {address}", None, adds=(address, body))


def _with_another(deployment: Deployment, stack: Stack, address: str, body: Body) -> Mutant:
    key = stack.name, address
    mutated = deployment.with_bodies({key: {"provider": next(iter(stack.providers), None), **body}})
    return Mutant(mutated, next(resource for resource in mutated.everything if resource.key == key), (key,))


def _set(body: dict[str, Any], path: str, value: object) -> bool:
    """Whether there was something to set, or to leave out."""
    *parents, attribute = path.split(".")
    place: Any = body
    for parent in parents:
        place = place.get(parent) if isinstance(place, Mapping) else None
        if isinstance(place, list):
            place = place[0] if place else None
        if not isinstance(place, dict):
            return False
    if value is _ABSENT:
        return place.pop(attribute, None) is not None
    place[attribute] = value
    return True
