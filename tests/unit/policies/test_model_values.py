"""Accessors of configuration: they answer to what is there, and to everything else with nothing."""

from __future__ import annotations

from typing import Any

import pytest

from policies.model.values import Block, reach, strings, templates

STRANGE: list[Any] = [None, True, 0, 1.5, "", "text", "${aws_a.b.c}", [], [None], [[]], [1], {}, {"": {}}, {"x": [{}]}]


@pytest.mark.parametrize("value", STRANGE)
def test_no_accessor_raises_whatever_the_value(value: Any) -> None:
    for block in (Block(value), Block({"a": value}), Block({"dynamic": value}), Block({"dynamic": {"a": value}})):
        assert block.text("a") is None or isinstance(block.text("a"), str)
        assert block.number("a") is None or isinstance(block.number("a"), float)
        assert block.flag("a") in {None, True, False}
        assert all(isinstance(text, str) for text in block.texts("a"))
        assert all(isinstance(inner, Block) for inner in block.blocks("a"))
        assert isinstance(block.at("a.b.c")[0], Block)
        assert isinstance(list(block.items("a")), list)
        assert isinstance(dict(block.map("a")), dict)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (30, 30.0), ("30", 30.0), ("3e1", 30.0), (1.5, 1.5), ("-1", -1.0),
        (True, None), ("${var.n}", None), ("", None), (" 30", None), ("1_0", None), ("٣", None),
        ("nan", None), ("inf", None), (float("inf"), None), (float("nan"), None), (10**400, None), ("1e999", None),
        ([30], None), (None, None),
    ],
)  # fmt: skip
def test_a_number_is_a_finite_one_that_terraform_would_take(value: object, number: float | None) -> None:
    assert Block({"n": value}).number("n") == number


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), ("true", True), ("false", False), (1, None), ("yes", None), ("${var.on}", None), (None, None)],
)
def test_a_flag_is_one_that_can_be_told(value: object, flag: bool | None) -> None:
    assert Block({"on": value}).flag("on") is flag


def test_null_is_as_good_as_absent() -> None:
    assert "name" not in Block({"name": None})
    assert "name" in Block({"name": ""})


def test_one_block_may_stand_without_its_list() -> None:
    for written in ({"a": 1}, [{"a": 1}]):
        assert [block.body for block in Block({"rule": written}).blocks("rule")] == [{"a": 1}]


@pytest.mark.parametrize(
    "dynamic",
    [
        {"rule": {"for_each": "${var.x}", "content": {"a": 1}}},
        {"rule": [{"for_each": "${var.x}", "content": {"a": 1}}]},
        [{"rule": {"for_each": "${var.x}", "content": [{"a": 1}]}}],
        [{"rule": [{"for_each": "${var.x}", "content": [{"a": 1}]}]}, {"other": {"content": {"b": 1}}}],
    ],
)
def test_a_dynamic_block_counts_as_its_content(dynamic: object) -> None:
    block = Block({"rule": [{"a": 0}], "dynamic": dynamic})
    assert [inner.body for inner in block.blocks("rule")] == [{"a": 0}, {"a": 1}]


def test_a_path_leads_through_the_first_of_several_blocks() -> None:
    block = Block({"outer": [{"inner": {"a": 1}}, {"inner": {"a": 2}}]})
    inner, attribute = block.at("outer.inner.a")
    assert inner.get(attribute) == 1


def test_strings_are_found_at_any_depth_but_not_in_comments() -> None:
    value = {"//": "comment", "a": ["x", {"b": "${y.z}", "//": ["${n.o}"]}], "c": 1}
    assert list(strings(value)) == ["x", "${y.z}"]
    assert templates(value) == ["${y.z}"]


@pytest.mark.parametrize(
    ("value", "path", "reached"),
    [
        ({"a": {"b": 1}}, "a.b", 1),
        ({"a": [{"b": 1}, {"b": 2}]}, "a.1.b", 2),
        ({"a": {"b": 1}}, "a.0.b", 1),
        ("${aws_vpc.main}", "id", "${aws_vpc.main.id}"),
        ({"vpc": "${aws_vpc.main}"}, "vpc.id", "${aws_vpc.main.id}"),
        ("x-${aws_vpc.main}", "id", None),
        ({"a": [1]}, "a.5", None),
        ({"a": [1]}, "a.99999999999", None),
        ({"a": [1]}, "a.*", None),
        ({"a": 1}, "a.b", None),
        (None, "", None),
        ({"a": 1}, "", {"a": 1}),
    ],
)
def test_the_rest_of_a_reference_leads_into_values(value: object, path: str, reached: object) -> None:
    assert reach(value, path) == reached
