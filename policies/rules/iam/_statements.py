"""What the rules on policy documents share: what they judge, how they speak of a statement, how to spoil one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from policies.model.deployment import Resource
from policies.model.iam import Document, Kind, Statement, documents
from policies.mutation import Mutation, Witnesses, edit
from policies.rule import ANY
from policies.rule import Kind as Judged
from policies.rule import kind as resources_where

Spoil = Callable[[dict[str, Any]], object]
"""Changes a statement in place; a result of False means that it does not apply to this one."""


@lru_cache(maxsize=16)
def readable(*kinds: Kind) -> Judged:
    """The resources with a document (of some kinds) of which something can be read.

    What cannot be read is TAP_IAM_DOCUMENT_READABLE's: no other rule passes it.
    """

    def is_readable(resource: Resource) -> bool:
        found = documents(resource)
        # Most resources hold none, and each rule asks all of them.
        return bool(found) and any(it.statements and (not kinds or it.kind in kinds) for it in found)

    return resources_where(ANY, where=is_readable)


def allowing(resource: Resource, *kinds: Kind) -> Iterator[tuple[Document, Statement, str]]:
    """Each statement that allows something, with its document and the words to begin a sentence about it."""
    for document in documents(resource):
        if not kinds or document.kind in kinds:
            for statement in document.allowing:
                yield document, statement, f"{document.attribute}, {statement.label}:"


def spoiled(
    title: str,
    spoil: Spoil,
    *types: str,
    where: Callable[[Resource], bool] | None = None,
    seen_on: Witnesses | None = None,
) -> Mutation:
    """An edit of the first statement, in a document written as JSON, to which it applies."""

    def change(body: dict[str, Any], _: Resource) -> bool:
        return any(_rewritten(body, attribute, spoil) for attribute in ("policy", "assume_role_policy"))

    return edit(title, change, *types, where=where, seen_on=seen_on)


def _rewritten(body: dict[str, Any], attribute: str, spoil: Spoil) -> bool:
    try:
        document = json.loads(body.get(attribute) or "")
    except (TypeError, ValueError):
        return False
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow" and spoil(statement) is not False:
            body[attribute] = json.dumps(document)
            return True
    return False


def policy(*statements: dict[str, Any]) -> str:
    """A document for an example; each statement allows unless it says otherwise."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **it} for it in statements]})


def role_policy(*statements: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """An example: a role's policy."""
    return {"aws_iam_role_policy": {"it": {"role": "${aws_iam_role.it.id}", "policy": policy(*statements)}}}
