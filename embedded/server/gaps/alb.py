"""Load balancers: the names that lead to them, their certificates, the functions behind them."""

import importlib
import re
from collections.abc import Sequence
from typing import Any

from embedded.server import names
from embedded.server.gate import addressed
from embedded.server.patching import Service, around, gap


@gap("app", "_handle_alb_request", "core.responses:request_scope", "services.alb:_lbs", "services.route53:_records")
def load_balancers_by_name(app: Service) -> None:
    """A balancer answers to its own name alone, in us-east-1 alone, and on port 80; on AWS a name leads to it."""

    @around(app, "_handle_alb_request")
    async def handle(original: Any, host: str, *request: Any, **named: Any) -> Any:
        found = names.balancer(host, region=addressed.get())
        if found is None:
            return await original(host, *request, **named)
        responses = importlib.import_module("ministack.core.responses")
        port = host.partition(":")[2] or "443"
        with responses.request_scope(found.account, found.region):
            return await original(f"{found.dns_name}:{port}", *request, **named)


@gap("services.alb", "_invoke_lambda_target")
def queries_as_sent(alb: Service) -> None:
    """With multi-value headers a function gets decoded parameters; AWS hands them over as they were sent."""

    @around(alb, "_invoke_lambda_target")
    async def invoke(original: Any, *request: Any) -> Any:
        *rest, decoded, raw = request
        sent: dict[str, list[str]] = {}
        for part in (raw or "").split("&"):
            name, _, value = part.partition("=")
            if name:
                sent.setdefault(name, []).append(value)
        return await original(*rest, decoded if raw is None else sent, raw)


@gap("services.alb", "_tg_xml")
def groups_of_functions(alb: Service) -> None:
    """A group of functions is told with a protocol, a port and a network; on AWS it has none of them.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    """

    @around(alb, "_tg_xml")
    def shown(original: Any, group: dict[str, Any]) -> str:
        xml: str = original(group)
        of_functions = group.get("TargetType") == "lambda"
        return re.sub(r"<(Protocol|Port|VpcId)>[^<]*</\1>", "", xml) if of_functions else xml


@gap("services.alb", "_ACTION_MAP", "_p", "_xml", "_empty", "_listeners")
def listener_certificates(alb: Service) -> None:
    """A listener has the one certificate that it was made with; the calls about more are unknown."""
    more: dict[str, list[str]] = {}

    def add(params: dict[str, Any]) -> Any:
        arn = alb._p(params, "Certificates.member.1.CertificateArn")
        listed = more.setdefault(alb._p(params, "ListenerArn"), [])
        if arn not in listed:
            listed.append(arn)
        return alb._xml(200, "AddListenerCertificates", _certificates([(arn, False)]))

    def remove(params: dict[str, Any]) -> Any:
        arn = alb._p(params, "Certificates.member.1.CertificateArn")
        listed = more.get(alb._p(params, "ListenerArn"), [])
        if arn in listed:
            listed.remove(arn)
        return alb._empty("RemoveListenerCertificates")

    def describe(params: dict[str, Any]) -> Any:
        listener = alb._listeners.get(alb._p(params, "ListenerArn"), {})
        first = [(arn, True) for arn in listener.get("Certificates", [])]
        others = [(arn, False) for arn in more.get(alb._p(params, "ListenerArn"), [])]
        return alb._xml(200, "DescribeListenerCertificates", _certificates([*first, *others]))

    alb._ACTION_MAP.update(
        AddListenerCertificates=add, RemoveListenerCertificates=remove, DescribeListenerCertificates=describe
    )


def _certificates(certificates: Sequence[tuple[str, bool]]) -> str:
    members = "".join(
        f"<member><CertificateArn>{arn}</CertificateArn><IsDefault>{str(first).lower()}</IsDefault></member>"
        for arn, first in certificates
    )
    return f"<Certificates>{members}</Certificates>"
