"""A deployment: stacks of resources in regions, and the ways that lead from one to another."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from policies.model.references import ANY_INSTANCE, Reference, expressions, references, single, whole
from policies.model.twins import Twins
from policies.model.values import Block, Body, reach, templates
from policies.model.words import Words, read

_LONGEST_CHAIN: Final = 16
"""References followed in a row; more is a circle."""

_MOST_STEPS: Final = 256
_LONGEST_TEXT: Final = 65_536
"""What a template may grow to while it is filled in; more is a bomb."""

_STATE_PLACE: Final = (
    "bucket", "key", "path", "prefix", "storage_account_name", "container_name", "address", "hostname", "organization",
    "workspaces", "conn_str", "schema_name", "secret_suffix",
)  # fmt: skip
"""What tells one state from another, in whatever backend."""

_LOCAL_STATE: Final = "terraform.tfstate"
"""Where the state is if no backend is declared: https://developer.hashicorp.com/terraform/language/backend/local"""

_PAIR: Final = 2
_ROLE_WORDS: Final = {
    "primary": frozenset({"primary", "main", "active"}),
    "secondary": frozenset({"secondary", "standby", "passive", "dr", "failover", "replica"}),
}
"""What people call the providers of the two regions."""

_BLOCKS: Final = frozenset({"provider", "backend", "stack"})


@dataclass(frozen=True)
class Source:
    """A place in a file; ``line`` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Resource(Block):
    """A resource with its place in the deployment.

    ``mode`` is ``resource``, ``data`` or ``ephemeral``; or ``provider``, ``backend`` or ``stack``, judged likewise.
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
        """Terraform's address in its stack: ``aws_vpc.main``, ``module.net.aws_vpc.main``, ``provider.aws.use1``."""
        return f"{self.stack.prefix}{self.local_address}"

    @property
    def local_address(self) -> str:
        """Its address in its module."""
        if self.mode in _BLOCKS:
            return f"{self.mode}.{self.name}"
        return f"{self.type}.{self.name}" if self.mode == "resource" else f"{self.mode}.{self.type}.{self.name}"

    @cached_property
    def path(self) -> str:
        """The construct path, or stack and address if CDKTF did not make it."""
        if self.mode == "stack":
            return f"{self.name}/{self.stack.prefix}".rstrip("./")
        metadata = self.map("//").get("metadata")
        path = metadata.get("path") if isinstance(metadata, Mapping) else None
        return path if isinstance(path, str) else f"{self.stack.name}/{self.address}"

    @property
    def source(self) -> Source | None:
        """The Python line that made it, or that made its stack: CDKTF tells of no path but those of resources."""
        own = self.path, f"{self.stack.name}/{self.mode}", self.stack.name
        return next((found for path in own if (found := self.deployment.sources.get(path))), None)

    @cached_property
    def provider(self) -> Provider | None:
        """The provider block that it uses; None if the stack has no such block."""
        return self.stack.providers.get(self.text("provider") or self.type.partition("_")[0])

    @cached_property
    def region(self) -> str | None:
        """The region that it really is in: its own, which version 6 of the AWS provider allows, or its provider's."""
        if self.mode == "resource" and "region" in self:
            return self.literal("region")
        return self.provider.region if self.provider else None

    @property
    def environment(self) -> str | None:
        """The environment that its provider's default tags name."""
        tag = self.provider.default_tags.get("Environment") if self.provider else None
        return tag if isinstance(tag, str) else None

    @cached_property
    def tags(self) -> Body:
        """Default tags of the provider, and its own."""
        _, own = self.deployment.follow(self.stack, self.get("tags"))
        return {
            **(self.provider.default_tags if self.provider else {}),
            **(own if isinstance(own, Mapping) else {}),
        }

    def target(self, name: str) -> Resource | None:
        """The one resource that an attribute refers to, in this stack or across stacks; None if it is not one."""
        return self.deployment.target(self.stack, self.get(name))

    def targets(self, name: str) -> list[Resource]:
        """All resources that an attribute's value refers to, at whatever depth."""
        return self.deployment.targets(self.stack, self.get(name))

    def literal(self, name: str) -> str | None:
        """The attribute as a literal string, also where it has to be looked up elsewhere; None if only AWS knows it."""
        return self.deployment.literal(self.stack, self.get(name))

    @property
    def twin(self) -> Resource | None:
        """What corresponds to it in the other region; None if nothing does."""
        return self.deployment.twins.of(self)

    def users(self, *types: str) -> list[Resource]:
        """The resources (of some types) that refer to this one anywhere in their body."""
        users = self.deployment.users.get(self.key, ())
        return [user for user in users if not types or user.type in types]

    @cached_property
    def words(self) -> Words:
        """All that is written in it."""
        return read(self.body)

    @cached_property
    def key(self) -> tuple[str, str]:
        """Stack and address: what tells it from all others of the deployment."""
        return self.stack.name, self.address


