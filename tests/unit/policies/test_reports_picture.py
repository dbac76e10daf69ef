"""The diagram says what the Terraform says: of ours, and of anyone's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from policies.model.deployment import Deployment
from policies.model.reading import read
from policies.reports import drawing
from policies.reports.picture import Leg, Link, Name, Picture, capability, picture

REGIONS = [{"region": "us-east-1"}, {"alias": "west", "region": "us-west-2"}, {"alias": "eu", "region": "eu-west-1"}]


def deployed(folder: Path, resources: dict[str, Any], providers: object = None) -> Deployment:
    """A deployment of one stack; resources are in us-east-1 unless they name a provider."""
    content = {"provider": {"aws": REGIONS} if providers is None else providers, "resource": resources}
    (folder / "main.tf.json").write_text(json.dumps(content), encoding="utf-8")
    return read(folder)


def links(shown: Picture) -> set[tuple[str, str, str, int, bool]]:
    return {(link.label, link.origin, link.target, link.count, link.mutual) for link in shown.links}


class TestOurs:
    def test_regions_are_side_by_side_with_their_roles(self, ours: Deployment) -> None:
        shown = picture(ours)
        assert [(region.name, region.role) for region in shown.regions] == [
            ("us-east-1", "primary"),
            ("us-west-2", "secondary"),
        ]

    def test_every_resource_is_counted_once(self, ours: Deployment) -> None:
        shown = picture(ours)
        assert sum(region.count for region in shown.regions) == len(ours.resources())
        assert not [group for region in shown.regions for group in region.groups if group.capability == "Other"]

    def test_what_links_the_regions(self, ours: Deployment) -> None:
        assert links(picture(ours)) == {
            ("global database", "us-east-1", "us-west-2", 1, False),
            ("global table", "us-east-1", "us-west-2", 1, True),
            ("secret replica", "us-east-1", "us-west-2", 4, False),
            ("key replica", "us-east-1", "us-west-2", 1, False),
            ("VPC peering", "us-east-1", "us-west-2", 1, True),
            ("bucket replication", "us-east-1", "us-west-2", 2, False),
            ("bucket replication", "us-west-2", "us-east-1", 2, False),
            ("backup copies", "us-east-1", "us-west-2", 1, False),
            ("backup copies", "us-west-2", "us-east-1", 1, False),
        }

    def test_the_failover_name_with_both_records(self, ours: Deployment) -> None:
        (name,) = picture(ours).names
        assert (name.name, name.policy) == ("global.dev.tap.example", "failover")
        assert name.legs == (
            Leg("us-east-1", "PRIMARY", "3 of 3 healthy: use1-live, use1-database, usw2-active"),
            Leg("us-west-2", "SECONDARY", "", standby=True),
        )

    def test_health_checks_are_shown_in_the_region_that_they_watch(self, ours: Deployment) -> None:
        east, west = picture(ours).regions
        assert {(probe.label, probe.rhythm) for probe in east.probes} == {
            ("HTTPS /health/live", "30 s × 3"),
            ("HTTPS /health/database", "30 s × 3"),
        }
        assert ("HTTPS /health/active, inverted", "30 s × 3") in {(p.label, p.rhythm) for p in west.probes}


class TestAnyones:
    def test_one_region(self, tmp_path: Path) -> None:
        shown = picture(deployed(tmp_path, {"aws_sqs_queue": {"a": {}, "b": {}}}))
        (region,) = shown.regions
        assert (region.name, region.role, region.count) == ("us-east-1", "", 2)
        assert (shown.links, shown.names) == ((), ())

    def test_a_region_that_nobody_states(self, tmp_path: Path) -> None:
        (region,) = picture(deployed(tmp_path, {"aws_sqs_queue": {"a": {}}}, {})).regions
        assert region.title == "region not stated"

    def test_nothing_at_all(self, tmp_path: Path) -> None:
        shown = picture(read(tmp_path))
        assert shown.regions == ()
        assert "Nothing is deployed." in drawing.wide(shown)

    def test_another_cloud_is_called_by_its_provider(self, tmp_path: Path) -> None:
        shown = picture(
            deployed(tmp_path, {"google_storage_bucket": {"a": {}}}, {"google": {"region": "europe-west1"}})
        )
        (region,) = shown.regions
        assert region.name == "europe-west1"
        assert [group.capability for group in region.groups] == ["google"]

    def test_a_region_with_nothing_but_a_replica(self, tmp_path: Path) -> None:
        shown = picture(deployed(tmp_path, {"aws_dynamodb_table": {"t": {"replica": [{"region_name": "us-west-2"}]}}}))
        assert [(region.name, region.count) for region in shown.regions] == [("us-east-1", 1), ("us-west-2", 0)]

    def test_a_replica_in_its_own_region_is_no_link(self, tmp_path: Path) -> None:
        shown = picture(deployed(tmp_path, {"aws_dynamodb_table": {"t": {"replica": [{"region_name": "us-east-1"}]}}}))
        assert shown.links == ()

    def test_buckets_vaults_and_images_that_are_copied(self, tmp_path: Path) -> None:
        resources = {
            "aws_s3_bucket": {"there": {"provider": "aws.west"}},
            "aws_s3_bucket_replication_configuration": {
                "r": {"rule": [{"destination": {"bucket": "${aws_s3_bucket.there.arn}"}}]}
            },
            "aws_backup_vault": {"there": {"provider": "aws.eu"}},
            "aws_backup_plan": {
                "p": {"rule": [{"copy_action": [{"destination_vault_arn": "${aws_backup_vault.there.arn}"}]}]}
            },
            "aws_ecr_replication_configuration": {
                "i": {"replication_configuration": {"rule": [{"destination": [{"region": "us-west-2"}]}]}}
            },
        }
        assert links(picture(deployed(tmp_path, resources))) == {
            ("bucket replication", "us-east-1", "us-west-2", 1, False),
            ("backup copies", "us-east-1", "eu-west-1", 1, False),
            ("image replication", "us-east-1", "us-west-2", 1, False),
        }

    def test_a_global_database_leads_from_the_writer_to_the_reader(self, tmp_path: Path) -> None:
        member = {"global_cluster_identifier": "all"}
        clusters = {
            "reader": {**member, "replication_source_identifier": "arn"},
            "writer": {**member, "provider": "aws.west"},
        }
        assert links(picture(deployed(tmp_path, {"aws_rds_cluster": clusters}))) == {
            ("global database", "us-west-2", "us-east-1", 1, False)
        }

    def test_weighted_records(self, tmp_path: Path) -> None:
        records = {
            name: {
                "name": "www.example.com",
                "type": "A",
                "weighted_routing_policy": {"weight": weight},
                "provider": provider,
            }
            for name, weight, provider in (("a", 100, "aws"), ("b", 0, "aws.west"))
        }
        (name,) = picture(deployed(tmp_path, {"aws_route53_record": records})).names
        assert name.policy == "weighted"
        assert [(leg.region, leg.when, leg.standby) for leg in name.legs] == [
            ("us-east-1", "weight 100", False),
            ("us-west-2", "weight 0", True),
        ]

    def test_a_health_check_that_is_not_there_is_said_to_be_missing(self, tmp_path: Path) -> None:
        record = {
            "name": "x",
            "type": "A",
            "failover_routing_policy": {"type": "PRIMARY"},
            "health_check_id": "abc",
        }
        (name,) = picture(deployed(tmp_path, {"aws_route53_record": {"r": record}})).names
        assert name.legs[0].health == "a health check that is not in this deployment"


@pytest.mark.parametrize(
    ("type_", "label"),
    [
        ("aws_vpc_endpoint", "Network"),
        ("aws_route", "Network"),
        ("aws_route53_record", "DNS and health"),
        ("aws_cloudwatch_metric_alarm", "Monitoring"),
        ("aws_cloudwatch_event_rule", "Workflow and messages"),
        ("aws_db_subnet_group", "Databases"),
        ("aws_lb_listener", "Ingress"),
        ("aws_never_heard_of", "Other"),
        ("azurerm_resource_group", "azurerm"),
        ("", ""),
    ],
)
def test_a_type_belongs_to_the_longest_beginning_that_fits(type_: str, label: str) -> None:
    assert capability(type_) == label


class TestDrawing:
    @pytest.fixture(params=["ours", "three", "none", "many"])
    def shown(self, request: pytest.FixtureRequest, tmp_path: Path) -> Picture:
        """Our picture; one of three regions with links that are not between neighbours; an empty one; a crowded one."""
        if request.param == "ours":
            return picture(request.getfixturevalue("ours"))
        if request.param == "none":
            return Picture((), (), ())
        queues = {name: {"provider": provider} for name, provider in (("a", "aws"), ("b", "aws.west"), ("c", "aws.eu"))}
        regions = picture(deployed(tmp_path, {"aws_sqs_queue": queues})).regions
        far = Link("bucket replication", "Storage and backup", regions[0].name, regions[2].name)
        near = Link("<b>link</b>", "Workflow and messages", regions[1].name, regions[0].name, 3)
        names = (Name("<i>" + "long." * 60, "failover", tuple(Leg(r.name, "PRIMARY", "<u>") for r in regions)),)
        return Picture(regions, (far, near) * 9, names * (9 if request.param == "many" else 1))

    def test_is_well_formed_and_within_its_frame(self, shown: Picture) -> None:
        for drawn in (drawing.wide(shown), drawing.narrow(shown)):
            root = ET.fromstring(drawn)  # noqa: S314  # it is our own
            left, top, width, height = (float(number) for number in root.attrib["viewBox"].split())
            for element in root.iter():
                tag = element.tag.rpartition("}")[2]
                if tag == "rect":
                    x, y = float(element.attrib["x"]), float(element.attrib["y"])
                    assert left <= x
                    assert x + float(element.attrib["width"]) <= left + width
                    assert top <= y
                    assert y + float(element.attrib["height"]) <= top + height
                if tag == "text":
                    assert left <= float(element.attrib["x"]) <= left + width
                    assert top <= float(element.attrib["y"]) <= top + height

    def test_names_become_no_markup(self, shown: Picture) -> None:
        for drawn in (drawing.wide(shown), drawing.narrow(shown)):
            tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(drawn).iter()}  # noqa: S314
            assert tags <= {"svg", "rect", "path", "polygon", "circle", "text", "title"}

    def test_every_link_is_drawn_also_between_regions_that_are_apart(self, shown: Picture) -> None:
        for drawn in (drawing.wide(shown), drawing.narrow(shown)):
            words = " ".join(text for text in ET.fromstring(drawn).itertext())  # noqa: S314
            for link in shown.links:
                assert link.label in words


def test_words_that_do_not_fit_are_shortened() -> None:
    assert drawing.fitted("short", 12, 200) == "short"
    assert drawing.fitted("far too long for this", 12, 60).endswith("…")
    assert drawing.measured(drawing.fitted("w" * 500, 12, 90), 12) <= 90
    assert drawing.fitted("anything", 12, 0) == "…"
