"""Domains that mail is sent from, the records that vouch for them, and examples of both."""

from __future__ import annotations

from typing import Any, Final

from policies.model.deployment import Resource

IDENTITY: Final = "aws_sesv2_email_identity"
RECORD: Final = "aws_route53_record"
SUBDOMAIN: Final = "_domainkey"


def is_domain(identity: Resource) -> bool:
    """Whether an identity is a domain, which has records, and not a single address."""
    return "@" not in (identity.text("email_identity") or "")


def keys_of(identity: Resource) -> list[Resource]:
    """The records that publish the keys of an identity."""
    return [record for record in identity.users(RECORD) if SUBDOMAIN in (record.text("name") or "")]


def signed(**changes: Any) -> dict[str, dict[str, Any]]:
    """A domain with its records; keywords change some of them (``identity``, ``key``, ``dmarc``)."""
    bodies: dict[str, dict[str, Any]] = {
        "identity": {
            "email_identity": "dev.tap.example",
            "dkim_signing_attributes": {"next_signing_key_length": "RSA_2048_BIT"},
        },
        "dmarc": {"name": "_dmarc.dev.tap.example", "type": "TXT", "records": ["v=DMARC1; p=reject; adkim=s"]},
    }
    keys = {}
    for number in range(3):
        token = f"${{{IDENTITY}.sender.dkim_signing_attributes[0].tokens[{number}]}}"
        keys[f"key-{number}"] = {
            "name": f"{token}.{SUBDOMAIN}.dev.tap.example",
            "type": "CNAME",
            "records": [f"{token}.dkim.amazonses.com"],
            **changes.pop(f"key_{number}", {}),
        }
    for name, change in changes.items():
        bodies[name].update(change)
    return {IDENTITY: {"sender": bodies["identity"]}, RECORD: {**keys, "dmarc": bodies["dmarc"]}}
