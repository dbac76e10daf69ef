"""Route 53: health checks, and the wait after each change."""

import re
from typing import Any

from embedded.server.patching import Answer, Service, around, gap

_CHANGE_INFO = re.compile(rb"<(\w+:)?ChangeInfo>.*?</(\w+:)?ChangeInfo>", re.DOTALL)
_NOT_SIGNED = (
    b'<GetDNSSECResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
    b"<Status><ServeSignature>NOT_SIGNING</ServeSignature></Status><KeySigningKeys/></GetDNSSECResponse>"
)


@gap("services.route53", "_parse_health_check_config", "_find")
def health_check_lists(route53: Service) -> None:
    """The children of a calculated check, and the regions that check from, are read as null."""

    @around(route53, "_parse_health_check_config")
    def parse(original: Any, element: Any) -> dict[str, Any]:
        config: dict[str, Any] = original(element)
        for name in ("ChildHealthChecks", "Regions"):
            listed = route53._find(element, name)
            if listed is not None:
                config[name] = [child.text for child in listed]
        return config


@gap("services.route53", "_parse_health_check_config")
def health_check_booleans(route53: Service) -> None:
    """Booleans are answered as ``True``, which XML Schema does not know and botocore reads as false."""

    @around(route53, "_parse_health_check_config")
    def parse(original: Any, element: Any) -> dict[str, Any]:
        config: dict[str, Any] = original(element)
        for name in ("MeasureLatency", "EnableSNI", "Inverted", "Disabled"):
            if name in config:
                config[name] = str(config[name]).lower()
        return config


@gap("services.route53", "handle_request")
def no_wait_after_changes(route53: Service) -> None:
    """Changes are in sync at once here, yet the provider waits 10 to 40 s before it asks for the first time.

    It asks only if an answer carries ChangeInfo. Without it the very same records are made, minutes earlier.
    """

    @around(route53, "handle_request")
    async def handle_request(
        original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        status, answer_headers, answer = await original(method, path, headers, body, query)
        if method in ("POST", "DELETE") and status < 300 and "/hostedzone" in path:
            answer = _CHANGE_INFO.sub(b"", answer if isinstance(answer, bytes) else answer.encode())
        return status, answer_headers, answer


@gap("services.route53", "handle_request")
def dnssec_status(route53: Service) -> None:
    """GetDNSSEC is unknown, and the provider asks it before it deletes a zone: no zone could be destroyed."""

    @around(route53, "handle_request")
    async def handle_request(
        original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        if method == "GET" and path.endswith("/dnssec"):
            return 200, {"Content-Type": "text/xml"}, _NOT_SIGNED
        answer: Answer = await original(method, path, headers, body, query)
        return answer
