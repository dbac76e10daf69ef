"""Mail is signed with keys that the domain publishes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.mail._identities import IDENTITY, RECORD, is_domain, keys_of, signed

KEYS: Final = 3
"""https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html"""

LENGTH: Final = "RSA_2048_BIT"


def _published_by(record: Resource) -> list[Resource]:
    return [identity for identity in record.deployment.resources(IDENTITY) if record in keys_of(identity)]


def _as_the_first(body: dict[str, Any], record: Resource) -> bool:
    """The same key as another record publishes."""
    others = [each for identity in _published_by(record) for each in keys_of(identity) if each is not record]
    if others:
        body["name"] = others[0].get("name")
    return bool(others)


@rule(
    id="TAP_MAIL_SIGNED",
    title="Mail is signed with keys of 2,048 bits that each region's identity has published",
    risk="Receivers put mail that nobody vouches for aside, or refuse it; after a failover all of it, if the other "
    "region's keys are not published before.",
    remediation=f"Set next_signing_key_length = {LENGTH}, and publish each of the identity's {KEYS} tokens as a CNAME "
    "record under ``_domainkey`` of the domain.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:5.4.1", "NIST-800-53:SI-8", "NIST-800-53:SC-8(1)", "WA-REL:REL13-BP04"],
    judges=kind(IDENTITY, where=is_domain),
    passes=[
        signed(),
        {
            IDENTITY: {"person": {"email_identity": "me@tap.example"}, **signed()[IDENTITY]},
            RECORD: signed()[RECORD],
        },
    ],
    fails=[
        {IDENTITY: signed()[IDENTITY]},
        signed(identity={"dkim_signing_attributes": {"next_signing_key_length": "RSA_1024_BIT"}}),
        signed(identity={"dkim_signing_attributes": {}}),
        signed(identity={"dkim_signing_attributes": {"domain_signing_private_key": "secret"}}),
        signed(key_1={"type": "TXT"}),
        signed(key_2={"name": signed()[RECORD]["key-1"]["name"]}),
        signed(key_0={"records": ["somebody.else.example"]}),
    ],
    mutations=[
        put("dkim_signing_attributes.next_signing_key_length", "RSA_1024_BIT"),
        drop("dkim_signing_attributes"),
        remove("a key is not published", RECORD, seen_on=_published_by),
        put("type", "TXT", RECORD, seen_on=_published_by),
        put("records", ["dkim.example"], RECORD, seen_on=_published_by),
        edit("a key is published twice, another one not", _as_the_first, RECORD, seen_on=_published_by),
    ],
)
def mail_signed(identity: Resource) -> Iterator[str]:
    """SES signs with any of the keys, and each region has its own. A key of one's own would be in Terraform's state."""
    signing = identity.block("dkim_signing_attributes")
    if signing.text("next_signing_key_length") != LENGTH:
        yield f"next_signing_key_length is {signing.get('next_signing_key_length')}, not {LENGTH}"
    published = {
        record.text("name")
        for record in keys_of(identity)
        if record.text("type") == "CNAME" and identity in record.targets("records")
    }
    if len(published) != KEYS:
        yield f"{len(published)} of its {KEYS} keys are published as CNAME records"
