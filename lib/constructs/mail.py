"""Mail from the environment's own domain: an identity in each region, signed (DKIM), and forgeries refused (DMARC)."""

from __future__ import annotations

from typing import Final

from cdktf import Fn, Token
from cdktf_cdktf_provider_aws.route53_record import Route53Record
from cdktf_cdktf_provider_aws.sesv2_email_identity import (
    Sesv2EmailIdentity,
    Sesv2EmailIdentityDkimSigningAttributes,
)
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.policy import Grantee

DKIM_TOKENS: Final = 3
"""How many keys SES publishes, each region its own.

https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
"""

TTL_SECONDS: Final = 3_600


class SenderIdentity(Construct):
    """The domain as SES of one region knows it, with the records that prove it."""

    def __init__(self, scope: Construct, id_: str, *, at: RegionContext, domain: str, zone_id: str) -> None:
        super().__init__(scope, id_)
        self._arn = at.arn("ses", f"identity/{domain}")
        self.sender = f"payments@{domain}"
        identity = Sesv2EmailIdentity(
            self,
            "identity",
            provider=at.provider,
            email_identity=domain,
            dkim_signing_attributes=Sesv2EmailIdentityDkimSigningAttributes(next_signing_key_length="RSA_2048_BIT"),
            tags=at.tags("sender"),
        )
        for number in range(DKIM_TOKENS):
            token = Token.as_string(Fn.element(identity.dkim_signing_attributes.tokens, number))
            Route53Record(
                self,
                f"dkim-{number + 1}",
                provider=at.provider,
                zone_id=zone_id,
                name=f"{token}._domainkey.{domain}",
                type="CNAME",
                ttl=TTL_SECONDS,
                records=[f"{token}.dkim.amazonses.com"],
            )

    def grant_send(self, grantee: Grantee) -> None:
        """Let ``grantee`` send as ``sender``."""
        grantee.allow("ses:SendEmail", on=self._arn, when={"StringEquals": {"ses:FromAddress": self.sender}})


class ForgeriesRefused(Construct):
    """A DMARC record: who gets mail of this domain that SES has not signed refuses it."""

    def __init__(self, scope: Construct, id_: str, *, at: RegionContext, domain: str, zone_id: str) -> None:
        super().__init__(scope, id_)
        Route53Record(
            self,
            "record",
            provider=at.provider,
            zone_id=zone_id,
            name=f"_dmarc.{domain}",
            type="TXT",
            ttl=TTL_SECONDS,
            records=["v=DMARC1; p=reject; adkim=s"],
        )