class Provider(Resource):
    """A provider block: a region of an account. Its name is ``aws``, or ``aws.use1`` with an alias."""

    __slots__ = ()

    def __init__(self, stack: Stack, name: str, body: object, type_: str | None = None) -> None:
        super().__init__(stack, "provider", type_ or name.partition(".")[0], name, body)

    @cached_property
    def region(self) -> str | None:
        """The region; None if it is left to the environment, or if only Terraform can tell."""
        return self.literal("region")

    @cached_property
    def default_tags(self) -> Body:
        """Tags that every resource of this provider gets."""
        _, tags = self.deployment.follow(self.stack, self.block("default_tags").get("tags"))
        return tags if isinstance(tags, Mapping) else {}


@dataclass(eq=False)
class Stack:
    """One root module: what has a Terraform state of its own.

    ``content`` holds what is not a resource, in one shape however it was written: maps by name of outputs, variables,
    modules and checks, one map of locals, and a list of blocks for everything else. ``resources`` are by their address
    in the module. ``backend`` is named like its type (``s3``); None if none is declared.
    """

    name: str
    files: tuple[Path, ...] = ()
    content: Block = field(default_factory=lambda: Block({}))
    providers: dict[str, Provider] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    backend: Resource | None = None
    dependencies: tuple[str, ...] = ()
    modules: dict[str, Module] = field(default_factory=dict)
    """The modules that it calls, by name and instance: ``net``, ``net["west"]``."""
    planned: bool = False
    """Read from a plan, which tells neither ``lifecycle`` nor the backend nor what CDKTF noted."""
    deployment: Deployment = field(init=False, repr=False)

    @cached_property
    def itself(self) -> Resource:
        """What it holds beside its resources, to be judged: outputs and locals, and what is not there."""
        return Resource(self, "stack", "terraform", self.name, self.content.body)

    @property
    def prefix(self) -> str:
        """What Terraform puts before the addresses of its resources."""
        return ""

    @property
    def scopes(self) -> Iterator[Stack]:
        """The stack and all modules in it."""
        yield self
        for module in self.modules.values():
            yield from module.scopes

    def output(self, name: str) -> Any:
        """The value of an output as written, or None."""
        return Block(self.content.map("output").get(name)).get("value")

    def local(self, name: str) -> Any:
        """The value of a local as written, or None."""
        return self.content.map("locals").get(name)

    def variable(self, name: str) -> tuple[Stack, Any]:
        """The value of a variable, None if it is not known, and the scope that its references belong to."""
        return self, Block(self.content.map("variable").get(name)).get("default")

    def find(self, reference: Reference) -> list[Resource]:
        """The resources that a reference names: one, or several instances of ``count`` and ``for_each``."""
        exact = self.resources.get(reference.address)
        if exact is not None:
            return [exact]
        return _chosen(self._instances.get(reference.address, {}), reference.instance)

    def called(self, reference: Reference) -> list[Module]:
        """The modules that a reference such as ``module.net`` names."""
        name = reference.address.partition(".")[2]
        exact = self.modules.get(name)
        if exact is not None:
            return [exact]
        return _chosen(self._module_instances.get(name, {}), reference.instance)

    @cached_property
    def cleared(self) -> defaultdict[str, set[str]]:
        """By what a rule looks for: the templates that it has not found it in; most stand in many resources."""
        return defaultdict(set)

    @cached_property
    def _instances(self) -> dict[str, dict[str, Resource]]:
        return _by_instance(self.resources)

    @cached_property
    def _module_instances(self) -> dict[str, dict[str, Module]]:
        return _by_instance(self.modules)


