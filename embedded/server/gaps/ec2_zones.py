"""EC2, availability zones: those that exist."""

from typing import Any

from embedded.server.patching import Answer, Service, around, gap, text

# Letters of the zones of each region that a deployment may use; MiniStack knows a, b and c everywhere.
# https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
_MORE_ZONES = {"us-east-1": "def", "us-west-2": "d"}


@gap("services.ec2", "_zone_name_for_az_id", "_az_id_for_zone_name", "get_region")
def zones_by_id(ec2: Service) -> None:
    """A subnet asked for in use1-az4 is made in use1-az1."""

    @around(ec2, "_zone_name_for_az_id")
    def zone_name(original: Any, zone_id: str) -> str | None:
        region = ec2.get_region()
        more = (f"{region}{letter}" for letter in _MORE_ZONES.get(region, ""))
        found: str | None = original(zone_id)
        return found or next((name for name in more if ec2._az_id_for_zone_name(name) == zone_id), None)


@gap("services.ec2", "_ACTION_MAP[DescribeAvailabilityZones]", "_az_id_for_zone_name", "get_region")
def zones_described(ec2: Service) -> None:
    """DescribeAvailabilityZones lists three zones for every region."""

    @around(ec2, "_ACTION_MAP[DescribeAvailabilityZones]")
    def describe(original: Any, parameters: Any) -> Answer:
        status, headers, body = original(parameters)
        region = ec2.get_region()
        xml = text(body)
        first, last = f"{region}a", "</availabilityZoneInfo>"
        item = "<item>" + xml.split("<item>", 1)[1].split("</item>", 1)[0] + "</item>"
        for letter in _MORE_ZONES.get(region, ""):
            name = f"{region}{letter}"
            copied = item.replace(ec2._az_id_for_zone_name(first), ec2._az_id_for_zone_name(name)).replace(first, name)
            xml = xml.replace(last, copied + last)
        return status, headers, xml.encode()
