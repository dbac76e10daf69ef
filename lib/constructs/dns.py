"""The zone that holds all public names of a deployment."""

from __future__ import annotations

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_route53_zone import DataAwsRoute53Zone
from cdktf_cdktf_provider_aws.route53_zone import Route53Zone
from constructs import Construct

from lib.constructs.context import RegionContext


class Zone(Construct):
    """The environment domain's own zone, or an existing public one that contains it."""

    def __init__(
        self, scope: Construct, id_: str, *, at: RegionContext, domain: str, existing_zone_id: str | None = None
    ) -> None:
        super().__init__(scope, id_)
        self.zone_id: str
        if existing_zone_id is None:
            zone = Route53Zone(
                self,
                "zone",
                name=domain,
                comment=f"Public names of {at.global_name('dns')}",
                # Certificate validation may leave records behind that Terraform did not make.
                force_destroy=True,
                tags={"Name": at.global_name("dns")},
                provider=at.provider,
            )
            self.zone_id = zone.zone_id
        else:
            self.zone_id = self._existing(at, domain, existing_zone_id)

    def _existing(self, at: RegionContext, domain: str, zone_id: str) -> str:
        """The zone with this id, once the plan has seen that it can hold ``domain``."""
        found = DataAwsRoute53Zone(
            self,
            "existing-zone",
            zone_id=zone_id,
            lifecycle=TerraformResourceLifecycle(
                postcondition=[
                    Postcondition(
                        condition=f'${{!self.private_zone && endswith(".{domain}", ".${{self.name}}")}}',
                        error_message=(
                            f"hosted_zone_id: {zone_id} is not a public zone that contains {domain}; "
                            "set TAP_HOSTED_ZONE_ID to the zone of TAP_DOMAIN, or leave it out to have one made."
                        ),
                    )
                ]
            ),
            provider=at.provider,
        )
        return str(found.zone_id)