@dataclass(eq=False)
class Module(Stack):
    """A module within a stack: a scope of names of its own. ``call`` holds the arguments that ``parent`` gives it."""

    parent: Stack = field(default_factory=lambda: Stack(""), repr=False)
    call: Block = field(default_factory=lambda: Block({}))
    path: str = ""
    """``module.net``, ``module.net.module.zone["a"]``."""

    @property
    def prefix(self) -> str:
        """What Terraform puts before the addresses of its resources."""
        return f"{self.path}."

    def variable(self, name: str) -> tuple[Stack, Any]:
        """What the caller gives, else the default."""
        return (self.parent, self.call.get(name)) if name in self.call else super().variable(name)


T = TypeVar("T")
S = TypeVar("S", bound=Stack)


def instance(name: str, key: object) -> str:
    """``main``, ``main[0]`` or ``main["west"]``, as Terraform writes it."""
    if key is None:
        return name
    return f"{name}[{json.dumps(key, ensure_ascii=False)}]" if isinstance(key, str) else f"{name}[{key}]"


def _by_instance(named: Mapping[str, T]) -> dict[str, dict[str, T]]:
    """What has a key in brackets, by the name before them and by the key."""
    found: dict[str, dict[str, T]] = defaultdict(dict)
    for address, value in named.items():
        name, bracket, key = address.partition("[")
        if bracket:
            found[name][key.removesuffix("]").strip('"')] = value
    return dict(found)


