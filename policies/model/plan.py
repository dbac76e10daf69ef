"""Reads ``terraform show -json``: planned values, and the references that the configuration holds for the rest.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from policies.model.deployment import Deployment, Module, Provider, Resource, Stack, instance
from policies.model.values import Block, Body

_MODES: Final = {"managed": "resource", "data": "data", "ephemeral": "ephemeral"}
_VERSION: Final = "1"
"""The major version of the format; others may mean other things by the same names."""
_NO_RESOURCES: Final = ("var.", "local.", "each.", "count.", "path.", "self.", "terraform.")


def is_plan(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a plan as ``terraform show -json`` writes it."""
    return "format_version" in content and "planned_values" in content


def read_plan(file: Path, name: str, content: Body, tell: Callable[[str], None]) -> Stack:
    """The plan as one stack. It is a plan for people's eyes if it is partial, so that is told."""
    plan = Block(content)
    for problem in _faults(plan):
        tell(f"{name}: {problem}")
    stack = Stack(name, (file,), planned=True)
    configuration = plan.block("configuration")
    providers = _providers(stack, configuration)
    stack.providers.update(providers)
    planned = plan.block("planned_values")
    root = configuration.block("root_module")
    variables = {name: {"default": Block(given).get("value")} for name, given in plan.map("variables").items()}
    stack.content = Block(_content(root, variables, planned.map("outputs")))
    _fill(stack, planned.block("root_module"), root, providers)
    # What was read while planning is in the state before it.
    _fill(stack, plan.block("prior_state").block("values").block("root_module"), root, providers, only="data")
    _add_default_tags(stack, providers)
    alone = Deployment(file.parent, (stack,))
    _link(stack, root, alone)
    alone.release()
    return stack


def _faults(plan: Block) -> Iterator[str]:
    """Why a plan does not tell everything."""
    version = str(plan.get("format_version")).partition(".")[0]
    if version != _VERSION:
        yield f"the plan has format_version {plan.get('format_version')}, and only {_VERSION}.x is known"
    if plan.flag("errored"):
        yield "Terraform stopped while it planned, so the plan is not whole"
    elif plan.flag("complete") is False:
        yield "the plan is not whole: it was limited by -target, or something is left to a later one"


def _providers(stack: Stack, configuration: Block) -> dict[str, Provider]:
    """The providers by the key that resources name; its form is ``aws.use1``, or ``module.net:aws`` within a module."""
    found = {}
    for key, described in configuration.map("provider_config").items():
        block = Block(described)
        settings = _expressed_body({}, block.map("expressions"))
        found[key] = Provider(stack, key, settings, block.text("name") or key.partition(".")[0])
    return found


def _content(module: Block, variables: Body, outputs: Body) -> dict[str, Any]:
    """Variables and outputs of a module, as a configuration would have them."""
    declared = {name: Block(described).body for name, described in module.map("variables").items()}
    expressed = {
        name: {"value": _expressed(Block(described).map("expression"))}
        for name, described in module.map("outputs").items()
    }
    known = {name: {"value": value} for name, value in _values(outputs).items() if value is not None}
    return {"variable": {**declared, **variables}, "output": {**expressed, **known}}


def _values(outputs: Body) -> dict[str, Any]:
    return {name: Block(output).get("value") for name, output in outputs.items()}


def _fill(scope: Stack, values: Block, configured: Block, providers: Mapping[str, Provider], only: str = "") -> None:
    """The resources of a module, and of those below it."""
    expressions = {Block(item).text("address"): Block(item) for item in configured.items("resources")}
    for described in values.blocks("resources"):
        mode = _MODES.get(described.text("mode") or "")
        type_, name = described.text("type"), described.text("name")
        if mode is None or type_ is None or name is None or (only and mode != only):
            continue
        address = f"{type_}.{name}" if mode == "resource" else f"{mode}.{type_}.{name}"
        known = expressions.get(address, Block({}))
        body = _expressed_body(described.map("values"), known.map("expressions"))
        key = known.text("provider_config_key")
        if key is not None and key in providers:
            body["provider"] = key
        resource = Resource(scope, mode, type_, instance(name, described.get("index")), body)
        scope.resources.setdefault(resource.local_address, resource)
    for described in values.blocks("child_modules"):
        _add_module(scope, described, configured, providers, only)


def _add_module(
    scope: Stack, described: Block, configured: Block, providers: Mapping[str, Provider], only: str
) -> None:
    path = described.text("address") or ""
    # module.net["a.b"].module.zone: what is left of the caller's own address is the name, with its instance.
    name = path.removeprefix(scope.prefix).removeprefix("module.")
    call = Block(configured.map("module_calls").get(name.partition("[")[0]))
    module = scope.modules.get(name)
    if module is None:
        arguments = Block(_expressed_body({}, call.map("expressions")))
        module = Module(scope.name, scope.files, parent=scope, call=arguments, path=path, planned=True)
        module.content = Block(_content(call.block("module"), {}, {}))
        module.providers.update(providers)
        scope.modules[name] = module
    _fill(module, described, call.block("module"), providers, only)


def _add_default_tags(stack: Stack, providers: Mapping[str, Provider]) -> None:
    """Default tags that are an expression: what the resources get beyond their own."""
    given: dict[str, dict[str, Any]] = {}
    for scope in stack.scopes:
        for resource in scope.resources.values():
            own = resource.map("tags")
            beyond = {name: value for name, value in resource.map("tags_all").items() if name not in own}
            given.setdefault(resource.text("provider") or "", {}).update(beyond)
            # Nobody wrote it, and it differs between regions by nature.
            resource.body = {name: value for name, value in resource.body.items() if name != "tags_all"}
    for key, provider in providers.items():
        if given.get(key) and "default_tags" in provider and not provider.block("default_tags").map("tags"):
            provider.body = {**provider.body, "default_tags": [{"tags": given[key]}]}


