"""The table of components says of every construct what it is for, what it costs, and what happens when it fails."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "components.md"
BINDINGS = "cdktf_cdktf_provider_aws"


def makes_resources(module: Path) -> bool:
    """Whether a construct's file uses a binding other than the provider's own and those that only read."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    used = {module.rpartition(".")[2] for module in modules if module.startswith(f"{BINDINGS}.")}
    return any(name != "provider" and not name.startswith("data_") for name in used)


def constructs() -> set[str]:
    return {
        str(module.relative_to(ROOT))
        for module in (ROOT / "lib" / "constructs").glob("*.py")
        if makes_resources(module)
    }


def rows() -> Iterator[list[str]]:
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_every_construct_that_makes_resources_has_one_row() -> None:
    assert sorted(row[0].strip("`") for row in rows()) == sorted(constructs())


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row[0])
def test_a_row_says_purpose_cost_and_failure(row: list[str]) -> None:
    _, purpose, cost, failure = row

    assert purpose
    assert cost
    assert len(failure.split()) > 4, "what happens when it fails takes more than a word"
