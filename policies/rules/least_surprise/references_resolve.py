"""Whatever is referred to exists."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.model.deployment import Resource, Stack
from policies.model.references import Reference, references, single
from policies.model.values import Block, templates
from policies.mutation import edit, remove
from policies.rule import Severity, kind, rule
from policies.rules.least_surprise._walk import EVERYTHING

_STATE: Final = "data.terraform_remote_state."
_APART: Final = ("//", "check", "moved", "removed", "import")
"""Parts of a stack that name what need not be there, or declare it within themselves."""

_LISTS: Final = ("depends_on", "replace_triggered_by")
"""Lists of addresses that Terraform's JSON writes without a template around them."""


_REMAINS: Final = frozenset({"tftoken", "token"})
"""What a token that was changed as a string looks like to Terraform."""


def _dangling(body: dict[str, Any], _: Resource) -> bool:
    """The first reference of the body leads to something of the same type that is not there."""
    for name, value in body.items():
        if name != "//" and isinstance(value, str) and (found := single(value)) and "." in found.address:
            body[name] = value.replace(found.address, f"{found.address}_gone", 1)
            return True
    return False


def _lost_output(body: dict[str, Any], _: Resource) -> bool:
    """What the body reads from another stack is read under another name."""
    text = next((t for t in templates(body) if _STATE in t), None)
    if text is None:
        return False
    edited = re.sub(r"(\.outputs\.[\w-]+)", r"\1-gone", text, count=1)
    _replace(body, text, edited)
    return edited != text


def _replace(value: Any, old: str, new: str) -> None:
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if inner == old:
            value[key] = new
        elif isinstance(inner, (dict, list)):
            _replace(inner, old, new)


def _without_outputs(body: dict[str, Any], _: Resource) -> bool:
    gone = body.pop("output", None)
    return bool(gone)


def _readers(stack: Resource) -> list[Resource]:
    """Who reads an output of a stack."""
    states = {
        state.key
        for state in stack.deployment.everything
        if state.type == "terraform_remote_state" and stack.deployment.state_owner(state) is stack.stack
    }
    return [
        reader
        for reader in stack.deployment.everything
        if any((reader.stack.name, r.address) in states for t in templates(reader.body) for r in references(t))
    ]


def _elsewhere(body: dict[str, Any], _: Resource) -> bool:
    body["config"] = {**copy.deepcopy(body.get("config", {})), "key": "somewhere/else.tfstate"}
    return True


def _users_here(resource: Resource) -> list[Resource]:
    """Those of the same stack; another stack refers to an output, on which it is seen."""
    return [user for user in resource.users() if user.stack is resource.stack]


def _its_readers(state: Resource) -> list[Resource]:
    return [
        reader
        for reader in state.stack.resources.values()
        if any(r.address == state.address for t in templates(reader.body) for r in references(t))
    ]


