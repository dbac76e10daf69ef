"""Services as principals."""

from __future__ import annotations

import re

from policies.rules.iam._wildcards import GAP, masked

_NAME = re.compile(rf"[a-z0-9{GAP}][a-z0-9{GAP}.-]*\.(amazonaws\.com(\.cn)?|{GAP})")


def is_service(name: str) -> bool:
    """Whether a principal is one named service, such as ``lambda.amazonaws.com``."""
    return _NAME.fullmatch(masked(name)) is not None
