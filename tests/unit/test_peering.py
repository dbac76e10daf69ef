"""The link between the regions' networks, read from its synthesized Terraform."""

from __future__ import annotations

import pytest

from lib.constructs.peering import Peering, PeeringSide
from lib.settings import load
from lib.topology import AddressPlan
from tests.unit.lab import Lab, Synthesized, synthesize

TABLES = {"use1": ["rtb-p1", "rtb-p2", "rtb-p3", "rtb-p4"], "usw2": ["rtb-s1", "rtb-s2", "rtb-s3", "rtb-s4"]}


def add_peering(lab: Lab) -> None:
    settings = load()
    Peering(
        lab,
        "peering",
        requester=PeeringSide(lab.primary, "vpc-p", AddressPlan(settings.primary_cidr), TABLES["use1"]),
        accepter=PeeringSide(lab.standby, "vpc-s", AddressPlan(settings.standby_cidr), TABLES["usw2"]),
    )


@pytest.fixture(scope="module")
def peering(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("peering"), add_peering)


def test_the_standby_region_accepts_what_the_primary_requests(peering: Synthesized) -> None:
    connection = peering.one("aws_vpc_peering_connection")
    accepter = peering.one("aws_vpc_peering_connection_accepter")
    assert (connection["vpc_id"], connection["peer_vpc_id"]) == ("vpc-p", "vpc-s")
    assert connection["peer_region"] == "us-west-2"
    assert (connection["provider"], accepter["provider"]) == ("aws.use1", "aws.usw2")
    assert (connection["auto_accept"], accepter["auto_accept"]) == (False, True)


def test_each_side_resolves_the_others_names_once_the_connection_is_active(peering: Synthesized) -> None:
    options = peering.all("aws_vpc_peering_connection_options")
    requester, accepter = options["peering/requester-options"], options["peering/accepter-options"]
    assert requester["requester"] == {"allow_remote_vpc_dns_resolution": True}
    assert accepter["accepter"] == {"allow_remote_vpc_dns_resolution": True}
    assert (requester["provider"], accepter["provider"]) == ("aws.use1", "aws.usw2")
    for side in options.values():
        assert side["vpc_peering_connection_id"].startswith("${aws_vpc_peering_connection_accepter.")


@pytest.mark.parametrize(("suffix", "other_network"), [("use1", "10.30.0.0/16"), ("usw2", "10.20.0.0/16")])
def test_every_route_table_leads_to_the_other_network(peering: Synthesized, suffix: str, other_network: str) -> None:
    routes = [route for route in peering.all("aws_route").values() if route["provider"] == f"aws.{suffix}"]
    assert [route["route_table_id"] for route in routes] == TABLES[suffix]
    assert {route["destination_cidr_block"] for route in routes} == {other_network}
    assert all(route["vpc_peering_connection_id"].startswith("${aws_vpc_peering") for route in routes)
