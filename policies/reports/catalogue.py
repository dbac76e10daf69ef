"""``docs/policies.md``: every rule with its promise, reasons, controls, examples and proof, from the rules themselves.

``python -m policies.reports.catalogue`` writes it.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from policies import rules
from policies.reports.controls import FRAMEWORKS, control, in_order
from policies.reports.summary import titled
from policies.reports.text import counted
from policies.rule import ANY, Example, Kind, Rule

ROOT: Final = Path(__file__).resolve().parents[2]
FILE: Final = ROOT / "docs" / "policies.md"

_WIDTH: Final = 118
_NO_BREAK: Final = "\x00"
_BLOCKS: Final = {"provider": "provider blocks", "backend": "backends", "stack": "stacks as a whole"}
_EXAMPLE_BLOCKS: Final = frozenset({"output", "locals", "variable", "provider"})
_CODE: Final = re.compile(r"(`+)(.+?)\1", re.DOTALL)

_HEAD: Final = """\
# Policies

<!-- Written by `make generate` from policies/rules: do not edit. -->
"""


def text() -> str:
    """The file's content; the same whatever the machine, the time or the order of imports."""
    families: dict[str, list[Rule]] = {}
    for rule in rules.every():
        families.setdefault(rule.family, []).append(rule)
    parts = [_HEAD, _introduction(families), _contents(families)]
    for name, members in families.items():
        parts.append(_family(name, members))
        parts += [_rule(rule) for rule in members]
    parts.append(_controls(rules.every()))
    return "\n".join(parts)


def main() -> int:
    """Write the file."""
    FILE.write_text(text(), encoding="utf-8")
    return 0


def _introduction(families: dict[str, list[Rule]]) -> str:
    number = sum(len(members) for members in families.values())
    return _paragraph(
        f"{counted(number, 'rule')} in {counted(len(families), 'family', 'families')}. Each is a promise about one kind"
        " of resource, which `make gate` and plain `checkov -d cdktf.out` ask of every member of that kind, and which"
        " `python -m policies DIR` asks of anyone's Terraform JSON or plan. What a rule cannot decide is a finding."
        " Below each rule: what it judges and when it is content, a good and a bad example, and the edits of the real"
        " deployment that it must notice. Adding one: [CONTRIBUTING.md](../CONTRIBUTING.md)."
    )


def _contents(families: dict[str, list[Rule]]) -> str:
    lines = ["## Contents", ""]
    for name, members in families.items():
        title, promise = titled(name, rules.families()[name])
        said = _lowered(_escaped(promise)).rstrip(".")
        lines += _item("", f"[{title}](#{_anchor(title)}), {counted(len(members), 'rule')}: {said}")
    return "\n".join([*lines, "- [Controls](#controls): which rules stand behind a control", ""])


def _family(name: str, members: Sequence[Rule]) -> str:
    title, promise = titled(name, rules.families()[name])
    more = rules.families()[name].partition("\n\n")[2]
    lines = [f"## {title}", "", _paragraph(_escaped(promise))]
    lines += [_paragraph(_escaped(paragraph)) for paragraph in _paragraphs(more)]
    lines += ["| promise | severity | rule |", "|---|---|---|"]
    lines += [f"| {_cell(rule.title)} | {rule.severity.value} | [{rule.id}](#{_anchor(rule.id)}) |" for rule in members]
    return "\n".join([*lines, ""])


def _rule(rule: Rule) -> str:
    lines = [f"### {rule.id}", "", _paragraph(f"**{_escaped(rule.title)}.**")]
    lines += [_paragraph(_escaped(paragraph)) for paragraph in _paragraphs(inspect.getdoc(rule.check) or "")]
    lines += _item("Judges", _judged(rule.judges))
    lines += _item("Severity", rule.severity.value + ("" if rule.waivable else "; it cannot be waived"))
    lines += _item("Risk", _escaped(rule.risk))
    lines += _item("What to do", _escaped(rule.remediation))
    lines += _item("Controls", ", ".join(_control(written) for written in rule.controls))
    lines += ["", "<details><summary>Examples and proof</summary>", ""]
    for label, examples in (("Passes", rule.passes), ("Fails", rule.fails)):
        if examples:
            lines += [f"{label}:", "", "```json", _json(_terraform(examples[0])), "```", ""]
    lines += ["Must be noticed on what we deploy:", ""]
    lines += [line for mutation in rule.mutations for line in _item("", _escaped(mutation.title))]
    return "\n".join([*lines, "", "</details>", ""])


