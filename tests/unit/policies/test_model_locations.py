"""Where a resource stands in its file: what a person is told, and an editor opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies.model.locations import Key, Places, lines
from policies.model.reading import read
from tests.unit.policies.configurations import write

PRETTY = """\
{
  "provider": {"aws": [
    {"region": "us-east-1"},
    {"alias": "west",
     "region": "us-west-2"}
  ]},
  "resource": {
    "aws_vpc": {
      "main": {
        "cidr_block": "10.0.0.0/16"
      },
      "other {\\"}": {}
    },
    "aws_eip": [
      {"a": {
      }},
      {"b": [{"x": "]"}]}
    ]
  },
  "terraform": {"backend":
    {"s3": {}}}
}
"""


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["resource", "aws_vpc", "main"], (9, 11)),
        (["resource", "aws_vpc", 'other {"}'], (12, 12)),
        (["resource", "aws_eip", "a"], (15, 16)),
        (["resource", "aws_eip", "b"], (17, 17)),
        (["resource", "aws_vpc"], (8, 13)),
        (["provider", "aws", ("alias", "west")], (4, 5)),
        (["terraform", "backend", "s3"], (21, 21)),
        (["resource", "aws_vpc", "nobody"], None),
        (["resource", "aws_vpc", "main", "cidr_block", "deeper"], None),
        (["provider", "aws", ("alias", "east")], None),
        ([], (1, 22)),
    ],
)
def test_the_lines_begin_with_the_name(keys: list[Key], expected: object, tmp_path: Path) -> None:
    write(tmp_path, {"a.tf.json": PRETTY})
    assert lines(tmp_path / "a.tf.json", keys) == expected


def test_a_minified_file_has_one_line(tmp_path: Path) -> None:
    write(tmp_path, {"a.tf.json": json.dumps(json.loads(PRETTY))})
    assert lines(tmp_path / "a.tf.json", ["resource", "aws_eip", "b"]) == (1, 1)


@pytest.mark.parametrize(
    ("text", "times"), [("", 1), ("{", 1), ('{"resource"', 1), ("[", 100_000), ("\0", 1), ("5", 1)]
)
def test_a_broken_file_has_none(text: str, times: int, tmp_path: Path) -> None:
    write(tmp_path, {"a.tf.json": text * times})
    assert lines(tmp_path / "a.tf.json", ["resource", "aws_vpc", "main"]) is None
    assert lines(tmp_path / "nowhere.tf.json", ["resource"]) is None


def test_each_block_of_a_deployment_has_its_file_and_lines(tmp_path: Path) -> None:
    net = '{\n"resource": {\n"aws_eip": {\n"c": {}}}}'
    call = '{"module": {"net": {"source": "./net"}}}'
    write(tmp_path, {"a.tf.json": PRETTY, "b.tf.json": call, "net/main.tf.json": net})
    places = Places()
    found = {
        block.address: (str(file and file.relative_to(tmp_path)), span)
        for blocks in read(tmp_path).blocks_by_mode.values()
        for block in blocks
        for file, span in [places.of(block)]
        if block.mode != "stack"
    }
    assert found == {
        "aws_vpc.main": ("a.tf.json", (9, 11)),
        'aws_vpc.other {"}': ("a.tf.json", (12, 12)),
        "aws_eip.a": ("a.tf.json", (15, 16)),
        "aws_eip.b": ("a.tf.json", (17, 17)),
        "provider.aws": ("a.tf.json", (2, 6)),
        "provider.aws.west": ("a.tf.json", (4, 5)),
        "backend.s3": ("a.tf.json", (21, 21)),
        "module.net.aws_eip.c": ("net/main.tf.json", (4, 4)),
    }


def test_a_stack_as_a_whole_has_a_file_and_no_lines(tmp_path: Path) -> None:
    (stack,) = read(write(tmp_path, {"a.tf.json": PRETTY})).blocks_by_mode["stack"]
    assert Places().of(stack) == (tmp_path / "a.tf.json", None)
