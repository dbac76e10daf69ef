"""IAM: simulations of what a role may do."""

import importlib
from contextvars import ContextVar
from typing import Any

from embedded.server.patching import Service, around, gap

_supplied: ContextVar[dict[str, list[str]] | None] = ContextVar("supplied", default=None)
"""What the caller of a simulation says of the request that he imagines, while it is judged."""


@gap(
    "services.iam",
    *("_extract_simulate_params", "_build_simulate_results_real"),
    "core.iam_evaluator:evaluate",
)
def simulated_context(iam: Service) -> None:
    """A simulation ignores the context that it is given, and so denies whatever depends on a condition.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    evaluator = importlib.import_module("ministack.core.iam_evaluator")

    @around(iam, "_extract_simulate_params")
    def extract(original: Any, params: dict[str, Any]) -> Any:
        _supplied.set(_entries(params))
        return original(params)

    @around(iam, "_build_simulate_results_real")
    def build(original: Any, *arguments: Any) -> Any:
        try:
            return original(*arguments)
        finally:
            _supplied.set(None)

    @around(evaluator, "evaluate")
    def evaluate(original: Any, context: Any, *policies: Any, **more: Any) -> Any:
        for name, values in (_supplied.get() or {}).items():
            context.service_context[name] = values if len(values) > 1 else values[0]
        return original(context, *policies, **more)


def _entries(params: dict[str, Any]) -> dict[str, list[str]]:
    """The context keys of a request in the Query protocol, in lower case, and their values."""
    entries: dict[str, dict[int, str]] = {}
    names: dict[str, str] = {}
    for parameter, value in params.items():
        kind, _, rest = parameter.partition(".member.")
        number, _, field = rest.partition(".")
        text = value[0] if isinstance(value, list) else value
        if kind == "ContextEntries" and field == "ContextKeyName":
            names[number] = text.lower()
        elif kind == "ContextEntries" and field.startswith("ContextKeyValues.member."):
            entries.setdefault(number, {})[int(field.rpartition(".")[2])] = text
    return {names[number]: [values[place] for place in sorted(values)] for number, values in entries.items()}
