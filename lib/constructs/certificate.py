"""Certificates of the public names, validated by DNS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.acm_certificate import AcmCertificate
from cdktf_cdktf_provider_aws.acm_certificate_validation import AcmCertificateValidation
from cdktf_cdktf_provider_aws.route53_record import Route53Record
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.context import RegionContext

VALIDATION_TTL_SECONDS = 60

CERTIFICATE_EXPIRY_DAYS: Final = 30
"""ACM renews 60 days ahead; half of that gone without success needs a person.

https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""


@dataclass(frozen=True)
class CertifiedName:
    """A host name and the certificate of this region that covers it."""

    host: str
    certificate_arn: str


class Certificate(Construct):
    """A certificate for one name in one region."""

    def __init__(self, scope: Construct, id_: str, *, at: RegionContext, resource: str, domain_name: str) -> None:
        super().__init__(scope, id_)
        self._at = at
        self._certificate = AcmCertificate(
            self,
            "certificate",
            domain_name=domain_name,
            validation_method="DNS",
            tags=at.tags(resource),
            # A custom domain refuses to let go of its certificate before it has another one.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            provider=at.provider,
        )

    def validation_record(self, *, at: RegionContext, zone_id: str) -> Route53Record:
        """The record that proves ownership of the name, made through ``at`` (Route 53 is global)."""
        option = self._certificate.domain_validation_options.get(0)
        return Route53Record(
            self,
            "validation-record",
            zone_id=zone_id,
            name=option.resource_record_name,
            type=option.resource_record_type,
            records=[option.resource_record_value],
            ttl=VALIDATION_TTL_SECONDS,
            provider=at.provider,
        )

    def validated_by(self, record: Route53Record) -> str:
        """The certificate's ARN, once it was issued."""
        validation = AcmCertificateValidation(
            self,
            "validation",
            certificate_arn=self._certificate.arn,
            validation_record_fqdns=[record.fqdn],
            provider=self._at.provider,
        )
        return str(validation.certificate_arn)


class Certificates(Construct):
    """Two certificates per region: for the name that fails over, shared by both, and for the region's own name.

    ``failover_arns`` and ``regional_arns`` hold their ARNs by region name; whoever uses one waits until it is issued.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        regions: Sequence[RegionContext],
        failover_name: str,
        regional_names: Mapping[str, str],
        zone_id: str,
    ) -> None:
        super().__init__(scope, id_)
        home = regions[0]
        shared = {
            at.region.name: Certificate(
                self, f"failover-{at.region.suffix}", at=at, resource="failover-certificate", domain_name=failover_name
            )
            for at in regions
        }
        # AWS derives the record from account and name, so that it is one and the same for both regions.
        shared_record = shared[home.region.name].validation_record(at=home, zone_id=zone_id)
        self.failover_arns: dict[str, str] = {
            region: certificate.validated_by(shared_record) for region, certificate in shared.items()
        }
        self.regional_arns: dict[str, str] = {}
        for at in regions:
            own = Certificate(
                self,
                f"regional-{at.region.suffix}",
                at=at,
                resource="regional-certificate",
                domain_name=regional_names[at.region.name],
            )
            self.regional_arns[at.region.name] = own.validated_by(own.validation_record(at=home, zone_id=zone_id))


def watch_expiry(scope: Construct, names: Sequence[CertifiedName], *, alerts: AlertTopic) -> None:
    """Alarm when the certificate of the shared name, or of the regional one, is about to expire."""
    for which, name in zip(("failover", "regional"), names, strict=True):
        alerts.watch(
            scope,
            f"certificate-{which}",
            Metric(
                "AWS/CertificateManager",
                "DaysToExpiry",
                "Minimum",
                {"CertificateArn": name.certificate_arn},
                period=86_400,
            ),
            threshold=CERTIFICATE_EXPIRY_DAYS,
            comparison="LessThanThreshold",
            # ACM falls silent once a certificate has expired, which must not end the alarm.
            missing="missing",
            description=f"The certificate of {name.host} expires in less than {CERTIFICATE_EXPIRY_DAYS} days",
        )
