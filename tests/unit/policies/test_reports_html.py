"""The HTML report: complete in itself, for any eyes, and safe whatever a resource is called."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from policies.budgets import Sum, Term
from policies.judgement import Judgement
from policies.model.deployment import Deployment
from policies.reports import html
from policies.reports.text import clean
from tests.unit.policies.judgements import (
    FUNCTIONS,
    HOSTILE,
    INGEST,
    INTERVAL,
    RECOVERY,
    SESSIONS,
    SETTLEMENT,
    judgement,
    slow_check,
)

EVERY = pytest.mark.parametrize("which", ["passing", "failing", "attacked"])
VOID = {"meta", "br", "hr", "img", "input", "link"}


@dataclass
class Page(HTMLParser):
    """A page: its elements with their attributes, its text, and what is wrong with its nesting."""

    source: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self.feed(self.source)
        self.close()
        self.faults += [f"{tag} is never closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"{tag} is closed at {self.getpos()} and was not the last that was opened")

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.words.append(data)

    @cached_property
    def text(self) -> str:
        """All text that is shown, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def page(judged: Judgement) -> Page:
    return Page(html.render(judged))


@EVERY
def test_its_elements_are_nested_well(which: str, request: pytest.FixtureRequest) -> None:
    assert page(request.getfixturevalue(which)).faults == []


