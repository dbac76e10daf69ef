"""The way in: no TLS on loopback."""

from typing import Any

from embedded.server.patching import Service, around, gap


@gap("app", "pin_request_origin")
def loopback_counts_as_tls(app: Service) -> None:
    """Calls come over plain HTTP, so that a policy that asks for TLS denies them all; AWS's endpoints have TLS."""

    @around(app, "pin_request_origin")
    def pin(original: Any, source_ip: str, _secure_transport: bool) -> None:
        original(source_ip, True)
