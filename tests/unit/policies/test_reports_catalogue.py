"""The catalogue of rules: complete, current, and the same wherever it is written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache

import pytest

from policies import rules
from policies.model.deployment import Resource
from policies.reports import catalogue
from policies.rule import Kind, Rule

EVERY = pytest.mark.parametrize("rule", rules.every(), ids=lambda rule: rule.id)


WRITTEN = cache(catalogue.text)
"""The catalogue of all rules, made once."""


def section(rule: Rule, text: str = "") -> str:
    """What the catalogue says of a rule."""
    text = text or WRITTEN()
    start = text.index(f"\n### {rule.id}\n")
    return text[start : text.index("</details>", start)]


def test_docs_policies_is_what_the_rules_say() -> None:
    current = catalogue.FILE.read_text(encoding="utf-8") if catalogue.FILE.is_file() else ""
    assert current == WRITTEN(), "docs/policies.md is stale: run `make generate` and commit it"


@EVERY
def test_a_rule_is_told_whole(rule: Rule) -> None:
    told = " ".join(section(rule).split())
    plain = re.sub(r"\\(.)", r"\1", told)
    for part in (rule.title, rule.risk, rule.remediation, *(mutation.title for mutation in rule.mutations)):
        assert " ".join(part.replace("``", "`").split()) in plain, part
    for control in rule.controls:
        assert control in told
    assert f"- **Severity**: {rule.severity.value}" in told
    first = (rule.check.__doc__ or "").split(".")[0].replace("``", "`")
    assert " ".join(first.split()) in plain


@EVERY
def test_its_examples_are_json(rule: Rule) -> None:
    blocks = re.findall(r"```json\n(.*?)\n```", section(rule), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        assert json.loads(block)


@EVERY
def test_it_is_listed_in_its_family_and_under_its_controls(rule: Rule) -> None:
    link = f"[{rule.id}](#{rule.id.lower()})"
    text = WRITTEN()
    family, _, controls = text.partition("\n## Controls\n")
    assert link in family
    assert controls.count(link) == len(set(rule.controls))


def test_every_family_is_in_the_contents() -> None:
    contents = WRITTEN().partition("## Contents\n")[2].partition("\n## ")[0]
    for name in rules.families():
        number = sum(rule.family == name for rule in rules.every())
        assert re.search(rf"\[[^\]]+\]\(#[\w-]+\), {number} rules?:", contents)


def test_what_cannot_be_waived_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = replace(rules.every()[0], waivable=False)
    monkeypatch.setattr(rules, "every", lambda: (rule,))
    assert "it cannot be waived" in section(rule, catalogue.text())


def test_the_kind_of_resource_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def acts(_: Resource) -> bool:
        """Whether it acts on ``*``.

        And more.
        """
        return True

    def told(kind: Kind) -> str:
        rule = replace(rules.every()[0], judges=kind)
        monkeypatch.setattr(rules, "every", lambda: (rule,))
        return " ".join(
            section(rule, catalogue.text()).partition("- **Judges**: ")[2].partition("- **Severity**")[0].split()
        )

    assert told(Kind(("aws_b", "aws_a"))) == "`aws_a`, `aws_b`"
    assert told(Kind(("aws_a",), acts)) == "`aws_a`, chosen by whether it acts on `*`"
    assert told(Kind(("*",), modes=("resource", "data"))) == "every resource, every data source"
    assert told(Kind(("aws_a",), modes=("data",))) == "`data.aws_a`"
    assert told(Kind(("*",), modes=("provider", "backend", "stack"))) == "provider blocks, backends, stacks as a whole"


def test_it_does_not_depend_on_the_order_of_hashes() -> None:
    code = "from policies.reports import catalogue; import sys; sys.stdout.buffer.write(catalogue.text().encode())"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=catalogue.ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1