@EVERY
def test_it_loads_nothing_and_runs_nothing(which: str, request: pytest.FixtureRequest) -> None:
    shown = page(request.getfixturevalue(which))
    tags = {tag for tag, _ in shown.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "foreignobject", "image"}
    for tag, attributes in shown.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset"}], (
            tag,
            attributes,
        )
        if "href" in attributes:
            assert tag == "a"
            assert attributes["href"].startswith(("#", "https://"))
    (style,) = re.findall(r"<style>(.*?)</style>", shown.source, re.DOTALL)
    assert not re.search(r"url\(|@import|expression\(", style)
    (policy,) = [meta["content"] for meta in shown.all("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


@EVERY
def test_links_within_it_lead_somewhere_and_names_are_unique(which: str, request: pytest.FixtureRequest) -> None:
    shown = page(request.getfixturevalue(which))
    names = Counter(attributes["id"] for _, attributes in shown.elements if "id" in attributes)
    assert [name for name, count in names.items() if count > 1] == []
    targets = {link["href"][1:] for link in shown.all("a") if link["href"].startswith("#")}
    assert targets <= set(names)


def test_what_others_wrote_is_shown_as_they_wrote_it(attacked: Judgement) -> None:
    shown = page(attacked)
    assert clean(HOSTILE) in shown.text
    assert "javascript:" not in shown.source
    shown.source.encode("utf-8")


def test_the_verdict_comes_first(passing: Judgement, failing: Judgement) -> None:
    good, bad = page(passing), page(failing)
    assert "The gate passed" in good.text[:200]
    assert "The gate failed" in bad.text[:200]
    assert "Nothing is open." in good.text
    assert "Not everything could be judged" in bad.text
    assert "stacks/routing/cdk.tf.json cannot be parsed" in bad.text


def test_a_finding_says_everything(failing: Judgement) -> None:
    text, check = page(failing).text, slow_check(failing.deployment)
    block = text[text.index("request_interval is 60, not 30") :][:700]
    for part in (
        check.address,
        check.path,
        str(check.source),
        "stacks/routing/cdk.tf.json:",
        "Set request_interval = 30",
    ):
        assert part in block


def test_each_rule_shows_its_controls_and_what_it_judged(passing: Judgement) -> None:
    shown = page(passing)
    words = set(shown.text.split())
    for check in passing.checks:
        assert {check.id, *check.evidence, *check.controls} <= words
    assert "rel_withstand_component_failures_monitoring_health.html" in shown.source


def test_a_rule_without_anything_to_judge_is_not_said_to_hold(ours: Deployment) -> None:
    gone = {check.key: None for check in ours.resources("aws_route53_health_check")}
    text = page(judgement(ours.with_bodies(gone), INTERVAL)).text
    rules = text[text.index("Rules By family") : text.index("Waivers None")]
    assert "nothing to judge" in rules
    assert "✓ held" not in rules


def test_many_resources_of_one_rule_are_folded(failing: Judgement) -> None:
    one = next(found for found in failing.findings if found.check.id == RECOVERY)
    many = tuple(replace(one, address=f"aws_dynamodb_table.t{number}") for number in range(20))
    text = page(replace(failing, findings=many)).text
    assert "8 more resources" in text
    assert "aws_dynamodb_table.t19" in text


def test_waivers_have_reason_owner_and_end(passing: Judgement) -> None:
    text = page(passing).text
    block = text[text.index("Findings that stay") :]
    for part in ("CKV_AWS_116", "Every function is invoked synchronously.", "platform", "2027-11-30", str(FUNCTIONS)):
        assert part in block


def test_budgets_are_told_with_their_parts(failing: Judgement) -> None:
    text = page(failing).text
    assert "RTO of ingest ✓ holds 155 s of 300 s" in text
    assert "RTO of settlement ✗ not all of it is known more than 90 s of 900 s" in text
    assert "RPO of sessions ✗ over budget 75 s of 60 s" in text
    assert "600 s a person decides not in the configuration" in text


def test_a_bar_is_as_wide_as_the_longer_of_sum_and_budget() -> None:
    within, unknown, over = (html.bar(sum_) for sum_ in (INGEST, SETTLEMENT, SESSIONS))
    assert [round(part.share, 3) for part in within.parts] == [0.3, 0.2, 0.017]
    assert within.limit == 1
    assert (over.parts[0].share, round(over.limit, 2)) == (1, 0.8)
    assert [part.colour for part in unknown.parts] == ["part-0", "unknown"]
    assert sum(part.share for part in unknown.parts) < unknown.limit == 1


@pytest.mark.parametrize(
    "sum_",
    [
        Sum("nothing", "RTO", 0, ()),
        Sum("no budget", "RTO", 0, (Term("a", 10, ""),)),
        Sum("all unknown", "RPO", 60, (Term("a", None, ""), Term("b", None, ""))),
        Sum("over and unknown", "RTO", 10, (Term("a", 90, ""), Term("b", None, ""))),
        Sum("less than nothing", "RTO", 10, (Term("a", -5, ""),)),
    ],
    ids=lambda sum_: str(sum_.promise),
)
def test_a_strange_sum_can_be_drawn(sum_: Sum) -> None:
    drawn = html.bar(sum_)
    assert 0 <= drawn.limit <= 1
    assert all(part.share >= 0 for part in drawn.parts)
    assert sum(part.share for part in drawn.parts) <= 1.0001


def test_the_diagram_is_drawn_for_wide_and_for_narrow_pages_and_told_in_words(passing: Judgement) -> None:
    drawings = [svg for svg in page(passing).all("svg") if "diagram" in svg.get("class", "")]
    assert [svg["class"] for svg in drawings] == ["diagram wide", "diagram narrow"]
    for svg in drawings:
        assert svg["role"] == "img"
        assert "us-east-1 (primary)" in svg["aria-label"]


def test_it_is_the_same_every_time(failing: Judgement) -> None:
    assert html.render(failing) == html.render(failing)


@pytest.fixture(scope="module", params=[0, 1], ids=["light", "dark"])
def colours(request: pytest.FixtureRequest, failing: Judgement) -> dict[str, str]:
    """The page's colours by name."""
    light, dark = re.findall(r":root \{(.*?)\}", html.render(failing), re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", light))
    return found | dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", dark)) if request.param else found


class TestContrast:
    """Text can be read, light and dark: https://www.w3.org/TR/WCAG22/#contrast-minimum asks for 4.5 to 1."""

    READ_ON: ClassVar = [
        *((words, ground) for words in ("text", "muted", "accent") for ground in ("bg", "surface", "inset")),
        *((kind, f"{kind}-bg") for kind in ("good", "bad", "warn", "critical", "low")),
        *((kind, ground) for kind in ("good", "bad") for ground in ("surface", "inset")),
        ("text", "bad-bg"),
        ("surface", "accent"),
    ]

    @pytest.mark.parametrize(("words", "ground"), READ_ON)
    def test_of_text_and_what_is_behind_it(self, colours: dict[str, str], words: str, ground: str) -> None:
        bright, dim = sorted((self.luminance(colours[name]) for name in (words, ground)), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5

    @staticmethod
    def luminance(colour: str) -> float:
        """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
        parts = [int(colour[start : start + 2], 16) / 255 for start in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