# Links: references to what is known


def _link(scope: Stack, configured: Block, deployment: Deployment) -> None:
    """Put references back where the plan knows their value: rules ask for what a value comes from.

    A value is replaced only if the reference leads to that very value, so that nothing else changes.
    """
    expressions = {Block(item).text("address"): Block(item) for item in configured.items("resources")}
    for address, resource in scope.resources.items():
        known = expressions.get(address.partition("[")[0])
        if known is not None:
            resource.body = _linked_body(scope, deployment, resource.body, known.map("expressions"))
    for name, module in scope.modules.items():
        call = Block(configured.map("module_calls").get(name.partition("[")[0]))
        _link(module, call.block("module"), deployment)


def _linked_body(scope: Stack, deployment: Deployment, body: Body, expressions: Body) -> dict[str, Any]:
    linked = dict(body)
    for name, expression in expressions.items():
        value = body.get(name)
        if isinstance(expression, Mapping) and isinstance(expression.get("references"), list):
            names = [n for n in _longest(expression["references"]) if not n.startswith(_NO_RESOURCES)]
            known = {n: deployment.literal(scope, f"${{{n}}}") for n in names}
            linked[name] = _linked(value, {_normal(v): f"${{{n}}}" for n, v in known.items() if v is not None})
        elif isinstance(expression, list) and isinstance(value, list):
            pairs = _paired(value, [part for part in expression if isinstance(part, Mapping)])
            linked[name] = [
                _linked_body(scope, deployment, item, part) if isinstance(item, Mapping) else item
                for item, part in pairs
            ]
    return linked


def _linked(value: Any, references: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return references.get(_normal(value), value)
    if isinstance(value, list):
        return [_linked(item, references) for item in value]
    if isinstance(value, Mapping):
        return {key: _linked(item, references) for key, item in value.items()}
    return value


def _normal(text: str) -> str:
    """A text for comparison: the provider writes the JSON of a policy in another way than its data source."""
    try:
        return json.dumps(json.loads(text), sort_keys=True) if text.startswith("{") else text
    except (ValueError, RecursionError):
        return text


# Values, and references where there are none


def _expressed_body(values: Body, expressions: Body) -> dict[str, Any]:
    """Planned values, and ``${reference}`` for what is known only after the apply.

    An empty list stands for a block that is not written, unless the configuration does write it.
    """
    found = {k: v for k, v in values.items() if v is not None and (v != [] or k in expressions)}
    for name, expression in expressions.items():
        if isinstance(expression, list):
            found[name] = _blocks(found.get(name), [part for part in expression if isinstance(part, Mapping)])
        elif isinstance(expression, Mapping) and found.get(name) is None:
            found[name] = _expressed(expression)
        elif isinstance(expression, Mapping) and isinstance(found[name], Mapping) and not _is_leaf(expression):
            found[name] = _expressed_body(found[name], expression)
    return {name: value for name, value in found.items() if value is not None}


def _blocks(written: object, expressions: list[Body]) -> list[Any]:
    """Nested blocks, each with the references of its expressions."""
    if not isinstance(written, list):
        return [_expressed_body({}, expression) for expression in expressions]
    pairs = _paired(written, expressions)
    return [_expressed_body(body, part) if isinstance(body, Mapping) else body for body, part in pairs]


def _paired(written: list[Any], expressions: list[Body]) -> list[tuple[Any, Body]]:
    """Each planned block with the expressions that fit it best: sets have an order of their own."""
    left = list(expressions)
    pairs: list[tuple[Any, Body]] = []
    for body in written:
        best = max(left, key=lambda part, body=body: _agreement(body, part), default=None)  # type: ignore[misc]
        if best is not None and len(left) > 1:
            left.remove(best)
        pairs.append((body, best or {}))
    return pairs


def _agreement(body: Any, expressions: Body) -> int:
    """How many of the constants in a block's expressions a planned block has; less for each that it has otherwise."""
    score = 0
    if not isinstance(body, Mapping):
        return score
    for name, expression in expressions.items():
        if isinstance(expression, Mapping) and "constant_value" in expression:
            score += 1 if body.get(name) == expression["constant_value"] else -1
    return score


def _is_leaf(expression: Body) -> bool:
    return not expression or "constant_value" in expression or "references" in expression


def _expressed(expression: Body) -> Any:
    """A constant, or what the expression refers to: it need not be all of the value."""
    if "constant_value" in expression:
        return expression["constant_value"]
    if "references" in expression:
        listed = expression["references"]
        return _referring(
            _longest([name for name in listed if isinstance(name, str)] if isinstance(listed, list) else [])
        )
    return _expressed_body({}, expression) or None


def _longest(names: Sequence[object]) -> list[str]:
    """The references without the shorter forms that follow each: ``aws_vpc.main.id``, not ``aws_vpc.main`` again."""
    found: list[str] = []
    for name in names:
        if isinstance(name, str) and not any(
            longer == name or longer.startswith((f"{name}.", f"{name}[")) for longer in found
        ):
            found.append(name)
    return found


def _referring(names: Sequence[str]) -> str | None:
    if not names:
        return None
    return f"${{{names[0]}}}" if len(names) == 1 else f"${{[{', '.join(names)}]}}"
