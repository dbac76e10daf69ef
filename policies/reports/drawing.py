"""The picture of a deployment as inline SVG: one for wide pages, one for narrow ones. Colours come from the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup, escape

from policies.reports.picture import Group, Leg, Link, Name, Picture, Region, place
from policies.reports.text import counted, line

_BOX: Final = 410
_ALONE: Final = 640
_GUTTER: Final = 290
_NARROW: Final = 400
_USUAL: Final = 1200
"""Width of a page; what is wider scrolls rather than shrinks."""

_PAD: Final = 18
_LEGS_APART: Final = 130
_CARD: Final = 540
_ROW: Final = 17
"""Height of a line of small text."""

_HEAD: Final = 54
"""Height of what a region's box begins with."""

_LINK: Final = 32
"""Height of a link."""

_SMALL_MIDDLE: Final = {"font_size": 12, "text_anchor": "middle"}

_MOST_NAMES: Final = 4
_MOST_LINES: Final = 2

# Shares of the font size; system fonts differ, so on the wide side.
_THIN: Final = frozenset("iljtfr.,:;'|!()[]{} ")
_FAT: Final = frozenset("mwMWQOGD@%&×")
_NARROWEST: Final = 0.38
"""How wide a thin letter is, in parts of the size."""


def wide(picture: Picture) -> Markup:
    """Regions side by side, a row for each purpose, and what links them between the rows that it belongs to."""
    columns = max(1, len(picture.regions))
    box = _ALONE if columns == 1 else _BOX
    canvas = _Canvas(columns * box + (columns - 1) * _GUTTER)
    lefts = {region.name: index * (box + _GUTTER) for index, region in enumerate(picture.regions)}
    canvas.y = _name_cards(canvas, picture.names, {name: left + box / 2 for name, left in lefts.items()})
    rows = _Rows.over(picture.regions, picture.links, box - 2 * _PAD)
    top = canvas.y
    for region in picture.regions:
        canvas.y = _region(canvas, region, lefts[region.name], top, box, rows)
    order = [region.name for region in picture.regions]
    gaps: dict[tuple[int, str], list[Link]] = {}
    apart = []
    for link in picture.links:
        first, second = sorted((order.index(link.origin), order.index(link.target)))
        if second - first == 1 and link.capability in rows.tops:
            gaps.setdefault((first, link.capability), []).append(link)
        else:
            apart.append(link)
    for (gap, capability), links in gaps.items():
        middle = top + rows.tops[capability] + rows.heights[capability] / 2
        _links_between(canvas, links, order[gap], gap * (box + _GUTTER) + box, middle)
    _links_apart(canvas, apart)
    return canvas.svg("wide", _told(picture))


def narrow(picture: Picture) -> Markup:
    """The same, one below the other."""
    canvas = _Canvas(_NARROW)
    for name in picture.names[:_MOST_NAMES]:
        canvas.y = _name_card(canvas, name, 0, _NARROW, canvas.y, regions=True) + 14
    _more_names(canvas, picture.names)
    linked = set()
    for index, region in enumerate(picture.regions):
        if index:
            before = picture.regions[index - 1].name
            between = [link for link in picture.links if {link.origin, link.target} == {before, region.name}]
            linked.update(between)
            canvas.y = _links_down(canvas, between, before)
        rows = _Rows.over([region], (), _NARROW - 2 * _PAD)
        canvas.y = _region(canvas, region, 0, canvas.y, _NARROW, rows)
    _links_apart(canvas, [link for link in picture.links if link not in linked])
    return canvas.svg("narrow", _told(picture))


@dataclass(frozen=True)
class _Rows:
    """Where in a region's box each purpose has its row: the same in all boxes that are side by side."""

    tops: dict[str, float]
    heights: dict[str, float]
    probes: int
    end: float

    @classmethod
    def over(cls, regions: Sequence[Region], links: Sequence[Link], room: float) -> _Rows:
        """Rows that are high enough for each of the regions, and for the links beside them."""
        probes = max((len(region.probes) for region in regions), default=0)
        y = _HEAD + (_probes_height(probes) + 14 if probes else 0)
        tops: dict[str, float] = {}
        heights: dict[str, float] = {}
        groups = [group for region in regions for group in region.groups]
        for capability in sorted({group.capability for group in groups}, key=place):
            lines = max(len(_types(group, room)) for group in groups if group.capability == capability)
            beside = sum(link.capability == capability for link in links)
            tops[capability], heights[capability] = y, max(20 + lines * _ROW, beside * _LINK)
            y += heights[capability] + 10
        return cls(tops, heights, probes, y + 8)


