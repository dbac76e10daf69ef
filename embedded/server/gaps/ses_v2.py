"""SES: identities of a domain, and who may send from them."""

import hashlib
import json
from email.utils import parseaddr
from typing import Any

from embedded.server.patching import Service, around, gap


@gap("services.ses_v2", "_easy_dkim_attributes", "get_region")
def keys_of_each_region(ses: Service) -> None:
    """A domain's DKIM keys have the same names in every region, and the length of the next key is not answered.

    Each region signs with keys of its own, which the domain publishes side by side:
    https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
    """

    @around(ses, "_easy_dkim_attributes")
    def attributes(original: Any, identity: str, kind: str, signing: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = original(identity, kind, signing)
        if not found["Tokens"]:
            return found
        region = ses.get_region()
        length = signing.get("NextSigningKeyLength", "RSA_2048_BIT")
        tokens = [hashlib.sha256(f"{region} {token}".encode()).hexdigest()[:32] for token in found["Tokens"]]
        return {**found, "Tokens": tokens, "NextSigningKeyLength": length, "CurrentSigningKeyLength": length}


@gap(
    "app",
    *("_enforce_ses_v2", "_enforce_data_plane", "extract_region"),
    *("services.ses_v2:_identities", "services.ses_v2:get_account_id"),
)
def sender_is_judged(app: Service) -> None:
    """Who sends mail is judged on everything, not on the identity that it sends from, and the sender is not told.

    The identity is that of the sender's address if it has one of its own, else of its domain:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
    """

    @around(app, "_enforce_ses_v2")
    def enforce(
        original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: Any, request_id: str
    ) -> Any:
        if (method, path.rstrip("/")) != ("POST", "/v2/email/outbound-emails"):
            return original(method, path, headers, body, query, request_id)
        sender = _sender(body)
        ses = app._get_module("ses_v2")
        domain = sender.rpartition("@")[2]
        above = [domain.split(".", number)[-1] for number in range(domain.count(".") + 1)]
        identity = next((name for name in (sender, *above) if name in ses._identities), domain)
        arn = f"arn:aws:ses:{app.extract_region(headers, query)}:{ses.get_account_id()}:identity/{identity}"
        return app._enforce_data_plane(
            "sesv2",
            "ses:SendEmail",
            headers,
            query,
            request_id,
            resource_arn=arn,
            service_context={"ses:fromaddress": sender},
            named_resource=arn,
        )


def _sender(body: bytes) -> str:
    """The address that a message is sent from."""
    try:
        return parseaddr(str(json.loads(body)["FromEmailAddress"]))[1]
    except (ValueError, KeyError, TypeError):
        return ""
