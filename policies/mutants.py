"""``make mutants``: how many edits of the deployment our rules catch, and which of those checkov's own checks catch.

Each mutation of each rule is made to every resource that it fits, and the rule must find something wrong with the
resource that was edited. checkov gets the first of them, with everything that is connected to the edited resource;
it catches the edit if one of its built-in checks fails there that did not fail before.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from policies import rules
from policies.judge import judge
from policies.model.deployment import Deployment, Resource
from policies.model.reading import read
from policies.mutation import Mutant
from policies.rule import Rule

SYNTH: Final = Path("cdktf.out")
_NEAR: Final = ("resource", "data")


@dataclass(frozen=True)
class Line:
    """What came of one mutation: edits made, edits caught, and checkov's checks that caught the first."""

    rule: str
    mutation: str
    made: int
    caught: int
    builtin: tuple[str, ...]


def main() -> int:
    """Print the table; 1 if an edit was not caught, 2 if there is nothing to edit."""
    parser = argparse.ArgumentParser(prog="python -m policies.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("place", nargs="?", type=Path, default=SYNTH, help="a synth output (default: cdktf.out)")
    parser.add_argument("--rule", action="append", default=[], metavar="ID", help="only this rule (may be repeated)")
    options = parser.parse_args()
    deployment = read(options.place)
    if deployment.problems:
        sys.stderr.write("mutants: " + "\n".join(deployment.problems) + "\n")
        return 2
    lines = []
    for rule in rules.every():
        if not options.rule or rule.id in options.rule:
            for line in of_rule(rule, deployment):
                lines.append(line)
                mark = "ok  " if line.caught == line.made else "LOST"
                also = ", ".join(line.builtin) or "–"
                sys.stdout.write(f"{mark} {line.caught:>3}/{line.made:<3} {line.rule}: {line.mutation}  [{also}]\n")
                sys.stdout.flush()
    return _summary(lines)


def _summary(lines: Sequence[Line]) -> int:
    made, caught = sum(line.made for line in lines), sum(line.caught for line in lines)
    builtin = sum(bool(line.builtin) for line in lines)
    if not made:
        sys.stderr.write("mutants: nothing could be edited\n")
        return 2
    sys.stdout.write(
        f"\n{caught} of {made} edits were caught by the rule meant for them ({caught / made:.1%}), "
        f"from {len(lines)} mutations of {len({line.rule for line in lines})} rules\n"
        f"checkov's built-in checks catch {builtin} of the {len(lines)} mutations ({builtin / len(lines):.1%})\n"
    )
    return 0 if caught == made else 1


def of_rule(rule: Rule, deployment: Deployment) -> Iterator[Line]:
    """What came of each mutation of a rule."""
    judged = rule.judges.members(deployment)
    for mutation in rule.mutations:
        mutants = list(mutation.mutants(deployment, judged))
        caught = sum(_is_caught(rule, mutant) for mutant in mutants)
        builtin = _builtin(deployment, mutants[0]) if mutants else ()
        yield Line(rule.id, mutation.title, len(mutants), caught, builtin)


def _is_caught(rule: Rule, mutant: Mutant) -> bool:
    verdict = judge(mutant.deployment, [rule])
    return not verdict.problems and set(mutant.expected) <= {finding.resource.key for finding in verdict.findings}


def _builtin(deployment: Deployment, mutant: Mutant) -> tuple[str, ...]:
    """checkov's checks that fail with the edit and do not fail without it."""
    keys = {mutant.edited.key, *mutant.expected}
    near = {resource.key for key in keys for resource in _connected(deployment, key)}
    before, after = (_failing(_only(each, keys | near)) for each in (deployment, mutant.deployment))
    return tuple(sorted(after - before))


def _connected(deployment: Deployment, key: tuple[str, str]) -> Iterable[Resource]:
    resource = next((each for each in deployment.everything if each.key == key), None)
    if resource is None:
        return ()
    return (*deployment.targets(resource.stack, resource.body), *deployment.users.get(key, ()))


def _only(deployment: Deployment, keys: set[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """The stacks with nothing but some of their resources."""
    stacks: dict[str, dict[str, Any]] = {}
    for resource in deployment.everything:
        if resource.key in keys and resource.mode in _NEAR:
            stack = stacks.setdefault(resource.stack.name, {})
            stack.setdefault(resource.mode, {}).setdefault(resource.type, {})[resource.name] = resource.body
    return stacks


def _failing(stacks: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The ids of checkov's own checks that fail on these stacks."""
    from checkov.runner_filter import RunnerFilter  # noqa: PLC0415  # two seconds of imports
    from checkov.terraform_json.runner import TerraformJsonRunner  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        for name, content in stacks.items():
            place = Path(folder, name)
            place.mkdir()
            place.joinpath("cdk.tf.json").write_text(json.dumps(content, default=dict, indent=1), encoding="utf-8")
        runner_filter = RunnerFilter(framework=["terraform_json"], show_progress_bar=False)
        # It complains about much that was cut off or edited here.
        logging.disable(logging.CRITICAL)
        try:
            report: Any = TerraformJsonRunner().run(root_folder=folder, runner_filter=runner_filter)
        finally:
            logging.disable(logging.NOTSET)
    return {f"{record.check_id}" for record in report.failed_checks}


if __name__ == "__main__":
    sys.exit(main())