@dataclass
class _Canvas:
    """Elements in the order in which they are painted, and how far down the next one begins."""

    width: float
    y: float = 2
    elements: list[Markup] = field(default_factory=list)

    def add(self, tag: str, content: str | Markup = "", **attributes: object) -> None:
        """An element; underscores in the names of attributes stand for dashes."""
        written = Markup("").join(
            Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), _number(value))
            for name, value in attributes.items()
        )
        self.elements.append(
            Markup("<{tag}{written}>{content}</{tag}>").format(tag=tag, written=written, content=content)
        )

    def box(self, x: float, y: float, width: float, height: float, kind: str, radius: float = 12) -> None:
        """A rounded rectangle."""
        self.add("rect", x=x, y=y, width=width, height=height, rx=radius, class_=kind)

    def text(
        self, x: float, y: float, words: str, kind: str, *, size: float, room: float = 0, end: bool = False
    ) -> None:
        """Words on a line, shortened to ``room``; whole in a tooltip then."""
        words = line(words)
        shown = fitted(words, size, room) if room else words
        content: Markup = escape(shown)
        if shown != words:
            content = Markup("{}<title>{}</title>").format(shown, words)
        anchor = {"text_anchor": "end"} if end else {}
        self.add("text", content, x=x, y=y, class_=kind, font_size=size, **anchor)

    def svg(self, kind: str, description: str) -> Markup:
        """The whole, as high as it has become."""
        height = self.y + 2
        head = Markup(
            '<svg class="diagram {kind}" role="img" aria-label="{description}" viewBox="-2 0 {width} {height}"'
            ' style="min-width:{least}px" xmlns="http://www.w3.org/2000/svg">'
        ).format(
            kind=kind,
            description=description,
            width=_number(self.width + 4),
            height=_number(height),
            least=_number(0 if kind == "narrow" else self.width * (0.6 if self.width <= _USUAL else 0.85)),
        )
        return Markup("{}{}</svg>").format(head, Markup("\n").join(self.elements))


def measured(words: str, size: float) -> float:
    """About how wide words are, in the widest of the usual fonts."""
    share = sum(
        _NARROWEST if letter in _THIN else 0.9 if letter in _FAT else 0.7 if letter.isupper() else 0.61
        for letter in words
    )
    return share * size


def fitted(words: str, size: float, room: float) -> str:
    """The words, cut so that they are no wider than ``room``."""
    if measured(words, size) <= room:
        return words
    words = words[: int(room / (size * _NARROWEST)) + 1]
    while words and measured(f"{words}…", size) > room:
        words = words[:-1]
    return f"{words.rstrip()}…"


def _wrapped(words: str, size: float, room: float, most: int) -> list[str]:
    """Words over at most ``most`` lines; the last one is cut where it must be."""
    lines: list[str] = []
    current = ""
    parts = words.split(" ")
    for index, word in enumerate(parts):
        longer = f"{current} {word}".strip()
        if not current or measured(longer, size) <= room:
            current = longer
        elif len(lines) == most - 1:
            return [*lines, fitted(" ".join([current, *parts[index:]]), size, room)]
        else:
            lines.append(current)
            current = word
    return [*lines, fitted(current, size, room)] if current else lines


def _name_cards(canvas: _Canvas, names: Sequence[Name], centres: dict[str, float]) -> float:
    """The names that choose between regions, each with lines to the regions it leads to."""
    if not names:
        return canvas.y
    width = min(_CARD, canvas.width)
    left = (canvas.width - width) / 2
    cards = []
    y = canvas.y
    for name in names[:_MOST_NAMES]:
        bottom = _name_card(_Canvas(width), name, 0, width, y, regions=len(centres) == 1)
        cards.append((name, y, bottom))
        y = bottom + 16
    floor = y + 32 + (24 if len(names) > _MOST_NAMES else 0)
    apart = min(_LEGS_APART, (_BOX - _LEGS_APART) / max(1, len(cards) - 1))
    ends = []
    for index, (name, top, bottom) in enumerate(cards):
        for leg in name.legs:
            x = centres[leg.region] + (index - (len(cards) - 1) / 2) * apart
            _leg_line(canvas, leg, x, (left, left + width), (top, bottom), floor)
            ends.append((leg, x))
    for name, top, _ in cards:
        _name_card(canvas, name, left, width, top, regions=len(centres) == 1)
    for leg, x in ends:
        _pill(canvas, x, floor - 28, leg.when, f"pill {'standby' if leg.standby else 'serving'}", room=apart - 30)
    canvas.y = y
    _more_names(canvas, names, left)
    return floor