def _judged(kind: Kind) -> str:
    """The kind of resource, and what chooses among them."""
    named = []
    for mode in kind.modes:
        if mode in _BLOCKS:
            named.append(_BLOCKS[mode])
        elif ANY in kind.types:
            named.append({"resource": "every resource", "data": "every data source"}.get(mode, f"every {mode} block"))
        else:
            prefix = "" if mode == "resource" else f"{mode}."
            named += [f"`{prefix}{type_}`" for type_ in sorted(kind.types)]
    chosen = inspect.getdoc(kind.where) if kind.where.__name__ != "_always" else None
    condition = next(_paragraphs(chosen or ""), "").rstrip(".")
    among = ", ".join(dict.fromkeys(named))
    if not condition:
        return among
    condition = _lowered(_escaped(condition))
    return f"{among}, chosen by {condition}" if condition.startswith("whether ") else f"{among}: {condition}"


def _controls(every: Sequence[Rule]) -> str:
    lines = ["## Controls", ""]
    for framework in FRAMEWORKS:
        by_control: dict[str, list[Rule]] = {}
        for rule in every:
            for written in rule.controls:
                filed = control(written)
                if filed is not None and filed.framework is framework:
                    by_control.setdefault(written, []).append(rule)
        lines += [f"### {framework.name}", "", f"The whole: <{framework.page}>", "", "| control | rules |", "|---|---|"]
        for written in sorted(by_control, key=in_order):
            links = ", ".join(f"[{rule.id}](#{_anchor(rule.id)})" for rule in by_control[written])
            lines.append(f"| {_control(written, titled_=True)} | {links} |")
        lines.append("")
    return "\n".join(lines)


def _control(written: str, *, titled_: bool = False) -> str:
    filed = control(written)
    if filed is None or not filed.page:
        return written if not titled_ or filed is None else filed.id
    link = f"[{filed.id if titled_ else written}]({filed.page})"
    return f"{link} {_cell(filed.title)}" if titled_ else link


def _terraform(example: Example) -> dict[str, Any]:
    """An example as Terraform JSON, without the providers that all have."""
    written: dict[str, Any] = {}
    for type_, bodies in example.items():
        mode, _, rest = type_.partition(".")
        if type_ == "backend":
            written["terraform"] = {"backend": dict(bodies)}
        elif type_ in _EXAMPLE_BLOCKS:
            written[type_] = bodies
        elif rest:
            written.setdefault(mode, {})[rest] = bodies
        else:
            written.setdefault("resource", {})[type_] = bodies
    return written


def _json(value: Any, indent: int = 0) -> str:
    """JSON in which whatever fits on a line stands on one."""
    short = json.dumps(value, ensure_ascii=False)
    if (indent and indent + len(short) <= _WIDTH - 18) or not isinstance(value, (Mapping, list)) or not value:
        return short
    space = " " * (indent + 2)
    if isinstance(value, Mapping):
        members = [f"{space}{json.dumps(str(key))}: {_json(item, indent + 2)}" for key, item in value.items()]
        return "{\n" + ",\n".join(members) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(f"{space}{_json(item, indent + 2)}" for item in value) + "\n" + " " * indent + "]"


def _item(label: str, content: str) -> list[str]:
    lead = f"- **{label}**: " if label else "- "
    return _wrapped(f"{lead}{content}", "  ")


def _paragraph(content: str) -> str:
    return "\n".join(_wrapped(content)) + "\n"


def _wrapped(content: str, indent: str = "") -> list[str]:
    """Lines of the usual width; code is not broken."""
    whole = _CODE.sub(lambda match: match[0].replace(" ", _NO_BREAK), content)
    lines = textwrap.wrap(whole, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _paragraphs(docstring: str) -> Iterator[str]:
    for paragraph in docstring.split("\n\n"):
        words = " ".join(paragraph.split())
        if words:
            yield words


def _escaped(words: str) -> str:
    """Text as Markdown shows it; ``code`` as in docstrings stays code."""
    pieces = []
    position = 0
    for match in _CODE.finditer(words):
        pieces += [_plain(words[position : match.start()]), f"`{match[2]}`"]
        position = match.end()
    return "".join([*pieces, _plain(words[position:])])


def _plain(words: str) -> str:
    return re.sub(r"([\\*<>\[\]])", r"\\\1", re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", words))


def _cell(words: str) -> str:
    return _escaped(words).replace("|", "\\|")


def _lowered(words: str) -> str:
    """For the middle of a sentence; an abbreviation such as IAM stays as it is."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    sys.exit(main())
