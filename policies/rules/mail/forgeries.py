"""Receivers are told to refuse mail in the domain's name that is not signed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import edit, put, remove
from policies.rule import Severity, kind, rule
from policies.rules.mail._identities import IDENTITY, RECORD, is_domain, signed

PREFIX: Final = "_dmarc."
REFUSALS: Final = frozenset({"quarantine", "reject"})
"""https://www.rfc-editor.org/rfc/rfc7489#section-6.3"""


def _guarded(record: Resource) -> list[Resource]:
    name = record.literal("name") or ""
    domains = [it for it in record.deployment.resources(IDENTITY) if is_domain(it)]
    return [it for it in domains if name == f"{PREFIX}{it.literal('email_identity')}"]


def _elsewhere(body: dict[str, Any], record: Resource) -> bool:
    body["name"] = f"{PREFIX}another.example"
    return bool(_guarded(record))


@rule(
    id="TAP_MAIL_FORGERIES_REFUSED",
    title="A DMARC record of the domain has receivers refuse mail that is not signed in its name",
    risk="Anybody writes to customers in the platform's name, with a payment that never was and a link to click.",
    remediation='Publish a TXT record "v=DMARC1; p=reject" at ``_dmarc`` of each domain that mail is sent from.',
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:5.4.1", "NIST-800-53:SI-8", "NIST-800-53:SC-23", "WA-REL:REL13-BP04"],
    judges=kind(IDENTITY, where=is_domain),
    passes=[
        signed(),
        signed(dmarc={"records": ["v=DMARC1;p=quarantine"]}),
        signed(dmarc={"name": "_DMARC.dev.tap.example."}),
    ],
    fails=[
        {IDENTITY: signed()[IDENTITY]},
        signed(dmarc={"records": ["v=DMARC1; p=none"]}),
        signed(dmarc={"records": ["v=DMARC1; sp=reject"]}),
        signed(dmarc={"records": ["p=reject; v=DMARC1"]}),
        signed(dmarc={"records": ["v=DMARC1; p=reject; pct=0"]}),
        signed(dmarc={"records": ["${var.policy}"]}),
        signed(dmarc={"name": "_dmarc.tap.example"}),
        signed(dmarc={"type": "CNAME"}),
        signed(identity={"email_identity": "${var.domain}"}),
    ],
    mutations=[
        remove("without the record", RECORD, seen_on=_guarded),
        put("records", ["v=DMARC1; p=none"], RECORD, where=lambda record: bool(_guarded(record)), seen_on=_guarded),
        put("type", "CNAME", RECORD, where=lambda record: bool(_guarded(record)), seen_on=_guarded),
        edit("of another domain", _elsewhere, RECORD, seen_on=_guarded),
    ],
)
def mail_forgeries_refused(identity: Resource) -> Iterator[str]:
    """The record must be the domain's own: what its parents say is for others to change."""
    domain = identity.literal("email_identity")
    if domain is None:
        yield f"email_identity is {identity.get('email_identity')}, which only Terraform knows"
        return
    name = f"{PREFIX}{domain}".lower()
    records = [it for it in identity.deployment.resources(RECORD) if _is_called(it, name) and it.text("type") == "TXT"]
    policies = [text for record in records for text in record.texts("records")]
    if not any(_refuses(text) for text in policies):
        yield f"no TXT record {name} has receivers refuse: {'; '.join(policies) or 'there is none'}"


def _is_called(record: Resource, name: str) -> bool:
    return (record.literal("name") or "").lower().rstrip(".") == name


def _refuses(text: str) -> bool:
    """Whether a policy refuses all of what is not signed; its version must be said first."""
    tags = [(name.strip(), value.strip()) for name, _, value in (tag.partition("=") for tag in text.split(";"))]
    said = dict(tags)
    return tags[0] == ("v", "DMARC1") and said.get("p") in REFUSALS and said.get("pct", "100") == "100"
