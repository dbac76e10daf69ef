"""A deployment: stacks of resources in regions, and the ways that lead from one to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from policies.model.references import Reference, references, single
from policies.model.values import Block, Body, strings

_LONGEST_CHAIN: Final = 16
"""References followed in a row; more is a circle."""

_STATE_PLACE: Final = ("bucket", "key", "path", "prefix")
"""What tells one state from another, in whatever backend."""

_BLOCKS: Final = frozenset({"provider", "backend"})


@dataclass(frozen=True)
class Source:
    """A place in a file; ``line`` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Resource(Block):
    """A resource with its place in the deployment.

    ``mode`` is ``resource``, ``data`` or ``ephemeral``; or ``provider`` or ``backend``, judged likewise.
    """

    __slots__ = ("__dict__", "mode", "name", "stack", "type")

    def __init__(self, stack: Stack, mode: str, type_: str, name: str, body: object) -> None:
        super().__init__(body)
        self.stack, self.mode, self.type, self.name = stack, mode, type_, name

    def __repr__(self) -> str:
        return f"<{self.stack.name}: {self.address}>"

    @property
    def deployment(self) -> Deployment:
        """The whole that it is a part of."""
        return self.stack.deployment

    @cached_property
    def address(self) -> str:
        """Terraform's address in its stack: ``aws_vpc.main``, ``data.aws_region.here``, ``provider.aws.use1``."""
        if self.mode in _BLOCKS:
            return f"{self.mode}.{self.name}"
        module, _, name = self.name.rpartition("/")
        prefix = f"{self.mode}." if self.mode in {"data", "ephemeral"} else ""
        return f"{module}.{prefix}{self.type}.{name}" if module else f"{prefix}{self.type}.{name}"

    @cached_property
    def path(self) -> str:
        """The construct path, or stack and address if CDKTF did not make it."""
        metadata = self.map("//").get("metadata")
        path = metadata.get("path") if isinstance(metadata, Mapping) else None
        return path if isinstance(path, str) else f"{self.stack.name}/{self.address}"

    @property
    def source(self) -> Source | None:
        """The Python line that made it, if the synth recorded one."""
        return self.deployment.sources.get(self.path)

    @cached_property
    def provider(self) -> Provider | None:
        """The provider block that it uses; None if the stack has no such block."""
        return self.stack.providers.get(self.text("provider") or self.type.partition("_")[0])

    @property
    def region(self) -> str | None:
        """The region that it really is in: that of its provider."""
        return self.provider.region if self.provider else None

    @property
    def environment(self) -> str | None:
        """The environment that its provider's default tags name."""
        tag = self.provider.default_tags.get("Environment") if self.provider else None
        return tag if isinstance(tag, str) else None

    @cached_property
    def tags(self) -> Body:
        """Default tags of the provider, and its own."""
        return {**(self.provider.default_tags if self.provider else {}), **self.map("tags")}

    def target(self, name: str) -> Resource | None:
        """The one resource that an attribute refers to, in this stack or across stacks; None if it is not one."""
        return self.deployment.target(self.stack, self.get(name))

    def targets(self, name: str) -> list[Resource]:
        """All resources that an attribute's value refers to, at whatever depth."""
        return self.deployment.targets(self.stack, self.get(name))

    def literal(self, name: str) -> str | None:
        """The attribute as a literal string, also where it has to be looked up elsewhere; None if only AWS knows it."""
        return self.deployment.literal(self.stack, self.get(name))

    def users(self, *types: str) -> list[Resource]:
        """The resources (of some types) that refer to this one anywhere in their body."""
        users = self.deployment.users.get(self.key, ())
        return [user for user in users if not types or user.type in types]

    @cached_property
    def key(self) -> tuple[str, str]:
        """Stack and address: what tells it from all others of the deployment."""
        return self.stack.name, self.address


class Provider(Resource):
    """A provider block: a region of an account. Its name is ``aws``, or ``aws.use1`` with an alias."""

    __slots__ = ()

    def __init__(self, stack: Stack, name: str, body: object) -> None:
        super().__init__(stack, "provider", name.partition(".")[0], name, body)

    @property
    def region(self) -> str | None:
        """The region, None if it is left to the environment."""
        return self.text("region")

    @property
    def default_tags(self) -> Body:
        """Tags that every resource of this provider gets."""
        return self.block("default_tags").map("tags")


