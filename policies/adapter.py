"""Shows checkov a rule as a custom check.

checkov shows a check one block at a time; a rule needs the whole deployment. So the first block that a rule is asked
about has it judge the deployment, and each later one is looked up in that verdict.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.base_check import BaseDataCheck
from checkov.terraform.checks.provider.base_check import BaseProviderCheck
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck
from checkov.terraform_json.runner import TerraformJsonRunner

from policies import rules
from policies.judge import judge
from policies.model.deployment import Deployment, Stack
from policies.model.reading import MANIFEST, read
from policies.rule import Rule


class _Scan:
    """What checkov is reading: one run of its runner, and the file at hand."""

    def __init__(self) -> None:
        self._run_block = TerraformJsonRunner.run_block
        self.runner: object = None
        self.file = Path()
        self._forget()

    def _forget(self) -> None:
        self._deployments: dict[Path, Deployment] = {}
        self._stacks: dict[Path, Stack] = {}
        self._answers: dict[tuple[Path, str], dict[tuple[str, str], list[str]]] = {}

    def follow(self) -> None:
        """Note which file is scanned: a check is told its name relative to a root that it is not told."""

        def run_block(runner: Any, **arguments: Any) -> None:
            if runner is not self.runner:
                self.runner = runner
                self._forget()
            self.file = Path(arguments["full_file_path"]).resolve()
            self._run_block(runner, **arguments)

        TerraformJsonRunner.run_block = run_block

    def answers(self, rule: Rule) -> tuple[dict[tuple[str, str], list[str]], Stack]:
        """The rule's verdict on the deployment of the file, block by block; and the file's stack in it, or module.

        Raises:
            LookupError: the deployment does not hold the file.
        """
        stack = self._stack()
        key = stack.deployment.folder, rule.id
        if key not in self._answers:
            # One rule at a time: checkov may have been told to run only some.
            self._answers[key] = judge(stack.deployment, [rule]).answers[rule.id]
        return self._answers[key], stack

    def _stack(self) -> Stack:
        """What the file is in its deployment; a file is looked for once, because each of its blocks asks."""
        if self.file not in self._stacks:
            root = next((place for place in self.file.parents if (place / MANIFEST).is_file()), self.file.parent)
            if root not in self._deployments:
                self._deployments[root] = read(root)
            deployment = self._deployments[root]
            holding = (stack for stack in deployment.scopes if any(file.resolve() == self.file for file in stack.files))
            stack = next(holding, None)
            if stack is None:
                raise LookupError(f"{self.file} is no stack of {root}: {'; '.join(deployment.problems)}")
            self._stacks[self.file] = stack
        return self._stacks[self.file]


_SCAN = _Scan()


class _Check:
    """The part that all three adapters share; checkov's base classes differ in which blocks they are shown."""

    rule: Rule
    mode: str
    entity_path: str
    details: list[str]

    def scan_entity_conf(self, conf: dict[str, Any], entity_type: str) -> Any:
        """PASSED, FAILED with the rule's sentences as details, or UNKNOWN if the rule does not judge this block."""
        answers, stack = _SCAN.answers(self.rule)
        own, guests = self._addresses(stack, conf, entity_type)
        judged = [address for address in (own, *guests) if (stack.name, address) in answers]
        if not judged:
            return CheckResult.UNKNOWN
        self.details = [
            message if address == own else f"{address}: {message}"
            for address in judged
            for message in answers[stack.name, address]
        ]
        return CheckResult.FAILED if self.details else CheckResult.PASSED

    def _addresses(self, stack: Stack, _conf: dict[str, Any], entity_type: str) -> tuple[str, list[str]]:
        """The block's own address, and those of blocks that are shown with it."""
        prefix = "" if self.mode == "resource" else f"{self.mode}."
        return f"{stack.prefix}{prefix}{entity_type}.{self.entity_path.rpartition(':')[2]}", []


class _ResourceCheck(_Check, BaseResourceCheck):  # type: ignore[misc]
    mode = "resource"

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        super().__init__(rule.title, rule.id, [CheckCategories.GENERAL_SECURITY], list(rule.judges.types))

    def scan_resource_conf(self, conf: dict[str, Any]) -> Any:
        """Abstract in the base class; ``scan_entity_conf`` does it."""


class _DataCheck(_Check, BaseDataCheck):  # type: ignore[misc]
    mode = "data"

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        super().__init__(rule.title, rule.id, [CheckCategories.GENERAL_SECURITY], list(rule.judges.types))

    def scan_data_conf(self, conf: dict[str, Any]) -> Any:
        """Abstract in the base class; ``scan_entity_conf`` does it."""


class _ProviderCheck(_Check, BaseProviderCheck):  # type: ignore[misc]
    """For rules on providers, and on what checkov has no checks for: it is shown with the stack's first provider."""

    mode = "provider"

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        super().__init__(rule.title, rule.id, [CheckCategories.GENERAL_SECURITY], ["*"])

    def scan_provider_conf(self, conf: dict[str, Any]) -> Any:
        """Abstract in the base class; ``scan_entity_conf`` does it."""

    def _addresses(self, stack: Stack, conf: dict[str, Any], entity_type: str) -> tuple[str, list[str]]:
        alias = conf.get("alias")
        alias = alias[0] if isinstance(alias, list) and alias else alias
        name = f"{entity_type}.{alias}" if alias else entity_type
        return f"{stack.prefix}provider.{name}", _guests(stack) if name == next(iter(stack.providers), None) else []


def _guests(stack: Stack) -> list[str]:
    """What checkov shows to no check."""
    backends = [] if stack.backend is None else [stack.backend]
    ephemeral = [resource for resource in stack.resources.values() if resource.mode == "ephemeral"]
    return [block.address for block in (stack.itself, *backends, *ephemeral)]


def register() -> list[object]:
    """Register every rule with checkov."""
    _SCAN.follow()
    made: list[object] = []
    for rule in rules.every():
        adapters = {mode: {"resource": _ResourceCheck, "data": _DataCheck}.get(mode) for mode in rule.judges.modes}
        made += [adapter(rule) for adapter in dict.fromkeys(a or _ProviderCheck for a in adapters.values())]
    return made