def _leg_line(
    canvas: _Canvas, leg: Leg, x: float, sides: tuple[float, float], card: tuple[float, float], floor: float
) -> None:
    """From a card to a region: down, or sideways and then down."""
    kind = "standby" if leg.standby else "serving"
    top, bottom = card
    if sides[0] < x < sides[1]:
        path = f"M{_number(x)} {_number(bottom)}"
    else:
        start, middle = (sides[0] if x <= sides[0] else sides[1]), (top + bottom) / 2
        bend = 12 if x <= sides[0] else -12
        path = (
            f"M{_number(start)} {_number(middle)}H{_number(x + bend)}"
            f"Q{_number(x)} {_number(middle)} {_number(x)} {_number(middle + 12)}"
        )
    canvas.add("path", d=f"{path}V{_number(floor - 7)}", class_=f"route {kind}")
    _arrow(canvas, x, floor, "down", kind)


def _name_card(canvas: _Canvas, name: Name, left: float, width: float, top: float, *, regions: bool) -> float:
    """A DNS name: its records, and what each depends on. Returns where it ends."""
    room = width - 2 * _PAD
    lines: list[tuple[str, str]] = []
    for leg in name.legs:
        to = f" → {leg.region or 'region not stated'}" if regions else ""
        health = f"while {leg.health}" if leg.health else "no health check"
        for number, words in enumerate(_wrapped(f"{leg.when}{to}, {health}", 12, room, 3)):
            lines.append((words, "dot" if not number else ""))
    height = 52 + len(lines) * _ROW + 8
    canvas.box(left, top, width, height, "card")
    kind = f"{name.policy} records"
    canvas.text(left + _PAD, top + 26, name.name, "strong", size=15, room=room - measured(kind, 12) - 12)
    canvas.text(left + width - _PAD, top + 26, kind, "muted", size=12, end=True)
    for number, (words, _) in enumerate(lines):
        canvas.text(left + _PAD, top + 50 + number * _ROW, words, "small", size=12)
    return top + height


def _more_names(canvas: _Canvas, names: Sequence[Name], left: float = 0) -> None:
    more = len(names) - _MOST_NAMES
    if more > 0:
        canvas.text(left + _PAD, canvas.y + 12, f"and {counted(more, 'more name')}", "muted", size=12)
        canvas.y += 24


def _region(canvas: _Canvas, region: Region, left: float, top: float, width: float, rows: _Rows) -> float:
    """A region with what watches it and what is in it. Returns where it ends."""
    room = width - 2 * _PAD
    canvas.box(left, top, width, rows.end, f"region {region.role}", 14)
    y = top + 34
    canvas.text(left + _PAD, y, region.title, "strong", size=17, room=room * 0.5)
    canvas.text(left + width - _PAD, y, counted(region.count, "resource"), "muted", size=13, end=True)
    if region.role:
        x = left + _PAD + measured(fitted(region.title, 17, room * 0.5), 17) + 14
        size = measured(region.role, 12) + 18
        canvas.box(x, y - 16, size, 22, f"role {region.role}", 11)
        canvas.add("text", region.role, x=x + size / 2, y=y - 1, class_=f"role-text {region.role}", **_SMALL_MIDDLE)
    if rows.probes:
        _probes(canvas, region, left + _PAD, top + _HEAD, room)
    by_capability = {group.capability: group for group in region.groups}
    for capability, row in rows.tops.items():
        _group(canvas, capability, by_capability.get(capability), left + _PAD, top + row, room)
    return top + rows.end


def _probes_height(number: int) -> float:
    return 26 + number * _ROW + 6


def _probes(canvas: _Canvas, region: Region, left: float, top: float, room: float) -> None:
    canvas.box(left, top, room, _probes_height(len(region.probes)), "inset", 8)
    canvas.text(left + 12, top + 18, "health checks" if region.probes else "no health check", "label", size=11)
    for number, probe in enumerate(region.probes):
        y = top + 36 + number * _ROW
        canvas.add("circle", cx=left + 16, cy=y - 4, r=3.5, class_="probe")
        rhythm = measured(probe.rhythm, 12) if probe.rhythm else 0
        canvas.text(left + 28, y, probe.label, "small", size=12, room=room - 40 - rhythm - 10)
        if probe.rhythm:
            canvas.text(left + room - 12, y, probe.rhythm, "muted", size=12, end=True)


def listed(group: Group) -> str:
    """The types of a group with their counts, in words."""
    return ", ".join(f"{number} × {type_}" if number > 1 else type_ for type_, number in group.types).replace("_", " ")


def _types(group: Group, room: float) -> list[str]:
    return _wrapped(line(listed(group)), 12, room - 16, _MOST_LINES)