@rule(
    id="TAP_REFERENCES_RESOLVE",
    title="Whatever is referred to exists, in the stack or in the one whose state is read",
    risk="The apply of a stack stops, after those before it were changed; in a recovery nobody has time for that.",
    remediation="Declare what is referred to, and synthesize the whole app, so that no output is missing.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:6.5.1", "NIST-800-53:CM-3(2)", "WA-REL:REL08-BP02"],
    judges=kind("*", modes=EVERYTHING, where=lambda block: not block.stack.planned),
    passes=[
        {
            "aws_vpc": {"main": {"tags": {"Name": "${local.name}"}}},
            "aws_subnet": {
                "all": {"count": 2, "vpc_id": "${aws_vpc.main.id}", "cidr_block": "${var.blocks[count.index]}"},
            },
            "aws_sqs_queue": {"dead": {"depends_on": ["aws_vpc.main", "data.aws_region.here"]}},
            "aws_security_group": {
                "dynamic": {
                    "name": '${join("-", [for part in var.blocks : part.name])}',
                    "dynamic": {"ingress": {"for_each": "${var.blocks}", "content": {"from_port": "${ingress.value}"}}},
                }
            },
            "aws_iam_policy": {"escaped": {"policy": '{"Resource": "arn:aws:s3:::b/$${aws.username}"}'}},
            "data.aws_region": {"here": {}},
            "data.terraform_remote_state": {
                "own": {
                    "provider": None,
                    "backend": "s3",
                    "config": {"bucket": "tap-state-usw2-000000000000", "key": "dev/example.tfstate"},
                }
            },
            "locals": {"name": "tap"},
            "variable": {"blocks": {"default": []}},
            "output": {
                "vpc": {"value": "${aws_vpc.main.id}"},
                "again": {"value": "${data.terraform_remote_state.own.outputs.vpc}"},
            },
        }
    ],
    fails=[
        {"aws_subnet": {"lost": {"vpc_id": "${aws_vpc.main.id}"}}},
        {"aws_subnet": {"embedded": {"tags": {"Name": "x-${aws_vpc.main.id}"}}}},
        {"aws_vpc": {"main": {"tags": {"Name": "${local.name}"}}}},
        {"aws_vpc": {"main": {"tags": {"Name": "${var.name}"}}}},
        {"aws_vpc": {"main": {"tags": {"Name": "${module.names.vpc}"}}}},
        {"aws_vpc": {"main": {"depends_on": ["aws_subnet.lost"]}}},
        {"aws_vpc": {"main": {"tags": {"Name": "${data.aws_region.here.name}"}}}},
        {"aws_vpc": {"main": {}}, "output": {"vpc": {"value": "${aws_vpc.other.id}"}}},
        {"aws_vpc": {"main": {"tags": {"Name": "${data.terraform_remote_state.gone.outputs.x}"}}}},
        {
            "aws_vpc": {"main": {"tags": {"Name": "${data.terraform_remote_state.own.outputs.gone}"}}},
            "data.terraform_remote_state": {
                "own": {
                    "provider": None,
                    "backend": "s3",
                    "config": {"bucket": "tap-state-usw2-000000000000", "key": "dev/example.tfstate"},
                }
            },
        },
        {
            "aws_vpc": {"main": {"tags": {"Name": "${data.terraform_remote_state.other.outputs.x}"}}},
            "data.terraform_remote_state": {
                "other": {"provider": None, "backend": "s3", "config": {"bucket": "another", "key": "x"}}
            },
        },
    ],
    mutations=[
        edit("a reference to something that is not there", _dangling),
        edit("an output that the other stack does not have", _lost_output),
        edit("a stack without outputs", _without_outputs, "terraform", mode="stack", seen_on=_readers),
        edit("a state that no stack keeps", _elsewhere, "terraform_remote_state", mode="data", seen_on=_its_readers),
        remove(
            "a resource is gone that others refer to", "aws_vpc", "aws_kms_key", "aws_iam_role", seen_on=_users_here
        ),
    ],
)
def references_resolve(block: Resource) -> Iterator[str]:
    """Resources, data, locals, variables and modules of the stack, and outputs of others; not their attributes."""
    stack = block.stack
    if block.mode == "stack":
        texts = templates({name: value for name, value in block.body.items() if name not in _APART})
    else:
        cleared = stack.cleared["refers to nothing"]
        written = (*block.words.templates, *block.words.templated_keys)
        texts = [text for text in written if text not in cleared]
        if not texts and _OF_ADDRESSES.isdisjoint(block.words.keys):
            return
    found = {text: references(text) for text in texts}
    bound = set(_iterators(block.body)) if "dynamic" in block.words.keys else set()
    if bound:
        found = {
            text: tuple(it for it in named if it.address.partition(".")[0] not in bound)
            for text, named in found.items()
        }
    faults: dict[str, None] = {}
    for text, named in found.items():
        told = [fault for reference in named if (fault := _fault(stack, reference))]
        faults.update(dict.fromkeys(told))
        if not told and not bound:
            stack.cleared["refers to nothing"].add(text)
    faults.update(dict.fromkeys(fault for reference in _addresses(block) if (fault := _fault(stack, reference))))
    yield from faults


def _iterators(value: object) -> Iterator[str]:
    """What ``dynamic`` blocks call the element at hand: their label, or what they say.

    https://developer.hashicorp.com/terraform/language/expressions/dynamic-blocks
    """
    if isinstance(value, Mapping):
        for label, generated in Block(value).map("dynamic").items():
            yield str(label)
            yield from (Block(block).text("iterator") or "" for block in Block({"b": generated}).items("b"))
        for inner in value.values():
            yield from _iterators(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _iterators(inner)


_OF_ADDRESSES: Final = frozenset({"depends_on", "lifecycle", "dynamic"})


def _addresses(block: Resource) -> Iterator[Reference]:
    order = block.texts("depends_on") if "depends_on" in block.body else ()
    lifecycle = block.block("lifecycle") if "lifecycle" in block.words.keys else Block({})
    for text in (*order, *lifecycle.texts("replace_triggered_by")):
        reference = single(text if text.startswith("${") else f"${{{text}}}")
        if reference is not None:
            yield reference


def _fault(stack: Stack, reference: Reference) -> str | None:
    """What is wrong with a reference, or None; found once for a stack."""
    known: dict[Reference, str | None] = stack.__dict__.setdefault("_reference_faults", {})
    if reference not in known:
        known[reference] = _found_fault(stack, reference)
    return known[reference]


def _found_fault(stack: Stack, reference: Reference) -> str | None:
    head, _, name = reference.address.partition(".")
    if head.lower() in _REMAINS:
        return None  # What is left of a token is told by TAP_TOKENS_RESOLVED.
    if head == "local":
        there = name in stack.content.map("locals")
    elif head == "var":
        there = name in stack.content.map("variable")
    elif head == "module":
        there = bool(stack.called(reference)) or name in stack.content.map("module")
    else:
        found = stack.find(reference)
        if found and reference.address.startswith(_STATE):
            return _state_fault(found[0], reference)
        there = bool(found)
    return None if there else f"{reference.address} is referred to and does not exist"


def _state_fault(state: Resource, reference: Reference) -> str | None:
    outputs, _, rest = reference.attribute.partition(".")
    if outputs != "outputs" or not rest:
        return None
    owner = state.deployment.state_owner(state)
    if owner is None:
        return (
            f"{reference.address} reads a state that no stack of the deployment keeps, so nobody can tell what is in it"
        )
    name = rest.partition(".")[0]
    if name not in owner.content.map("output"):
        return f"{reference.address} reads the output {name}, which the stack {owner.name} does not have"
    return None
