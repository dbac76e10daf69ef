"""The gate is green on what we deploy, and red with the right sentence for everything that was not judged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import pytest

from policies import configuration, gate, rules, scanner, waivers
from policies.configuration import ROOT
from policies.judgement import Judgement
from policies.model.deployment import Deployment, Resource
from policies.rule import kind

CHECKS = ROOT / "policies" / "checks"
INTERVAL = "TAP_HEALTH_CHECK_INTERVAL"


scanned_once = lru_cache(maxsize=1)(scanner.scan)


@pytest.fixture
def deployed(ours: Deployment, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What we deploy, which must not be changed: checkov reads it once for all tests that only look at it."""
    monkeypatch.setattr(scanner, "scan", scanned_once)
    return ours.folder


@pytest.fixture
def synthesized(ours: Deployment, tmp_path: Path) -> Path:
    """A copy of what we deploy, to be damaged."""
    folder = tmp_path / "out"
    shutil.copytree(ours.folder, folder, ignore=shutil.ignore_patterns("*.zip"))
    return folder


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Path]:
    """Writes a .checkov.yaml as ours is, with further folders of checks."""

    def write(*folders: Path, only: str = "", instead: bool = False) -> Path:
        file = tmp_path / ".checkov.yaml"
        named = [*([] if instead else [CHECKS]), *folders]
        text = configuration.text(waivers.read(configuration.WAIVERS))
        text = text.replace("  - policies/checks\n", "".join(f"  - {folder}\n" for folder in named))
        file.write_text(text + (f"check:\n  - {only}\n" if only else ""), encoding="utf-8")
        return file

    return write


@pytest.fixture
def waived(tmp_path: Path) -> Callable[[str], Path]:
    """Writes our waivers with one more entry."""

    def write(entry: str) -> Path:
        file = tmp_path / "waivers.toml"
        ours = configuration.WAIVERS.read_text(encoding="utf-8")
        file.write_text(f"{ours}\n[[waiver]]\n{entry}\n", encoding="utf-8")
        return file

    return write


def problem(judgement: Judgement, *parts: str) -> bool:
    """Whether one sentence has all of these parts, and the verdict is red."""
    assert not judgement.passed
    return any(all(part in sentence for part in parts) for sentence in judgement.problems)


def stack_file(folder: Path, stack: str = "routing") -> Path:
    return folder / "stacks" / stack / "cdk.tf.json"


def test_what_we_deploy_passes_and_everything_of_it_was_judged(deployed: Path) -> None:
    judgement = gate.run(deployed)
    assert judgement.problems == ()
    assert [f"{one.check.id} {one.path}: {one.message}" for one in judgement.open] == []
    assert judgement.passed
    assert {check.id for check in judgement.checks if not check.builtin} == {rule.id for rule in rules.every()}
    assert sum(check.builtin for check in judgement.checks) > 50


def test_every_builtin_finding_is_waived_and_each_waiver_covers_some(deployed: Path) -> None:
    judgement = gate.run(deployed)
    assert all(one.waiver for one in judgement.findings)
    assert all(count for _, count in judgement.waivers)


# --- what checkov passes over in silence ---------------------------------------------------------------------------


def test_broken_json_is_named(synthesized: Path) -> None:
    file = stack_file(synthesized)
    file.write_text(file.read_text()[:-20])
    assert problem(gate.run(synthesized), str(file.relative_to(synthesized)))


def test_a_file_that_checkov_drops_is_named(synthesized: Path) -> None:
    file = stack_file(synthesized)
    content = json.loads(file.read_text())
    content["terraform"]["required_version"] = ">= 1.11"
    file.write_text(json.dumps(content, indent=2))
    judgement = gate.run(synthesized)
    assert problem(judgement, "checkov could not parse", "required_version")
    assert problem(judgement, "routing:", "resources were synthesized, checkov read 0")


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert problem(gate.run(empty), "no Terraform JSON")


def test_a_folder_of_checks_that_is_not_there_is_named(
    synthesized: Path, tmp_path: Path, configured: Callable[..., Path]
) -> None:
    judgement = gate.run(synthesized, checkov_file=configured(tmp_path / "gone"))
    assert problem(judgement, "folder of external checks", "does not exist")


def test_a_folder_of_checks_without_init_is_named(
    synthesized: Path, tmp_path: Path, configured: Callable[..., Path]
) -> None:
    folder = tmp_path / "checks"
    folder.mkdir()
    folder.joinpath("mine.py").touch()
    assert problem(gate.run(synthesized, checkov_file=configured(folder)), str(folder), "no __init__.py")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import nothing_of_this_name", "Cannot load external check"),
        ("{base}Mine()\n", "Failed to run check MINE"),
        ("{base}", "is never instantiated"),
        ("{base}Mine()\nMine()\n", "the check id MINE stands twice"),
    ],
    ids=["import error", "raises", "never instantiated", "id twice"],
)
def test_a_check_that_does_not_do_its_work_is_named(
    synthesized: Path, tmp_path: Path, configured: Callable[..., Path], source: str, sentence: str
) -> None:
    base = (
        "from checkov.common.models.enums import CheckCategories\n"
        "from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck\n"
        "class Mine(BaseResourceCheck):\n"
        "    def __init__(self):\n"
        "        super().__init__('Mine', 'MINE', [CheckCategories.NETWORKING], ['aws_route53_health_check'])\n"
        "    def scan_resource_conf(self, conf):\n"
        "        raise KeyError('x')\n"
    )
    folder = tmp_path / "checks"
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    folder.joinpath("mine.py").write_text(source.format(base=base))
    assert problem(gate.run(synthesized, checkov_file=configured(folder)), sentence)


