"""What Terraform replaces, it can replace: no two things of one name at the same time."""

from __future__ import annotations

import json
import re

from tests.unit.app import Deployment, Resource

# AWS gives these an id of its own, so an old one and a new one can live side by side.
_NAMED_BY_AWS = {"aws_acm_certificate", "aws_api_gateway_deployment", "aws_api_gateway_rest_api"}


def _depends_on(resource: Resource, candidates: list[Resource]) -> list[Resource]:
    text = json.dumps({key: value for key, value in resource.body.items() if key != "//"})
    return [other for other in candidates if re.search(rf"\b{re.escape(other.address)}\b", text)]


def test_what_is_made_before_its_predecessor_goes_needs_nothing_with_a_fixed_name(deployment: Deployment) -> None:
    """Terraform extends ``create_before_destroy`` to all that a resource depends on.

    A function, role or cluster caught by it could never be replaced: its successor's name would be taken.
    """
    for stack in deployment.stacks:
        resources = [resource for resource in deployment.resources() if resource.stack == stack]
        reached = [r for r in resources if (r.body.get("lifecycle") or {}).get("create_before_destroy")]
        for resource in reached:
            reached += [other for other in _depends_on(resource, resources) if other not in reached]
        assert {r.type for r in reached} <= _NAMED_BY_AWS, sorted(map(str, reached))
