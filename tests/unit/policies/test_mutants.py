"""``make mutants``: what the table says is what happened."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from policies import mutants, rules
from policies.model.deployment import Deployment, Resource
from policies.rule import Rule

RECOVERY = "TAP_TABLE_POINT_IN_TIME_RECOVERY"


def rule(id_: str) -> Rule:
    return next(rule for rule in rules.every() if rule.id == id_)


def test_each_mutation_says_how_many_edits_were_made_and_caught(ours: Deployment) -> None:
    lines = list(mutants.of_rule(rule(RECOVERY), ours))
    assert [line.mutation for line in lines] == [mutation.title for mutation in rule(RECOVERY).mutations]
    assert all(line.caught == line.made > 0 for line in lines)


def test_checkovs_own_checks_stand_beside(ours: Deployment) -> None:
    """It sees a table without recovery, and does not look at replicas."""
    found = {line.mutation: line.builtin for line in mutants.of_rule(rule(RECOVERY), ours)}
    assert found["without point_in_time_recovery"] == ("CKV_AWS_28",)
    assert found["replicas without point_in_time_recovery"] == ()


def test_a_rule_that_misses_an_edit_is_told_by_exit_code(
    ours: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def blind(_: Resource) -> Iterator[str]:
        yield from ()

    blinded = replace(rule(RECOVERY), check=blind)
    monkeypatch.setattr(rules, "every", lambda: (blinded,))
    monkeypatch.setattr(sys, "argv", ["mutants", str(ours.folder)])
    assert mutants.main() == 1
    shown = capsys.readouterr().out
    assert f"LOST   0/1   {RECOVERY}" in shown


def test_a_folder_with_nothing_to_edit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mutants", str(tmp_path)])
    assert mutants.main() == 2
