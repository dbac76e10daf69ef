"""What is written in a block, without its shape."""

from __future__ import annotations

from pathlib import Path

from policies.model.words import read
from tests.unit.policies.configurations import read_one, sole, stack


def test_texts_and_keys_are_told_from_whatever_depth() -> None:
    words = read({"a": "one", "b": [{"c": ("two", 3, None)}, 1.5]})
    assert set(words.texts) == {"one", "two"}
    assert set(words.keys) == {"a", "b", "c"}
    assert set(words.text.split("\n")) == {"one", "two", "a", "b", "c"}
    assert words.floats == (1.5,)


def test_templates_follow_each_other_as_they_are_written() -> None:
    words = read({"a": "${x.y}", "b": {"${k.v}": ["%{if z.z}", "plain"]}})
    assert words.templates == ("${x.y}", "%{if z.z}")
    assert words.templated_keys == ("${k.v}",)


def test_what_cdktf_notes_is_not_written() -> None:
    assert read({"//": {"metadata": {"path": "a/b"}}, "c": "d"}).texts == ("d",)


def test_a_deployment_tells_which_signs_are_written_anywhere(tmp_path: Path) -> None:
    deployment = read_one(tmp_path, stack(aws_sns_topic={"a": {"name": "alerts", "tags": {"keyed": "x"}}}))
    assert deployment.present(("lert", "keyed", "nowhere")) == ("lert", "keyed")


def test_a_copy_of_a_deployment_reads_again_only_what_was_edited(tmp_path: Path) -> None:
    deployment = read_one(tmp_path, stack(aws_sns_topic={"a": {"name": "one"}}, aws_sqs_queue={"q": {"name": "two"}}))
    kept, edited = sole(deployment, "aws_sns_topic"), sole(deployment, "aws_sqs_queue")
    assert (kept.words.texts, edited.words.texts) == (("one",), ("two",))
    copy = deployment.with_bodies({edited.key: {"name": "three"}})
    assert sole(copy, "aws_sns_topic").words is kept.words
    assert sole(copy, "aws_sqs_queue").words.texts == ("three",)
