"""Reads ``terraform show -json``: planned values, and the references that the configuration holds for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from policies.model.deployment import Provider, Resource, Stack
from policies.model.values import Block


def is_plan(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a plan as ``terraform show -json`` writes it."""
    return "format_version" in content and "planned_values" in content


def read_plan(file: Path, content: Mapping[str, Any], problems: list[str]) -> Stack:
    """The plan as one stack, named like its file."""
    plan = Block(content)
    configuration = plan.block("configuration")
    stack = Stack(file.stem, (file,))
    keys: dict[str, str] = {}
    for key in configuration.map("provider_config"):
        block = configuration.block("provider_config").block(key)
        name, alias = block.text("name") or key, block.text("alias")
        full = f"{name}.{alias}" if alias else name
        keys[key] = full
        stack.providers[full] = Provider(stack, full, _constants(block.block("expressions")))
    expressions = dict(_configured(configuration.block("root_module"), ""))
    for module, described in _planned(plan.block("planned_values").block("root_module"), ""):
        _add(stack, module, described, expressions, keys)
    if not stack.resources:
        problems.append(f"{file}: the plan holds no resource")
    return stack


def _add(
    stack: Stack, module: str, described: Block, expressions: Mapping[str, Block], keys: Mapping[str, str]
) -> None:
    mode = {"managed": "resource", "data": "data"}.get(described.text("mode") or "")
    type_, name = described.text("type"), described.text("name")
    if mode is None or type_ is None or name is None:
        return
    configured = expressions.get(f"{module}{'data.' if mode == 'data' else ''}{type_}.{name}", Block({}))
    body = _with_references(described.map("values"), configured.map("expressions"))
    provider = keys.get(configured.text("provider_config_key") or "")
    if provider:
        body["provider"] = provider
    index = described.get("index")
    full = name if index is None else f"{name}[{index}]"
    resource = Resource(stack, mode, type_, f"{module.rstrip('.')}/{full}" if module else full, body)
    stack.resources[resource.address] = resource


def _planned(module: Block, prefix: str) -> Iterator[tuple[str, Block]]:
    for resource in module.blocks("resources"):
        yield prefix, resource
    for child in module.blocks("child_modules"):
        yield from _planned(child, f"{child.text('address') or ''}.")


def _configured(module: Block, prefix: str) -> Iterator[tuple[str, Block]]:
    for resource in module.blocks("resources"):
        yield f"{prefix}{resource.text('address')}", resource
    for name in module.map("module_calls"):
        call = module.block("module_calls").block(name)
        yield from _configured(call.block("module"), f"{prefix}module.{name}.")


def _constants(expressions: Block) -> dict[str, Any]:
    """Provider settings: constants as they are, everything else as a reference."""
    return _with_references({}, expressions.body)


def _with_references(values: Mapping[str, Any], expressions: Mapping[str, Any]) -> dict[str, Any]:
    """Planned values, and ``${reference}`` for what is known only after the apply."""
    found = {name: value for name, value in values.items() if value is not None}
    for name, expression in expressions.items():
        if isinstance(expression, list):
            written = found.get(name)
            bodies = written if isinstance(written, list) else [{}] * len(expression)
            parts = [*expression, *[{}] * len(bodies)]
            found[name] = [
                _with_references(body, part) if isinstance(body, Mapping) and isinstance(part, Mapping) else body
                for body, part in zip(bodies, parts, strict=False)
            ]
        elif isinstance(expression, Mapping) and name not in found:
            found[name] = _expressed(expression)
    return {name: value for name, value in found.items() if value is not None}


def _expressed(expression: Mapping[str, Any]) -> Any:
    if "constant_value" in expression:
        return expression["constant_value"]
    references = expression.get("references")
    if isinstance(references, list) and references:
        # The longest form comes first; the shorter ones after it name the same object.
        return f"${{{references[0]}}}"
    return _with_references({}, expression) if "references" not in expression else None
