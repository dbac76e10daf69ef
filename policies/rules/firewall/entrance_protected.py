"""Whatever takes requests of strangers stands behind a web ACL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import put, remove
from policies.rule import Severity, kind, rule
from policies.rules.firewall._acls import ACL, ASSOCIATION

_STAGE: Final = "aws_api_gateway_stage"
_BALANCERS: Final = ("aws_lb", "aws_alb")
_WEST: Final = {"provider": "aws.usw2"}


def _is_public(entrance: Resource) -> bool:
    """Whether it takes HTTP requests from outside of the network, as far as can be told."""
    if entrance.type in _BALANCERS:
        http = entrance.text("load_balancer_type") in (None, "application")
        return http and entrance.flag("internal") is not True
    api = entrance.target("rest_api_id")
    return api is None or api.block("endpoint_configuration").texts("types") != ("PRIVATE",)


def _before(association: Resource) -> list[Resource]:
    entrance = association.target("resource_arn")
    return [entrance] if entrance is not None and entrance.type in (_STAGE, *_BALANCERS) else []


def _behind(acl: Resource) -> list[Resource]:
    return [entrance for association in acl.users(ASSOCIATION) for entrance in _before(association)]


def _association(entrance: str, acl: str = f"${{{ACL}.wall.arn}}", **body: str) -> dict[str, str]:
    return {"resource_arn": f"${{{entrance}.arn}}", "web_acl_arn": acl, **body}


@rule(
    id="TAP_FIREWALL_ENTRANCE_PROTECTED",
    title="Every public stage and load balancer stands behind a web ACL of its region",
    risk="Known attacks and floods reach the functions and use up what payments need.",
    remediation=f"Associate it with an {ACL} of the same region by {ASSOCIATION}.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:6.4.2", "NIST-800-53:SC-7", "NIST-800-53:SC-5", "WA-REL:REL05-BP02"],
    judges=kind(_STAGE, *_BALANCERS, where=_is_public),
    passes=[
        {_STAGE: {"s": {}}, ACL: {"wall": {}}, ASSOCIATION: {"a": _association(f"{_STAGE}.s")}},
        {"aws_lb": {"b": {}}, ACL: {"wall": {}}, ASSOCIATION: {"a": _association("aws_lb.b")}},
    ],
    fails=[
        {_STAGE: {"s": {}}},
        {_STAGE: {"s": {}}, ASSOCIATION: {"a": _association(f"{_STAGE}.s", "${var.acl}")}},
        {_STAGE: {"s": {}}, ACL: {"wall": _WEST}, ASSOCIATION: {"a": _association(f"{_STAGE}.s")}},
        {"aws_lb": {"b": {"internal": "${var.internal}"}}, ACL: {"wall": {}}},
    ],
    mutations=[
        remove("without the association", ASSOCIATION, seen_on=_before),
        remove("without the web ACL", ACL, seen_on=_behind),
        put("web_acl_arn", "${var.acl}", ASSOCIATION, seen_on=_before),
        put("resource_arn", "arn:aws:apigateway:us-east-1::/restapis/another/stages/s", ASSOCIATION, seen_on=_before),
    ],
)
def firewall_entrance_protected(entrance: Resource) -> Iterator[str]:
    """The association must lead from it to a web ACL that is deployed in its region."""
    associations = [one for one in entrance.users(ASSOCIATION) if one.target("resource_arn") is entrance]
    walls = [wall for one in associations if (wall := one.target("web_acl_arn")) is not None and wall.type == ACL]
    if not walls:
        yield f"no {ASSOCIATION} puts a web ACL of this deployment before it"
    for wall in walls:
        if wall.region != entrance.region:
            yield f"its web ACL {wall.path} is in {wall.region}, not in {entrance.region}"
