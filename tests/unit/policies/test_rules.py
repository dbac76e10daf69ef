"""What holds for every rule: it passes on what we deploy, its examples and mutations prove it, and it is documented.

``-k TAP_SOME_RULE`` selects one.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policies import configuration, rules
from policies.examples import STACK, write
from policies.judge import Verdict, judge
from policies.model.deployment import Deployment
from policies.model.reading import read
from policies.rule import Example, Rule

EVERY = pytest.mark.parametrize("rule", rules.every(), ids=lambda rule: rule.id)
FRAMEWORKS = (r"PCI-DSS-4\.0:\d+(\.\d+){1,3}", r"NIST-800-53:[A-Z]{2}-\d+(\(\d+\))?", r"WA-REL:REL\d\d-BP\d\d")


def judged(rule: Rule, example: Example, folder: Path) -> Verdict:
    """The rule's verdict on an example, through the parser."""
    return judge(read(write(example, folder)), [rule])


@EVERY
def test_it_passes_on_what_we_deploy_and_judges_something_of_it(rule: Rule, ours: Deployment) -> None:
    verdict = judge(ours, [rule])
    assert not verdict.problems
    assert [f"{finding.resource.path}: {finding.message}" for finding in verdict.findings] == []
    assert verdict.judged[rule.id]


@EVERY
def test_its_good_examples_are_judged_and_pass(rule: Rule, tmp_path: Path) -> None:
    assert rule.passes
    for number, example in enumerate(rule.passes):
        verdict = judged(rule, example, tmp_path / str(number))
        assert not verdict.problems, example
        assert verdict.judged[rule.id], example
        assert not verdict.findings, example


@EVERY
def test_its_bad_examples_fail(rule: Rule, tmp_path: Path) -> None:
    assert rule.fails
    for number, example in enumerate(rule.fails):
        verdict = judged(rule, example, tmp_path / str(number))
        assert not verdict.problems, example
        assert verdict.findings, example


@EVERY
def test_it_catches_each_of_its_mutations_on_the_resource_that_was_edited(rule: Rule, ours: Deployment) -> None:
    assert len(rule.mutations) >= 3
    members = rule.judges.members(ours)
    for mutation in rule.mutations:
        mutants = list(mutation.mutants(ours, members))
        assert mutants, f"{mutation.title}: nothing that we deploy can be edited so"
        for mutant in mutants:
            verdict = judge(mutant.deployment, [rule])
            assert not verdict.problems, mutation.title
            found = {finding.resource.key for finding in verdict.findings}
            assert set(mutant.expected) <= found, f"{mutation.title} on {mutant.edited.path} was not caught"


@EVERY
def test_it_is_documented_and_filed_under_controls(rule: Rule) -> None:
    assert re.fullmatch(r"TAP_[A-Z0-9]+(_[A-Z0-9]+)*", rule.id)
    for text in (rule.title, rule.risk, rule.remediation, rule.check.__doc__ or ""):
        assert len(text.split()) >= 3, text
    assert not rule.title.endswith(".")
    assert rule.risk.endswith(".")
    assert rule.remediation.endswith(".")
    for pattern in FRAMEWORKS:
        assert any(re.fullmatch(pattern, control) for control in rule.controls), pattern
    assert all(any(re.fullmatch(pattern, control) for pattern in FRAMEWORKS) for control in rule.controls)


@EVERY
def test_checkov_says_the_same_of_its_examples(rule: Rule, tmp_path: Path) -> None:
    """Through checkov's own runner and the checks that .checkov.yaml loads."""
    from checkov.runner_filter import RunnerFilter
    from checkov.terraform_json.runner import TerraformJsonRunner

    from policies import scanner

    expected = {}
    for good, chosen in ((True, rule.passes), (False, rule.fails)):
        for number, example in enumerate(chosen):
            name = f"{'good' if good else 'bad'}-{number}"
            write(example, tmp_path / name)
            expected[name] = good
    configured, faults = scanner.configuration(configuration.FILE)
    with scanner.loaded(configured) as more:
        assert (*faults, *more) == ()
        # checkov would evaluate every rule on every example, which takes minutes.
        runner_filter = RunnerFilter(framework=["terraform_json"], checks=[rule.id])
        report = TerraformJsonRunner().run(root_folder=str(tmp_path), runner_filter=runner_filter)
    failed, passed = ({(r.file_path, r.check_id) for r in rs} for rs in (report.failed_checks, report.passed_checks))
    for name, good in expected.items():
        record = (f"/{name}/stacks/{STACK}/cdk.tf.json", rule.id)
        assert (record in passed) is good or (record in failed), name
        assert (record in failed) is not good, name