def _group(canvas: _Canvas, capability: str, group: Group | None, left: float, top: float, room: float) -> None:
    """What a region has for a purpose; also if it has nothing and another region does."""
    lines = _types(group, room) if group else ["nothing here"]
    height = 20 + len(lines) * _ROW
    bar, heading = (_slug(capability), "strong") if group else ("none", "muted")
    canvas.add("rect", x=left, y=top + 3, width=4, height=height - 6, rx=2, class_=f"bar {bar}")
    canvas.text(left + 16, top + 14, capability, heading, size=13.5, room=room - 70)
    if group:
        canvas.text(left + room, top + 14, f"{group.count:,}", "strong", size=13.5, end=True)
    for number, each in enumerate(lines):
        title = Markup("<title>{}</title>").format(line(listed(group))) if group and each.endswith("…") else ""
        canvas.add("text", escape(each) + title, x=left + 16, y=top + 31 + number * _ROW, class_="muted", font_size=12)


def _links_between(canvas: _Canvas, links: Sequence[Link], first: str, left: float, middle: float) -> None:
    """What links two regions side by side: a line each, with arrows to the side that follows."""
    y = middle - (len(links) - 1) * _LINK / 2
    for link in links:
        rightward, leftward = link.mutual or link.origin == first, link.mutual or link.origin != first
        start, end = left + 2 * leftward, left + _GUTTER - 2 * rightward
        line_from, line_to = start + 6 * leftward, end - 6 * rightward
        canvas.add("path", d=f"M{_number(line_from)} {_number(y)}H{_number(line_to)}", class_="link")
        if rightward:
            _arrow(canvas, end, y, "right", "linked")
        if leftward:
            _arrow(canvas, start, y, "left", "linked")
        _pill(canvas, left + _GUTTER / 2, y, _labelled(link), "pill", room=_GUTTER - 70)
        y += _LINK


def _links_down(canvas: _Canvas, links: Sequence[Link], first: str) -> float:
    """What links a region with the one below it."""
    top = canvas.y
    bottom = top + 16 + 34 * len(links) + 14
    canvas.add(
        "path", d=f"M{_number(_NARROW / 2)} {_number(top)}V{_number(bottom)}", class_="link" if links else "link none"
    )
    for number, link in enumerate(links):
        sign = "↕" if link.mutual else "↓" if link.origin == first else "↑"
        _pill(canvas, _NARROW / 2, top + 30 + number * 34, f"{sign} {_labelled(link)}", "pill", room=_NARROW - 60)
    return bottom


def _links_apart(canvas: _Canvas, links: Sequence[Link]) -> None:
    """Links of regions that are not drawn beside each other, as text."""
    for link in links:
        sign = "↔" if link.mutual else "→"
        words = f"{link.origin or 'region not stated'} {sign} {link.target}: {_labelled(link)}"
        canvas.text(0, canvas.y + 26, words, "small", size=13, room=canvas.width)
        canvas.y += 24
    canvas.y += 8 if links else 0


def _labelled(link: Link) -> str:
    return link.label if link.count == 1 else f"{link.label} × {link.count}"


def _pill(canvas: _Canvas, x: float, y: float, words: str, kind: str, *, room: float) -> None:
    words = fitted(line(words), 12.5, room)
    width = measured(words, 12.5) + 22
    canvas.box(x - width / 2, y - 13, width, 26, kind, 13)
    canvas.add("text", words, x=x, y=y + 4.4, class_="pill-text", font_size=12.5, text_anchor="middle")


def _arrow(canvas: _Canvas, x: float, y: float, direction: str, kind: str) -> None:
    dx, dy = {"down": (0, -1), "right": (-1, 0), "left": (1, 0)}[direction]
    back, half = 9, 5
    corners = [(x, y)]
    corners += [(x + dx * back + dy * half * side, y + dy * back + dx * half * side) for side in (1, -1)]
    canvas.add("polygon", points=" ".join(f"{_number(a)},{_number(b)}" for a, b in corners), class_=f"arrow {kind}")


def _number(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def _slug(capability: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in capability.lower())


def _told(picture: Picture) -> str:
    """The picture in words, for those who do not see it."""
    return line(" ".join(_sentences(picture))) or "Nothing is deployed."


def _sentences(picture: Picture) -> Iterator[str]:
    for name in picture.names:
        legs = "; ".join(f"{leg.when} in {leg.region or 'an unstated region'}" for leg in name.legs)
        yield f"{name.name}, {name.policy} records: {legs}."
    for region in picture.regions:
        role = f" ({region.role})" if region.role else ""
        yield f"{region.title}{role}: {counted(region.count, 'resource')}."
    for link in picture.links:
        origin, target = link.origin or "an unstated region", link.target or "an unstated region"
        yield f"{_labelled(link)} " + (
            f"between {origin} and {target}." if link.mutual else f"from {origin} to {target}."
        )