def test_an_id_that_no_check_has_is_named(synthesized: Path, configured: Callable[..., Path]) -> None:
    judgement = gate.run(synthesized, checkov_file=configured(only="CKV_AWS_99999"))
    assert problem(judgement, "check names CKV_AWS_99999, which no check has")


def test_rules_that_checkov_was_not_given_are_named(
    synthesized: Path, tmp_path: Path, configured: Callable[..., Path]
) -> None:
    folder = tmp_path / "checks"
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    judgement = gate.run(synthesized, checkov_file=configured(folder, instead=True))
    assert problem(judgement, INTERVAL, "judged 5 blocks, checkov asked it about 0")
    assert problem(judgement, "holds no check")


# --- what our own judge must not pass over -------------------------------------------------------------------------


def test_fewer_stacks_than_the_manifest_lists_are_named(synthesized: Path) -> None:
    shutil.rmtree(synthesized / "stacks" / "secondary")
    assert problem(gate.run(synthesized), "manifest", "secondary")


def test_a_rule_that_raises_is_named(synthesized: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Resource) -> Iterator[str]:
        raise ZeroDivisionError("no")

    every = rules.every()
    rule = next(rule for rule in every if rule.id == INTERVAL)
    monkeypatch.setattr(rules, "every", lambda: tuple(replace(r, check=broken) if r is rule else r for r in every))
    assert problem(gate.run(synthesized), f"{INTERVAL} raised ZeroDivisionError: no on")


def test_a_rule_that_judges_nothing_is_named(synthesized: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = rules.every()
    rule = next(rule for rule in every if rule.id == INTERVAL)
    blind = replace(rule, judges=kind("aws_route53_health_check", where=lambda _: False))
    monkeypatch.setattr(rules, "every", lambda: tuple(blind if r is rule else r for r in every))
    assert problem(gate.run(synthesized), f"{INTERVAL} judged nothing", "aws_route53_health_check")


# --- waivers -------------------------------------------------------------------------------------------------------


def entry(rule: str, *, resource: str = "*", expires: str = "2999-12-31") -> str:
    return f'rule = "{rule}"\nresource = "{resource}"\nreason = "a test"\nowner = "me"\nexpires = {expires}'


def test_an_unused_waiver_is_named(deployed: Path, waived: Callable[[str], Path]) -> None:
    judgement = gate.run(deployed, waivers_file=waived(entry(INTERVAL, resource="routing/*")))
    assert problem(judgement, f"{INTERVAL} on routing/*", "covers nothing")


def test_an_unknown_waiver_is_named(deployed: Path, waived: Callable[[str], Path]) -> None:
    judgement = gate.run(deployed, waivers_file=waived(entry("TAP_NO_SUCH_RULE", resource="routing/*")))
    assert problem(judgement, "TAP_NO_SUCH_RULE", "nobody knows")


def test_an_expired_waiver_is_named_and_covers_nothing(deployed: Path) -> None:
    judgement = gate.run(deployed, on=date(2999, 1, 1))
    assert problem(judgement, "CKV_AWS_139", "expired")
    assert any(one.check.id == "CKV_AWS_139" for one in judgement.open)


def test_waivers_that_cannot_be_read_are_named(deployed: Path, tmp_path: Path) -> None:
    judgement = gate.run(deployed, waivers_file=tmp_path / "gone.toml")
    assert problem(judgement, "gone.toml cannot be read")


def test_a_checkov_file_that_skips_something_else_is_named(deployed: Path, waived: Callable[[str], Path]) -> None:
    judgement = gate.run(deployed, waivers_file=waived(entry("CKV_AWS_999")))
    assert problem(judgement, ".checkov.yaml does not skip what is waived everywhere", "make generate")


def test_the_checkov_file_is_what_the_waivers_make_of_it() -> None:
    assert configuration.FILE.read_text(encoding="utf-8") == configuration.text(waivers.read(configuration.WAIVERS))


# --- findings ------------------------------------------------------------------------------------------------------


def test_a_finding_names_rule_resource_python_line_and_lines_of_json(synthesized: Path) -> None:
    file = stack_file(synthesized)
    content = json.loads(file.read_text())
    name, body = next(iter(content["resource"]["aws_route53_health_check"].items()))
    body["request_interval"] = 10
    file.write_text(json.dumps(content, indent=2))
    judgement = gate.run(synthesized)
    (one,) = [one for one in judgement.open if one.check.id == INTERVAL]
    assert one.address == f"aws_route53_health_check.{name}"
    assert one.path == body["//"]["metadata"]["path"]
    assert one.file == "stacks/routing/cdk.tf.json"
    assert one.lines is not None
    assert f'"{name}"' in file.read_text().splitlines()[one.lines[0] - 1]
    assert one.source is not None
    made = (ROOT / one.source.file).read_text(encoding="utf-8").splitlines()[one.source.line - 1]
    assert "Route53HealthCheck(" in made
    assert "10" in one.message
