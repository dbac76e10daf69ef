"""How names are answered: failover and weighted records, with checks, targets, and their corner cases."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from embedded.server.dns import ALIAS_TTL, NoAnswerError, Resolver

NAME = "global.pay.example."
EAST_TARGET = "d-east.execute-api.us-east-1.amazonaws.com"
WEST_TARGET = "d-west.execute-api.us-west-2.amazonaws.com"


def record(target: str = EAST_TARGET, *, name: str = NAME, judged: bool = False, **more: Any) -> dict[str, Any]:
    """An alias record."""
    alias = {"DNSName": f"{target}.", "HostedZoneId": "Z1", "EvaluateTargetHealth": judged}
    return {"Name": name, "Type": "A", "AliasTarget": alias, **more}


def failover(primary: str | None = "p", secondary: str | None = None, *, judged: bool = False) -> list[dict[str, Any]]:
    """The pair of records, each with the check of this name, if any."""
    checks = [{"HealthCheckId": check} if check else {} for check in (primary, secondary)]
    return [
        record(EAST_TARGET, judged=judged, Failover="PRIMARY", SetIdentifier="east", **checks[0]),
        record(WEST_TARGET, judged=judged, Failover="SECONDARY", SetIdentifier="west", **checks[1]),
    ]


def weighted(*weights: int, checks: Sequence[str] = ("p", "s")) -> list[dict[str, Any]]:
    targets = (EAST_TARGET, WEST_TARGET)
    return [
        record(target, Weight=weight, SetIdentifier=target, HealthCheckId=check)
        for target, weight, check in zip(targets, weights, checks, strict=True)
    ]


def region(
    records: Sequence[Mapping[str, Any]], *, down: Sequence[str] = (), targets_down: Sequence[str] = (), pick: int = 0
) -> str | None:
    """Where the name leads while these checks and targets are not healthy."""
    resolver = Resolver(
        zones={"pay.example.": records},
        healthy=lambda check: check not in down,
        target_healthy=lambda target: target not in targets_down,
        choose=lambda weights: min(pick, len(weights) - 1),
    )
    return resolver.resolve("global.pay.example").region


class TestAFailoverName:
    def test_leads_to_the_primary_while_that_is_healthy(self) -> None:
        assert region(failover("p", "s")) == "us-east-1"
        assert region(failover("p", "s"), down=["s"]) == "us-east-1"

    def test_leads_to_a_healthy_secondary_once_the_primary_is_not(self) -> None:
        assert region(failover("p", "s"), down=["p"]) == "us-west-2"

    def test_leads_to_the_primary_again_if_neither_is_healthy(self) -> None:
        """So a check on the secondary can only do harm: it brings the dead primary back."""
        assert region(failover("p", "s"), down=["p", "s"]) == "us-east-1"

    def test_leads_to_a_secondary_without_a_check_whenever_the_primary_is_down(self) -> None:
        assert region(failover("p", None), down=["p"]) == "us-west-2"

    def test_stays_with_a_primary_that_has_no_check(self) -> None:
        assert region(failover(None, None), down=["p"]) == "us-east-1"

    def test_takes_the_targets_health_into_account_where_it_is_asked_to(self) -> None:
        assert region(failover(None, None, judged=True), targets_down=[EAST_TARGET]) == "us-west-2"
        assert region(failover(None, None, judged=True), targets_down=[EAST_TARGET, WEST_TARGET]) == "us-east-1"
        assert region(failover("p", None, judged=False), targets_down=[EAST_TARGET]) == "us-east-1"

    def test_needs_both_the_check_and_the_target_to_be_healthy(self) -> None:
        assert region(failover("p", None, judged=True), down=["p"]) == "us-west-2"
        assert region(failover("p", None, judged=True), targets_down=[EAST_TARGET]) == "us-west-2"


class TestAWeightedName:
    def test_leads_to_its_healthy_records_by_weight(self) -> None:
        assert region(weighted(100, 50), pick=1) == "us-west-2"
        assert region(weighted(100, 50), down=["s"], pick=1) == "us-east-1"

    def test_leads_to_weight_zero_only_if_no_other_is_healthy(self) -> None:
        assert region(weighted(100, 0), pick=1) == "us-east-1"
        assert region(weighted(100, 0), down=["p"]) == "us-west-2"

    def test_takes_all_for_healthy_if_none_is(self) -> None:
        assert region(weighted(100, 0), down=["p", "s"], pick=1) == "us-east-1"
        assert region(weighted(1, 1), down=["p", "s"], pick=1) == "us-west-2"

    def test_gives_each_the_same_chance_if_all_weights_are_zero(self) -> None:
        asked: list[Sequence[int]] = []

        def choose(weights: Sequence[int]) -> int:
            asked.append(weights)
            return 0

        Resolver({"pay.example.": weighted(0, 0)}, lambda _: True, lambda _: True, choose).resolve(NAME)
        assert asked == [[1, 1]]


class TestAnAnswer:
    def resolve(self, *records: Mapping[str, Any], name: str = "global.pay.example", kind: str = "A") -> Any:
        zones: dict[str, list[Mapping[str, Any]]] = {"pay.example.": [*records], "example.": [record(WEST_TARGET)]}
        return Resolver(zones, lambda _: False, lambda _: True, lambda _: 0).resolve(name, kind)

    def test_of_an_alias_to_a_resource_may_be_kept_for_a_minute(self) -> None:
        assert (self.resolve(record()).ttl, ALIAS_TTL) == (60, 60)

    def test_of_an_alias_to_another_record_may_be_kept_as_long_as_that_one(self) -> None:
        plain = {"Name": "own.pay.example.", "Type": "A", "TTL": "7", "ResourceRecords": ["192.0.2.1"]}
        answer = self.resolve(record("own.pay.example"), plain)
        assert (answer.ttl, answer.targets) == (7, ("192.0.2.1",))

    def test_of_a_name_that_is_an_alias_of_a_failover_name_follows_it(self) -> None:
        pair = [{**each, "Name": "pair.pay.example."} for each in failover("p", None)]
        assert self.resolve(record("pair.pay.example"), *pair).region == "us-west-2"  # no check is healthy here

    def test_judges_an_alias_of_our_own_records_by_them(self) -> None:
        dead = record(name="dead.pay.example.", HealthCheckId="p", SetIdentifier="1", Weight=1)
        primary = record("dead.pay.example", judged=True, Failover="PRIMARY", SetIdentifier="east")
        secondary = record(WEST_TARGET, Failover="SECONDARY", SetIdentifier="west")
        assert self.resolve(primary, secondary, dead).region == "us-west-2"

    def test_of_a_cname_follows_it_with_the_shorter_time(self) -> None:
        cname = {"Name": "www.pay.example.", "Type": "CNAME", "TTL": "300", "ResourceRecords": [NAME]}
        answer = self.resolve(cname, record(), name="www.pay.example")
        assert (answer.ttl, answer.region) == (60, "us-east-1")

    def test_of_a_single_record_does_not_depend_on_its_check(self) -> None:
        assert self.resolve(record(HealthCheckId="p")).region == "us-east-1"

    def test_comes_from_the_closest_zone_and_whatever_the_case_of_the_name(self) -> None:
        assert self.resolve(record(), name="Global.Pay.Example.").region == "us-east-1"

    @pytest.mark.parametrize("name", ["nobody.pay.example", "pay.test", "xpay.example"])
    def test_is_refused_for_a_name_without_record(self, name: str) -> None:
        with pytest.raises(NoAnswerError, match=f"no A record for {name}"):
            self.resolve(record(), name=name)

    def test_is_refused_for_policies_that_are_not_modelled(self) -> None:
        with pytest.raises(NoAnswerError, match="routing by Region is not modelled"):
            self.resolve(record(Region="us-east-1", SetIdentifier="east"))

    def test_is_refused_if_records_lead_in_a_circle(self) -> None:
        with pytest.raises(NoAnswerError, match="circle"):
            self.resolve(record("global.pay.example"))


def test_weights_are_chances() -> None:
    chance = random.Random(1)  # noqa: S311 - the same picks in every run
    resolver = Resolver(
        zones={"pay.example.": weighted(90, 10)},
        healthy=lambda _: True,
        target_healthy=lambda _: True,
        choose=lambda weights: chance.choices(range(len(weights)), weights)[0],
    )
    seen = Counter(resolver.resolve(NAME).region for _ in range(1000))
    assert 850 < seen["us-east-1"] < 950
