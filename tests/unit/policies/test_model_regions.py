"""What region names tell."""

from __future__ import annotations

import pytest

from policies.model.regions import is_region, named_in, short, zones_in


@pytest.mark.parametrize(
    ("region", "zone_prefix"),
    [
        ("us-east-1", "use1"),
        ("us-west-2", "usw2"),
        ("eu-central-1", "euc1"),
        ("ap-southeast-2", "apse2"),
        ("ap-northeast-3", "apne3"),
        ("ca-west-1", "caw1"),
        ("us-gov-west-1", "usgw1"),
    ],
)
def test_the_short_form_is_the_one_of_aws_own_zone_ids(region: str, zone_prefix: str) -> None:
    assert short(region) == zone_prefix


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("arn:aws:sns:eu-west-1:000000000000:alerts", {"eu-west-1"}),
        ("com.amazonaws.us-west-2.dynamodb", {"us-west-2"}),
        ("us-east-1a", {"us-east-1"}),
        ("from us-east-1 to us-gov-west-1", {"us-east-1", "us-gov-west-1"}),
        ("bus-east-1", set()),
        ("us-east-10b-copy", {"us-east-10"}),
        ("us-nowhere-1", set()),
        ("", set()),
    ],
)
def test_a_region_is_found_wherever_a_text_names_it(text: str, regions: set[str]) -> None:
    assert named_in(text) == regions


def test_a_zone_id_names_its_region() -> None:
    assert zones_in("use1-az4, usw2-az1 and az2") == {"use1", "usw2"}


@pytest.mark.parametrize(("text", "so"), [("us-east-1", True), ("us-east-1a", False), ("${var.region}", False)])
def test_only_a_whole_name_is_a_region(text: str, so: bool) -> None:
    assert is_region(text) is so
    assert not is_region(None)
