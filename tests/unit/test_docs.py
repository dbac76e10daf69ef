"""The documents say what is there: links, commands, files, settings and gaps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.naming import longest_suffix
from lib.settings import _OTHER_VARIABLES, RDS_TRUST_BUNDLE, Settings, _variable

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
    ]
)
GENERATED = (".venv", ".venv-embedded", ".tap", "cdktf.out", "build")
"""What exists only after a command has run."""

_FENCE = re.compile(r"^( *)```(\w*)[^\n`]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


def prose(document: Path) -> str:
    """The document without its fenced blocks."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks in one language."""
    found = _FENCE.findall(document.read_text(encoding="utf-8"))
    return [content for _, marked, content in found if marked == language]


def anchors(document: Path) -> set[str]:
    """The headings of a document as GitHub names them."""
    titles = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def rows(document: Path, heading: str) -> Iterator[list[str]]:
    """The cells of the first table below a heading, without its head."""
    section = re.split(r"^#+ ", document.read_text(encoding="utf-8").partition(f"# {heading}\n")[2], flags=re.MULTILINE)
    lines = [line for line in section[0].splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def named(document: Path) -> Any:
    return pytest.param(document, id=str(document.relative_to(ROOT)))


every_document = pytest.mark.parametrize("document", [named(document) for document in DOCUMENTS])


@every_document
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(prose(document)):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: {target.name} has no such heading"


@every_document
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = document.read_text(encoding="utf-8")
    mentioned = set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z]+)", text)) | set(
        re.findall(
            r"^\s*\$? ?make ([a-z]+)", "\n".join(blocks(document, "console") + blocks(document, "sh")), re.MULTILINE
        )
    )

    assert mentioned <= targets


def test_the_readme_lists_every_make_target() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE):
        assert target == "setup" or f"`make {target}`" in text, f"make {target} is not in README.md"


@every_document
def test_every_file_that_is_named_exists(document: Path) -> None:
    """A name with a slash whose first part is a folder of the repository is a path from its root."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - set(GENERATED)
    for code in _CODE.findall(prose(document)):
        path = code.split()[0]
        if path.split("/")[0] in folders and re.fullmatch(r"[\w./*-]+", path) and "/" in path:
            assert list(ROOT.glob(path.rstrip("/"))), f"{path} does not exist"


def test_every_part_of_the_layout_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    layout = text.partition("## Layout\n")[2].partition("```\n")[2].partition("```")[0]
    parts = [line.split()[0] for line in layout.splitlines()]

    assert len(parts) > 10
    assert [part for part in parts if not (ROOT / part).exists()] == []


@every_document
def test_diagrams_are_whole(document: Path) -> None:
    """No renderer is at hand, so only what breaks most often: kind, pairs of brackets and quotes, ends of blocks."""
    for diagram in blocks(document, "mermaid"):
        lines = [line.strip() for line in diagram.strip().splitlines()]
        assert re.fullmatch(r"flowchart (TB|LR)|sequenceDiagram", lines[0])
        for line in lines:
            assert line.count('"') % 2 == 0, line
            bare = re.sub(r'"[^"]*"', "", line)
            assert all(bare.count(left) == bare.count(right) for left, right in ("()", "[]", "{}")), line
        opened = sum(line.startswith("subgraph ") for line in lines)
        assert opened == lines.count("end")


@every_document
def test_nothing_is_left_to_fill_in(document: Path) -> None:
    assert not re.search(r"@@|TODO|FIXME|XXX", document.read_text(encoding="utf-8"))


def shown(default: Any) -> str:
    """A setting's default as the table writes it."""
    if default is None:
        return "–"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    if default == RDS_TRUST_BUNDLE:
        return f"`{RDS_TRUST_BUNDLE.relative_to(ROOT)}`"
    return f"`{default}`"


def test_the_table_of_settings_is_that_of_the_code() -> None:
    table = {cells[0].strip("`"): cells[1] for cells in rows(ROOT / "docs" / "deploying.md", "Settings")}
    fields = Settings.model_fields.items()

    assert table == {_variable(name): shown(field.default) for name, field in fields}


def test_the_longest_suffix_is_stated_as_it_is() -> None:
    (rule,) = [cells[2] for cells in rows(ROOT / "docs" / "deploying.md", "Settings") if "SUFFIX" in cells[0]]

    assert f"{longest_suffix('tap')} characters" in rule


def test_every_variable_of_the_tools_is_explained() -> None:
    table = {cells[0].strip("`") for cells in rows(ROOT / "docs" / "deploying.md", "Variables of the tools")}

    assert table >= _OTHER_VARIABLES


def test_every_file_of_gaps_is_in_the_validation_boundary() -> None:
    document = ROOT / "docs" / "validation-boundary.md"
    table = {cells[0].strip("`") for cells in rows(document, "Corrected by this project")}
    gaps = {path.name for path in (ROOT / "embedded" / "server" / "gaps").glob("*.py")} - {"__init__.py"}

    assert table == gaps


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("0*.md"))

    assert [path.name[:4] for path in records] == [f"{number:04d}" for number in range(1, len(records) + 1)]
    assert all(f"({path.name})" in index for path in records)
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert re.search(r"^Date: \d{4}-\d\d-\d\d\. Status: \w+", text, re.MULTILINE)
        assert all(f"\n## {part}\n" in text for part in ("Context", "Decision", "Consequences"))
