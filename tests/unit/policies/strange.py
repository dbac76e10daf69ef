"""JSON that nobody would write: for rules and readers that must not stumble over it."""

from __future__ import annotations

import copy
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

TEXTS: Final = (
    "", " ", "*", "**", "true", "30", "-1", "nan", "1e999", "x" * 5000, "🤷", "a\nb\r\tc", "\0", "\x1b[31m", "\ud800",
    "\u202eabc", "]]>", "</script>", "${", "${}", "$${", "%{", "${aws_x.y", "${aws_x.y.z}", '${"', "${a.b[", "}",
    "${each.value}", "${local.no}", "${data.terraform_remote_state.x.outputs.y}", "${jsonencode({)}", "${[for x in y]}",
    '${jsonencode({"Statement" = [{"Effect" = "Allow", "Action" = "*"}]})}', "arn:", "arn:aws:::", "arn:aws:iam::*:*",
    "::::::", "s3:*", ":", "*:*", "us-east-1", "us-west-2", "us-nowhere-9", "{", "[", "{}", "[]", "null", "[[[[",
    '{"Statement": 5}', '{"Statement": [null, 5, {"Action": {"a": []}, "Principal": [5], "Condition": [[]]}]}',
    '{"Statement": {"Effect": [], "Principal": {"AWS": {"x": 1}}, "Resource": 5, "Condition": {"a": {"b": {}}}}}',
    '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Next": "A"}}}', '{"States": [{"Next": {}}]}',
    "/aws/lambda/", "alias/", "0.0.0.0/0", "999.0.0.0/99", "::/0", "10.0.0.0/", "-", "--", "-dev", "2024-13-45",
)  # fmt: skip
"""Text that has a meaning somewhere, or half of one."""

_PLAIN: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    10**30,
    0.5,
    -1e308,
    [],
    {},
    [[]],
    [{}],
    [None],
    {"": None},
    {"//": 5},
)

texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=20))
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts
)  # fmt: skip
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
"""Any JSON."""


def pick(random: Random) -> Any:
    """A strange value."""
    kind = random.randrange(4)
    if kind == 0:
        return copy.deepcopy(random.choice(_PLAIN))
    if kind == 1:
        return [random.choice(TEXTS) for _ in range(random.randrange(3))]
    if kind == 2:
        return {random.choice(TEXTS): random.choice(TEXTS), "Statement": random.choice(TEXTS)}
    return random.choice(TEXTS)


def spoil(content: Any, random: Random, edits: int) -> None:
    """Change places in a JSON value, in place: other values, other types, other names, less, and more of the same."""
    places = [(holder, key) for holder in _holders(content) for key in _keys(holder)]
    for _ in range(min(edits, len(places))):
        holder, key = random.choice(places)
        if isinstance(holder, dict) and key not in holder:
            continue
        kind = random.randrange(6)
        if kind == 0 and isinstance(holder, dict):
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[random.choice(TEXTS)] = holder.pop(key)
        elif kind == 2:
            holder[key] = [holder[key], copy.deepcopy(holder[key])]
        elif kind == 3:
            holder[key] = {"inner": holder[key]}
        elif kind == 4 and isinstance(holder[key], str):
            holder[key] = random.choice(TEXTS) + holder[key][: random.randrange(len(holder[key]) + 1)]
        else:
            holder[key] = pick(random)


def _holders(content: Any) -> list[Any]:
    found, waiting = [], [content]
    while waiting:
        item = waiting.pop()
        if isinstance(item, (dict, list)):
            found.append(item)
            waiting += item.values() if isinstance(item, dict) else item
    return found


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))