def _chosen(instances: Mapping[str, T], key: str | None) -> list[T]:
    if key is None or key == ANY_INSTANCE:
        return list(instances.values())
    return [instances[key]] if key in instances else []


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
        for scope in self.scopes:
            if hasattr(scope, "deployment"):
                raise ValueError(f"stack {scope.name} is part of another deployment; with_bodies({{}}) copies that one")
            scope.deployment = self

    def release(self) -> None:
        """Let another deployment have the stacks; this one is of no use any more."""
        for scope in self.scopes:
            del scope.deployment

    def stack(self, name: str) -> Stack | None:
        """The stack of a name."""
        return next((stack for stack in self.stacks if stack.name == name), None)

    @cached_property
    def scopes(self) -> tuple[Stack, ...]:
        """The stacks and the modules in them."""
        return tuple(scope for stack in self.stacks for scope in stack.scopes)

    @cached_property
    def everything(self) -> tuple[Resource, ...]:
        """Resources, data sources and ephemeral resources of all stacks."""
        return tuple(resource for scope in self.scopes for resource in scope.resources.values())

    @cached_property
    def blocks_by_mode(self) -> Mapping[str, tuple[Resource, ...]]:
        """Everything that can be judged, by mode."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for scope in self.scopes:
            backends = [] if scope.backend is None else [scope.backend]
            # A module also knows the providers that it got from its caller.
            providers = [provider for provider in scope.providers.values() if provider.stack is scope]
            itself = [] if scope.planned else [scope.itself]
            for block in (*scope.resources.values(), *providers, *backends, *itself):
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

        Without such tags: where the failover records lead, else what the providers are called. Two regions alone are no
        pair: many a deployment has its certificates in another one.
        """
        tagged = {
            role: provider.region
            for provider in self._providers
            if provider.region and isinstance(role := provider.default_tags.get("RegionRole"), str)
        }
        if tagged:
            return tagged
        guesses = (dict(guess) for guess in (self._roles_by_record(), self._roles_by_alias()))
        return next((roles for roles in guesses if len(set(roles.values())) == _PAIR), {})

    @property
    def _providers(self) -> Iterator[Provider]:
        return (provider for scope in self.scopes for provider in scope.providers.values())

    def _roles_by_record(self) -> Iterator[tuple[str, str]]:
        for record in self.resources("aws_route53_record"):
            kind = record.block("failover_routing_policy").text("type")
            ends = [end.region for end in (*record.targets("alias"), *record.targets("records")) if end.region]
            if kind in {"PRIMARY", "SECONDARY"} and ends:
                yield kind.lower(), ends[0]

    def _roles_by_alias(self) -> Iterator[tuple[str, str]]:
        for provider in self._providers:
            words = (provider.text("alias") or "").lower().replace("_", "-").split("-")
            for role, said in _ROLE_WORDS.items():
                if provider.region and said.intersection(words):
                    yield role, provider.region

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

    @cached_property
    def twins(self) -> Twins:
        """What in one region corresponds to what in the other."""
        return Twins(self)

    def setting(self, name: str) -> Any:
        """What a stack publishes as an output under ``name``, or None: how the app hands its settings to auditors."""
        values = (stack.output(name) for stack in self.stacks)
        return next((value for value in values if value is not None), None)

    def follow(self, stack: Stack, value: object) -> tuple[Stack, object]:
        """Where a value leads: through locals, variables, modules and other stacks to a reference or a literal.

        The scope that comes with it is the one that the reference belongs to.
        """
        for _ in range(_LONGEST_CHAIN):
            reference = single(value) if isinstance(value, str) else None
            steps = self.steps(stack, reference) if reference else []
            if len(steps) != 1:
                break
            stack, value = steps[0]
        return stack, value

    def steps(self, stack: Stack, reference: Reference) -> list[tuple[Stack, object]]:
        """What a reference to anything but a resource stands for; several values for several instances."""
        mode, _, name = reference.address.partition(".")
        attribute = reference.attribute
        found: list[tuple[Stack, object]]
        if mode == "local":
            found = [(stack, stack.local(name))]
        elif mode == "var":
            found = [stack.variable(name)]
        elif mode == "module":
            output, _, attribute = attribute.partition(".")
            found = [(module, module.output(output)) for module in stack.called(reference)]
        elif reference.address.startswith("data.terraform_remote_state."):
            outputs, _, rest = attribute.partition(".")
            output, _, attribute = rest.partition(".")
            states = stack.find(reference) if outputs == "outputs" else []
            other = self.state_owner(states[0]) if len(states) == 1 else None
            found = [(other, other.output(output))] if other else []
        else:
            return []
        reached = [(scope, reach(value, attribute)) for scope, value in found]
        return [(scope, value) for scope, value in reached if value is not None]

    def state_owner(self, state: Resource) -> Stack | None:
        """The stack that keeps the state which a ``terraform_remote_state`` reads."""
        if state.key not in self._state_readers:
            # None until it is known: what the state is called may be written in that state.
            self._state_readers[state.key] = None
            place = _state_place(state.stack, state.text("backend"), state.block("config"))
            self._state_readers[state.key] = self._state_keepers.get(place) if place else None
        return self._state_readers[state.key]

    @cached_property
    def _state_readers(self) -> dict[tuple[str, str], Stack | None]:
        return {}

    @cached_property
    def _state_keepers(self) -> dict[tuple[str, ...], Stack]:
        found: dict[tuple[str, ...], Stack] = {}
        for stack in self.stacks:
            own = stack.backend
            place = _state_place(stack, own.type if own else "local", own or Block({}))
            if place:
                found.setdefault(place, stack)
        return found

    def target(self, stack: Stack, value: object) -> Resource | None:
        """The one resource that a value refers to and nothing else."""
        stack, value = self.follow(stack, value)
        reference = single(value) if isinstance(value, str) else None
        found = stack.find(reference) if reference else []
        return found[0] if len(found) == 1 else None

    def targets(self, stack: Stack, value: object) -> list[Resource]:
        """All resources that a value refers to, functions and surrounding text notwithstanding."""
        return list({resource.key: resource for resource, _ in self.destinations(stack, value)}.values())

    def destinations(self, stack: Stack, value: object) -> Iterator[tuple[Resource, str]]:
        """Each reference in a value as the resource that it leads to, and the attribute that it asks it for."""
        for text in templates(value):
            yield from self._meant(stack, text)

    def _meant(self, stack: Stack, text: str) -> tuple[tuple[Resource, str], ...]:
        """Where a string's references lead; remembered, because many strings are written more than once."""
        key = id(stack), text
        known = self._meanings.get(key)
        if known is None:
            known = self._meanings[key] = tuple(self._traced(stack, text, set()))
        return known

    @cached_property
    def _meanings(self) -> dict[tuple[int, str], tuple[tuple[Resource, str], ...]]:
        return {}

    def _traced(self, stack: Stack, text: str, seen: set[tuple[int, Reference]]) -> Iterator[tuple[Resource, str]]:
        for reference in references(text):
            key = id(stack), reference
            if key in seen:
                continue
            seen.add(key)
            steps = self.steps(stack, reference)
            for scope, value in steps:
                for inner in templates(value):
                    yield from self._traced(scope, inner, seen)
            if not steps:
                for resource in stack.find(reference):
                    yield resource, reference.attribute

    def literal(self, stack: Stack, value: object) -> str | None:
        """A value as a literal string, also if it is an attribute that another resource states literally.

        A template counts if each of its expressions does. None if only Terraform can tell.
        """
        return _Literals(self).of(stack, value, _LONGEST_CHAIN)

    @cached_property
    def uses(self) -> Mapping[tuple[str, str], tuple[Resource, ...]]:
        """By a resource's key: what it refers to, anywhere in its body."""
        return {user.key: self._used(user) for user in self.everything}

    def _used(self, user: Resource) -> tuple[Resource, ...]:
        meant = [self._meant(user.stack, text) for text in user.words.templates]
        return tuple({resource.key: resource for ends in meant for resource, _ in ends}.values())

    @cached_property
    def users(self) -> Mapping[tuple[str, str], tuple[Resource, ...]]:
        """By a resource's key: who refers to it."""
        found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for user in self.everything:
            for used in self.uses[user.key]:
                found[used.key].append(user)
        return {key: tuple(users) for key, users in found.items()}

    def present(self, signs: tuple[str, ...]) -> tuple[str, ...]:
        """Those of some signs that are written anywhere: what is nowhere need not be looked for in each resource."""
        if signs not in self._present:
            self._present[signs] = tuple(sign for sign in signs if sign in self._text)
        return self._present[signs]

    @cached_property
    def _present(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        return {}

    @cached_property
    def _text(self) -> str:
        """All texts and keys, each once."""
        blocks = [block.words for blocks in self.blocks_by_mode.values() for block in blocks]
        return "\n".join({text: None for words in blocks for text in (*words.texts, *words.keys)})

    @cached_property
    def requirements(self) -> Mapping[str, frozenset[str]]:
        """By a stack's name: the stacks that must be applied before it, directly or not; itself if there is a circle.

        They are those that the manifest lists, and those whose state it reads.
        """
        direct = {stack.name: set(stack.dependencies) for stack in self.stacks}
        for state in self.blocks_by_mode.get("data", ()):
            owner = self.state_owner(state) if state.type == "terraform_remote_state" else None
            if owner is not None:
                direct[state.stack.name].add(owner.name)
        return {name: frozenset(_reachable(direct, name)) for name in direct}

    def with_bodies(self, bodies: Mapping[tuple[str, str], Body | None]) -> Deployment:
        """A copy in which some resources (by key) have another body, are gone (None), or are new."""
        return Deployment(
            self.folder,
            tuple(_copied(stack, {a: b for (s, a), b in bodies.items() if s == stack.name}) for stack in self.stacks),
            self.problems,
            self.sources,
        )


class _Literals:
    """Looks one value up, within bounds: a template that refers to itself twice would never end."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.left = deployment, _MOST_STEPS

    def of(self, stack: Stack, value: object, depth: int) -> str | None:
        """The text that a value stands for."""
        self.left -= 1
        if depth < 0 or self.left < 0:
            return None
        if not isinstance(value, str):
            return _as_text(value)
        if whole(value) is None:
            return self._filled(stack, value, depth)
        reference = single(value)
        leads_to = self._leads_to(stack, reference) if reference else None
        return self.of(*leads_to, depth - 1) if leads_to else None

    def _leads_to(self, stack: Stack, reference: Reference) -> tuple[Stack, object] | None:
        steps = self.deployment.steps(stack, reference)
        if steps:
            return steps[0] if len(steps) == 1 else None
        found = stack.find(reference)
        return (stack, reach(found[0].body, reference.attribute)) if len(found) == 1 else None

    def _filled(self, stack: Stack, text: str, depth: int) -> str | None:
        """A template with each expression replaced by its value."""
        parts: list[str] = []
        position = length = 0
        for start, end in expressions(text):
            value = self.of(stack, text[start - 2 : end + 1], depth - 1) if text[start - 2] == "$" else None
            if value is None:
                return None
            parts += [_unescaped(text[position : start - 2]), value]
            length += len(value)
            if length > _LONGEST_TEXT:
                return None
            position = end + 1
        return "".join([*parts, _unescaped(text[position:])])


def _as_text(value: object) -> str | None:
    """A value as Terraform writes it into a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else None


def _unescaped(text: str) -> str:
    return text.replace("$${", "${").replace("%%{", "%{")


def _state_place(stack: Stack, kind: str | None, config: Block) -> tuple[str, ...] | None:
    """What tells the state of this backend from others; None if it cannot be told."""
    if kind == "local":
        folder = stack.files[0].parent if stack.files else Path()
        path = _written(stack, config, "path") if "path" in config else _LOCAL_STATE
        return None if path is None else (kind, os.path.normpath(folder / path))
    places = [name for name in _STATE_PLACE if name in config]
    values = [_written(stack, config, name) for name in places]
    if kind is None or not values or None in values:
        return None
    return (kind, *(f"{name}={value}" for name, value in zip(places, values, strict=True)))


def _written(stack: Stack, config: Block, name: str) -> str | None:
    value = config.get(name)
    if isinstance(value, (Mapping, list)):
        return json.dumps(value, sort_keys=True)
    return stack.deployment.literal(stack, value)


def _copied(stack: Stack, bodies: Mapping[str, Body | None]) -> Stack:
    """A stack with other bodies; addresses that it does not know are new resources."""
    copy = _copied_scope(Stack(stack.name, stack.files, stack.content), stack, bodies)
    known = {block.address for scope in stack.scopes for block in scope.resources.values()}
    for address in bodies.keys() - known:
        mode, _, rest = (
            address.partition(".") if address.startswith(("data.", "ephemeral.")) else ("resource", "", address)
        )
        type_, _, name = rest.partition(".")
        if type_ not in _BLOCKS:
            copy.resources[address] = Resource(copy, mode, type_, name, bodies[address])
    return copy


def _copied_scope(copy: S, scope: Stack, bodies: Mapping[str, Body | None]) -> S:
    copy.dependencies, copy.planned = scope.dependencies, scope.planned
    copy.content = Block(bodies.get(scope.itself.address, scope.content.body))
    for name, provider in scope.providers.items():
        if provider.stack is not scope:
            continue
        body = bodies.get(provider.address, provider.body)
        if body is not None:
            copy.providers[name] = Provider(copy, name, body, provider.type)
    if scope.backend is not None:
        body = bodies.get(scope.backend.address, scope.backend.body)
        copy.backend = None if body is None else Resource(copy, "backend", scope.backend.type, scope.backend.name, body)
    for key, resource in scope.resources.items():
        body = bodies.get(resource.address, resource.body)
        if body is not None:
            copy.resources[key] = _copied_resource(copy, resource, body)
    for key, module in scope.modules.items():
        inner = Module(module.name, module.files, module.content, parent=copy, call=module.call, path=module.path)
        # What the caller hands down is found by the name that it has there.
        handed = {id(provider): name for name, provider in scope.providers.items()}
        for name, provider in module.providers.items():
            if provider.stack is not module and handed.get(id(provider)) in copy.providers:
                inner.providers[name] = copy.providers[handed[id(provider)]]
        copy.modules[key] = _copied_scope(inner, module, bodies)
    return copy


def _copied_resource(copy: Stack, resource: Resource, body: Body) -> Resource:
    copied = Resource(copy, resource.mode, resource.type, resource.name, body)
    if body is resource.body and "words" in resource.__dict__:
        copied.__dict__["words"] = resource.words
    return copied


def _reachable(direct: Mapping[str, set[str]], start: str) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [*direct[start]]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting += direct.get(name, ())


def paths(resources: Iterable[Resource]) -> str:
    """Resources for a sentence."""
    return ", ".join(sorted(resource.path for resource in resources)) or "none"
