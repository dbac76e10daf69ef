"""From a verdict to a judgement: places, waivers, and what was not judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from policies import budgets
from policies.assessment import Told, assess
from policies.judgement import Check, Found, Judgement
from policies.model.deployment import Deployment, Resource
from policies.model.reading import read
from policies.rule import Rule, Severity, kind, rule
from policies.waivers import Waiver
from tests.unit.policies.configurations import manifest, read_one, stack, write

TODAY = date(2026, 11, 28)


def made(id_: str = "TAP_NAMED", *, waivable: bool = True, types: tuple[str, ...] = ("aws_sns_topic",)) -> Rule:
    """A rule by which topics called ``bad`` are wrong and ``skipped`` ones are not judged."""

    @rule(
        id=id_,
        title="Topics are not bad",
        risk="Bad things happen.",
        remediation="Call it something else.",
        severity=Severity.HIGH,
        controls=["NIST-800-53:CP-10"],
        judges=kind(*types, where=lambda topic: topic.get("name") != "skipped"),
        passes=[],
        fails=[],
        mutations=[],
        waivable=waivable,
    )
    def check(topic: Resource) -> Iterator[str]:
        """Whether it is bad."""
        if topic.get("name") == "bad":
            yield "it is bad"

    return replace(check, module="policies.rules.example.named")


def waiver(rule_id: str = "TAP_NAMED", resource: str = "*", days: int = 30) -> Waiver:
    return Waiver(rule_id, resource, "it has to be", "platform", TODAY + timedelta(days=days))


@pytest.fixture
def topics(tmp_path: Path) -> Deployment:
    names = {"a": {"name": "bad"}, "b": {"name": "bad"}, "c": {"name": "good"}}
    return read_one(tmp_path / "live", stack(aws_sns_topic=names))


def judged(deployment: Deployment, *waivers: Waiver, rules: tuple[Rule, ...] = (), **options: object) -> Judgement:
    return assess(deployment, rules or (made(),), waivers, TODAY, **options)  # type: ignore[arg-type]


class TestFindings:
    def test_know_their_check_and_count(self, topics: Deployment) -> None:
        judgement = judged(topics)
        (check,) = judgement.checks
        assert (check.id, check.family, check.severity, check.judged, check.failed) == (
            "TAP_NAMED",
            "example",
            "high",
            3,
            2,
        )
        assert check.evidence == tuple(f"live/aws_sns_topic.{name}" for name in "abc")
        assert [(f.check, f.address, f.message) for f in judgement.findings] == [
            (check, "aws_sns_topic.a", "it is bad"),
            (check, "aws_sns_topic.b", "it is bad"),
        ]
        assert not judgement.passed

    def test_know_file_lines_and_python_line(self, tmp_path: Path) -> None:
        body = '{"name": "bad", "//": {"metadata": {"path": "a/topic"}}}'
        files = {
            "manifest.json": manifest("a"),
            "sources.json": {"a/topic": "lib/topic.py:7"},
            "stacks/a/cdk.tf.json": '{"resource":\n{"aws_sns_topic":\n{"t":\n' + body + "}}}",
        }
        (found,) = judged(read(write(tmp_path, files))).findings
        assert (found.stack, found.path, found.file, found.lines, str(found.source)) == (
            "a",
            "a/topic",
            "stacks/a/cdk.tf.json",
            (3, 4),
            "lib/topic.py:7",
        )

    def test_of_one_file_are_in_that_file(self, topics: Deployment) -> None:
        (file,) = topics.stacks[0].files
        assert {found.file for found in judged(read(file)).findings} == {"main.tf.json"}

    def test_carry_the_readers_problems(self, tmp_path: Path) -> None:
        judgement = judged(read(write(tmp_path, {"main.tf.json": "{"})))
        assert not judgement.passed
        assert judgement.problems[0].startswith("main.tf.json cannot be parsed")


class TestWaivers:
    def test_cover_what_they_name_and_nothing_else(self, topics: Deployment) -> None:
        one = waiver(resource="live/aws_sns_topic.a")
        judgement = judged(topics, one)
        assert [found.address for found in judgement.open] == ["aws_sns_topic.b"]
        assert (judgement.waivers, judgement.problems) == (((one, 1),), ())

    def test_make_a_deployment_pass_if_they_cover_everything(self, topics: Deployment) -> None:
        everywhere = waiver()
        judgement = judged(topics, everywhere)
        assert judgement.passed
        assert (judgement.waivers, judgement.checks[0].failed) == (((everywhere, 2),), 2)

    @pytest.mark.parametrize(
        ("one", "told"),
        [
            (
                waiver(days=-1),
                "the waiver of TAP_NAMED on * expired on 2026-11-27: fix it, or platform argues it again",
            ),
            (waiver(resource="live/x"), "the waiver of TAP_NAMED on live/x covers nothing any more: delete it"),
            (waiver("TAP_OTHER"), "the waiver of TAP_OTHER on * names a rule that nobody knows"),
            (waiver("TAP_STRICT"), "the waiver of TAP_STRICT on * is void: this rule cannot be waived"),
        ],
    )
    def test_that_are_no_good_are_problems_and_cover_nothing(self, topics: Deployment, one: Waiver, told: str) -> None:
        judgement = judged(topics, one, rules=(made(), made("TAP_STRICT", waivable=False)))
        assert judgement.problems == (told,)
        assert len(judgement.open) == 4

    def test_hold_on_their_last_day(self, topics: Deployment) -> None:
        assert judged(topics, waiver(days=0)).passed

    def test_may_name_an_instance(self, tmp_path: Path) -> None:
        deployment = read_one(tmp_path / "live", stack(aws_sns_topic={"a[0]": {"name": "bad"}, "a0": {"name": "bad"}}))
        judgement = judged(deployment, waiver(resource="live/aws_sns_topic.a[0]"))
        assert [found.address for found in judgement.open] == ["aws_sns_topic.a0"]


class TestAnotherScanner:
    def told(self, *paths: str) -> Told:
        check = Check("CKV_X", "Built in", "checkov", "", (), "", "", "", judged=3, failed=len(paths))
        found = Found(check, "live", "aws_sns_topic.a", "", "main.tf.json", None, None, "Built in", None)
        return Told((check,), tuple(replace(found, path=path) for path in paths), ("it stumbled",))

    def test_speaks_beside_us_under_the_same_waivers(self, topics: Deployment) -> None:
        ours, theirs = waiver(resource="live/aws_sns_topic.a"), waiver("CKV_X", "live/t*")
        judgement = judged(topics, ours, theirs, also=self.told("live/topic", "live/queue"))
        assert [check.id for check in judgement.checks] == ["TAP_NAMED", "CKV_X"]
        assert [found.path for found in judgement.open] == ["live/aws_sns_topic.b", "live/queue"]
        assert judgement.waivers == ((ours, 1), (theirs, 1))
        assert judgement.problems == ("it stumbled",)

    def test_that_passes_leaves_its_waivers_unused(self, topics: Deployment) -> None:
        judgement = judged(topics, waiver(), waiver("CKV_X"), also=self.told())
        assert judgement.problems == ("it stumbled", "the waiver of CKV_X on * covers nothing any more: delete it")


class TestWhatIsNotJudged:
    IDLE = "TAP_NAMED judged nothing, although there are resources of its kind: aws_sns_topic"

    def test_is_a_problem_for_the_gate_and_a_note_for_anyone(self, tmp_path: Path) -> None:
        deployment = read_one(tmp_path, stack(aws_sns_topic={"a": {"name": "skipped"}}))
        strict, lenient = judged(deployment, strict=True), judged(deployment)
        assert (strict.problems, strict.passed) == ((self.IDLE,), False)
        assert (lenient.notes, lenient.passed) == ((self.IDLE,), True)

    def test_is_left_unsaid_to_anyone_if_a_rule_looks_into_everything(self, tmp_path: Path) -> None:
        kinds = {f"aws_{letter}": {"a": {"name": "skipped"}} for letter in "abcde"}
        deployment = read_one(tmp_path, stack(**kinds))
        everything = (made(types=("*",)),)
        strict, lenient = judged(deployment, rules=everything, strict=True), judged(deployment, rules=everything)
        assert lenient.notes == ()
        assert strict.problems == (self.IDLE.replace("aws_sns_topic", "aws_a, aws_b, aws_c and 2 more"),)

    def test_is_nothing_to_speak_of_if_there_is_none_of_its_kind(self, tmp_path: Path) -> None:
        deployment = read_one(tmp_path, stack(aws_sqs_queue={"a": {}}))
        judgement = judged(deployment, strict=True)
        assert (judgement.problems, judgement.checks[0].judged) == ((), 0)

    def test_includes_what_a_rule_raised_on(self, topics: Deployment) -> None:
        def stumble(topic: Resource) -> Iterator[str]:
            yield dict(topic.body)["no such name"]

        judgement = judged(topics, rules=(replace(made(), check=stumble),))
        assert not judgement.passed
        assert judgement.problems[0] == "TAP_NAMED raised KeyError: 'no such name' on live/aws_sns_topic.a"

    def test_includes_budgets_that_cannot_be_added_up(
        self, topics: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stumble(_: Deployment) -> tuple[budgets.Sum, ...]:
            raise ValueError("no number")

        monkeypatch.setattr("policies.assessment.sums", stumble)
        assert "the budgets could not be added up: ValueError: no number" in judged(topics, waiver()).problems

    def test_is_told_of_resources_whose_region_nobody_knows(self, tmp_path: Path) -> None:
        deployment = read_one(tmp_path / "live", {"resource": {"aws_sns_topic": {"a": {}}, "random_id": {"b": {}}}})
        (note,) = judged(deployment).notes
        assert note.startswith("the region of live/aws_sns_topic.a is known only to the environment or to Terraform")


def test_a_waiver_about_what_settings_leave_out_is_not_missed(topics: Deployment) -> None:
    about = replace(waiver("TAP_ABSENT"), about="aws_lb")
    judgement = judged(topics, waiver(), about)
    assert judgement.problems == ()
    assert [each for each, _ in judgement.waivers] == [waiver()]


def test_a_waiver_about_what_is_deployed_must_be_needed(topics: Deployment) -> None:
    about = replace(waiver(resource="nothing/like/it"), about="aws_sns_topic")
    judgement = judged(topics, waiver(), about)
    assert judgement.problems == (f"the waiver of {about} covers nothing any more: delete it",)
