"""The page's charts as SVG: what clients were answered second by second, and the workflow's states."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from markupsafe import Markup, escape

from drill.records import NOTE, Execution, Record

WIDTH, LEFT, RIGHT = 1000, 44, 8
PLOT, LABELS, AXIS = 190, 22, 22
ROW: Final = 20
_MARKS: Final = 14

CLASSES: Final = (
    ("taken", "accepted by the region that was active at first"),
    ("moved", "accepted by the other region"),
    ("refused", "refused: the client sends it again"),
    ("silent", "no answer: the client sends it again"),
)
"""What an answer is to a client, and how the legend calls it."""


@dataclass(frozen=True)
class Scale:
    """Seconds of the drill to a place on the page."""

    seconds: float

    def x(self, at: float) -> float:
        """Where a moment is."""
        return LEFT + max(0.0, min(1.0, at / self.seconds)) * (WIDTH - LEFT - RIGHT)


def traffic(record: Record) -> Markup:
    """Answers by second as stacked bars, settlements as a line, and what happened as marks."""
    scale = Scale(max(1.0, record.ended - record.began))
    answered = _answers(record)
    settled = Counter(int(each.at - record.began) for each in record.settled if each.at >= record.began)
    highest = max([sum(found.values()) for found in answered.values()] + list(settled.values()) + [1])
    marks = [event for event in record.events if event.kind != NOTE][:_MARKS]
    top = LABELS * len(marks) + 10
    height = top + PLOT + AXIS
    parts = [_axis(scale, top, highest)]
    width = max(1.0, scale.x(1) - scale.x(0) - 0.6)
    for second, found in sorted(answered.items()):
        base = float(top + PLOT)
        for kind, _ in CLASSES:
            if found[kind]:
                tall = found[kind] / highest * PLOT
                base -= tall
                parts.append(_bar(kind, scale.x(second), base, width, tall))
    points = " ".join(
        f"{scale.x(second + 0.5):.1f},{top + PLOT - settled[second] / highest * PLOT:.1f}"
        for second in range(ceil(scale.seconds))
    )
    parts.append(f'<polyline class="settled" points="{points}"/>')
    for number, event in enumerate(marks):
        parts.append(
            _mark(scale.x(event.at - record.began), LABELS * (number + 1) - 6, top + PLOT, event.text, event.kind)
        )
    return _svg(height, "What clients were answered, second by second", parts)


def workflow(execution: Execution) -> Markup:
    """An execution's states, each as long as it took."""
    scale = Scale(max(0.1, execution.ended - execution.asked))
    parts = []
    for number, state in enumerate(execution.states):
        y = number * ROW
        begin, end = scale.x(state.entered - execution.asked), scale.x(state.left - execution.asked)
        label = f"{state.name}  {state.left - state.entered:.1f} s"
        parts.append(_bar("state", begin, y + 3, max(2.0, end - begin), ROW - 6))
        right = end < WIDTH * 0.7
        place = f'x="{end + 6:.1f}"' if right else f'x="{begin - 6:.1f}" text-anchor="end"'
        parts.append(f'<text {place} y="{y + ROW - 6}">{escape(label)}</text>')
    return _svg(ROW * max(1, len(execution.states)), f"{execution.mode} in {execution.region}", parts)


def _bar(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _answers(record: Record) -> dict[int, Counter[str]]:
    first = record.attempts[0].region if record.attempts else ""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for attempt in record.attempts:
        if attempt.accepted:
            kind = "taken" if attempt.region == first else "moved"
        else:
            kind = "refused" if attempt.status else "silent"
        found[int(attempt.answered - record.began)][kind] += 1
    return found


def _axis(scale: Scale, top: float, highest: int) -> str:
    bottom = top + PLOT
    lines = [f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>']
    for share in (0.5, 1.0):
        y = bottom - share * PLOT
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text class="muted" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{highest * share:g}</text>')
    lines += [
        f'<text class="muted" x="{scale.x(second):.1f}" y="{bottom + 16}" text-anchor="middle">{second} s</text>'
        for second in _ticks(scale.seconds)
    ]
    return "".join(lines)


def _ticks(seconds: float) -> Iterator[int]:
    step = next((step for step in (5, 10, 30, 60, 120, 300) if seconds / step <= 12), 600)
    yield from range(0, int(seconds), step)


def _mark(x: float, y: float, bottom: float, text: str, kind: str) -> str:
    turned = x > WIDTH * 0.6
    place = f'x="{x - 6:.1f}" text-anchor="end"' if turned else f'x="{x + 6:.1f}"'
    return (
        f'<line class="mark {escape(kind)}" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 10:.1f}" y2="{bottom:.1f}"/>'
        f'<text {place} y="{y:.1f}">{escape(text)}</text>'
    )


def _svg(height: float, title: str, parts: Sequence[str]) -> Markup:
    return Markup(  # noqa: S704 - what others wrote is escaped where it is put in
        f'<svg class="diagram chart" viewBox="0 0 {WIDTH} {height:g}" role="img" font-size="12.5">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