@dataclass(eq=False)
class Stack:
    """One root module: what has a Terraform state of its own.

    ``content`` holds what is not a resource: outputs, locals, variables and whatever else was written. ``backend`` is
    named like its type (``s3``); None if none is declared.
    """

    name: str
    files: tuple[Path, ...] = ()
    content: Block = field(default_factory=lambda: Block({}))
    providers: dict[str, Provider] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    backend: Resource | None = None
    dependencies: tuple[str, ...] = ()
    deployment: Deployment = field(init=False, repr=False)

    def output(self, name: str) -> Any:
        """The value of an output as written, or None."""
        return self.content.block("output").block(name).get("value")

    def local(self, name: str) -> Any:
        """The value of a local as written, or None."""
        return next((block.get(name) for block in self.content.blocks("locals") if name in block), None)


@dataclass(eq=False)
class Deployment:
    """All stacks of a folder, and what could not be read of it.

    ``folder`` is what was read; ``problems`` are sentences, each one a reason to trust no verdict.
    """

    folder: Path
    stacks: tuple[Stack, ...]
    problems: tuple[str, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for stack in self.stacks:
            stack.deployment = self

    def stack(self, name: str) -> Stack | None:
        """The stack of a name."""
        return next((stack for stack in self.stacks if stack.name == name), None)

    @cached_property
    def everything(self) -> tuple[Resource, ...]:
        """Resources, data sources and ephemeral resources of all stacks."""
        return tuple(resource for stack in self.stacks for resource in stack.resources.values())

    @cached_property
    def blocks_by_mode(self) -> Mapping[str, tuple[Resource, ...]]:
        """Everything that can be judged, by mode."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for stack in self.stacks:
            backends = [] if stack.backend is None else [stack.backend]
            for block in (*stack.resources.values(), *stack.providers.values(), *backends):
                found[block.mode].append(block)
        return {mode: tuple(blocks) for mode, blocks in found.items()}

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found = defaultdict(list)
        for resource in self.resources():
            found[resource.type].append(resource)
        return dict(found)

    def resources(self, *types: str) -> list[Resource]:
        """Managed resources of all stacks: of some types, or all."""
        if not types:
            return list(self.blocks_by_mode.get("resource", ()))
        return [resource for type_ in types for resource in self._by_type.get(type_, ())]

    @cached_property
    def regions(self) -> frozenset[str]:
        """The regions that something is deployed to."""
        return frozenset(resource.region for resource in self.resources() if resource.region)

    @cached_property
    def roles(self) -> Mapping[str, str]:
        """Region by role (``primary``, ``secondary``), as the providers' ``RegionRole`` tags say.

        Without such tags the region of the PRIMARY failover record counts as primary.
        """
        tagged = {
            role: provider.region
            for stack in self.stacks
            for provider in stack.providers.values()
            if provider.region and isinstance(role := provider.default_tags.get("RegionRole"), str)
        }
        return tagged or dict(self._roles_by_record())

    def _roles_by_record(self) -> Iterator[tuple[str, str]]:
        for record in self.resources("aws_route53_record"):
            kind = record.block("failover_routing_policy").text("type")
            if kind in {"PRIMARY", "SECONDARY"} and record.region:
                yield kind.lower(), record.region

    @property
    def primary(self) -> str | None:
        """The region that serves while it is healthy."""
        return self.roles.get("primary")

    @property
    def standby(self) -> str | None:
        """The region that takes over."""
        return self.roles.get("secondary")

    def peer(self, region: str | None) -> str | None:
        """The other region of the pair."""
        pair = (self.primary, self.standby)
        return pair[1 - pair.index(region)] if region in pair and None not in pair else None

    def setting(self, name: str) -> Any:
        """What a stack publishes as an output under ``name``, or None: how the app hands its settings to auditors."""
        values = (stack.output(name) for stack in self.stacks)
        return next((value for value in values if value is not None), None)

    def follow(self, stack: Stack, value: object) -> tuple[Stack, object]:
        """Where a value leads: through locals and other stacks' outputs to a reference or a literal."""
        for _ in range(_LONGEST_CHAIN):
            reference = single(value) if isinstance(value, str) else None
            step = self._step(stack, reference) if reference else None
            if step is None:
                break
            stack, value = step
        return stack, value

    def _step(self, stack: Stack, reference: Reference) -> tuple[Stack, object] | None:
        mode, _, name = reference.address.partition(".")
        if mode == "local":
            value = stack.local(name)
            return None if value is None or reference.attribute else (stack, value)
        if mode == "var":
            value = stack.content.block("variable").block(name).get("default")
            return None if value is None or reference.attribute else (stack, value)
        if reference.address.startswith("data.terraform_remote_state."):
            outputs, _, output = reference.attribute.partition(".")
            other = self._state_owner(stack, reference.address)
            value = other.output(output) if other and outputs == "outputs" else None
            return None if value is None or other is None else (other, value)
        return None

    def _state_owner(self, stack: Stack, address: str) -> Stack | None:
        """The stack whose backend keeps the state that a ``terraform_remote_state`` reads."""
        state = stack.resources.get(address)
        if state is None:
            return None
        kind, config = state.text("backend"), state.block("config")
        for other in self.stacks:
            if other.backend is None or other.backend.type != kind:
                continue
            place = {name: other.backend.get(name) for name in _STATE_PLACE if name in other.backend}
            if place and all(config.get(name) == value for name, value in place.items()):
                return other
        return None

    def target(self, stack: Stack, value: object) -> Resource | None:
        """The one resource that a value refers to and nothing else."""
        stack, value = self.follow(stack, value)
        reference = single(value) if isinstance(value, str) else None
        return stack.resources.get(reference.address) if reference else None

    def targets(self, stack: Stack, value: object) -> list[Resource]:
        """All resources that a value refers to, functions and surrounding text notwithstanding."""
        found: dict[tuple[str, str], Resource] = {}
        self._collect(stack, value, found, _LONGEST_CHAIN)
        return list(found.values())

    def _collect(self, stack: Stack, value: object, found: dict[tuple[str, str], Resource], depth: int) -> None:
        for text in strings(value):
            for reference in references(text):
                resource = stack.resources.get(reference.address)
                step = self._step(stack, reference)
                if step is not None and depth:
                    self._collect(*step, found, depth - 1)
                elif resource is not None:
                    found[resource.key] = resource

    def literal(self, stack: Stack, value: object) -> str | None:
        """A value as a literal string, also if it is an attribute that another resource states literally."""
        for _ in range(_LONGEST_CHAIN):
            stack, value = self.follow(stack, value)
            if not isinstance(value, str):
                return None if value is None or isinstance(value, (Mapping, list)) else str(value)
            reference = single(value)
            if reference is None:
                return None if "${" in value else value
            resource = stack.resources.get(reference.address)
            value = resource.get(reference.attribute) if resource else None
        return None

    @cached_property
    def users(self) -> Mapping[tuple[str, str], tuple[Resource, ...]]:
        """By a resource's key: who refers to it."""
        found: dict[tuple[str, str], dict[tuple[str, str], Resource]] = defaultdict(dict)
        for user in self.everything:
            for used in self.targets(user.stack, user.body):
                found[used.key][user.key] = user
        return {key: tuple(users.values()) for key, users in found.items()}

    def with_bodies(self, bodies: Mapping[tuple[str, str], Body | None]) -> Deployment:
        """A copy in which some resources (by key) have another body, are gone (None), or are new."""
        return Deployment(
            self.folder,
            tuple(_copied(stack, {a: b for (s, a), b in bodies.items() if s == stack.name}) for stack in self.stacks),
            self.problems,
            self.sources,
        )


def _copied(stack: Stack, bodies: Mapping[str, Body | None]) -> Stack:
    copy = Stack(stack.name, stack.files, stack.content, dependencies=stack.dependencies)
    for name, provider in stack.providers.items():
        body = bodies.get(provider.address, provider.body)
        if body is not None:
            copy.providers[name] = Provider(copy, name, body)
    if stack.backend is not None:
        body = bodies.get(stack.backend.address, stack.backend.body)
        copy.backend = None if body is None else Resource(copy, "backend", stack.backend.type, stack.backend.name, body)
    for address, resource in stack.resources.items():
        body = bodies.get(address, resource.body)
        if body is not None:
            copy.resources[address] = Resource(copy, resource.mode, resource.type, resource.name, body)
    for address in bodies.keys() - stack.resources.keys():
        type_, _, name = address.partition(".")
        if type_ not in _BLOCKS:
            copy.resources[address] = Resource(copy, "resource", type_, name, bodies[address])
    return copy


def paths(resources: Iterable[Resource]) -> str:
    """Resources for a sentence."""
    return ", ".join(sorted(resource.path for resource in resources)) or "none"
