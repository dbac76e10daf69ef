"""The rules, one file each, in a folder per family. A new file is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from policies.rule import Rule


@lru_cache(maxsize=1)
def every() -> tuple[Rule, ...]:
    """All rules, by family and id.

    Raises:
        ValueError: two rules share an id, or a file holds no rule.
    """
    found: dict[str, Rule] = {}
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        if module.ispkg or module.name.rpartition(".")[2].startswith("_"):
            continue
        rules = [value for value in vars(importlib.import_module(module.name)).values() if isinstance(value, Rule)]
        own = [rule for rule in rules if rule.module == module.name]
        if not own:
            raise ValueError(f"{module.name} holds no rule; a file that rules share begins with an underscore")
        for rule in own:
            if rule.id in found:
                raise ValueError(f"{rule.id} stands in {found[rule.id].module} and in {rule.module}")
            found[rule.id] = rule
    return tuple(sorted(found.values(), key=lambda rule: (rule.family, rule.id)))


@lru_cache(maxsize=1)
def families() -> dict[str, str]:
    """What each family promises: its package's docstring, by name."""
    names = sorted({rule.family for rule in every()})
    return {name: (importlib.import_module(f"{__name__}.{name}").__doc__ or "").strip() for name in names}
