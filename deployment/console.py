"""What the person sees: one line at a time, safe to call from several threads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

_LOCK = threading.Lock()


def say(text: str = "") -> None:
    """Print a line (or several) at once."""
    with _LOCK:
        print(text, flush=True)


def warn(text: str) -> None:
    """Print to the error stream."""
    with _LOCK:
        print(text, file=sys.stderr, flush=True)


def heading(text: str) -> None:
    """Begin a step."""
    say(f"\n== {text}")


def clock(seconds: float) -> str:
    """Minutes and seconds, as in ``2:05``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell; the last one may be any length."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [header, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
