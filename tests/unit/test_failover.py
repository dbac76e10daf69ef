"""The failover workflow as synthesized: one in each region, which promotes its own and nothing of the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.budgets import sums
from policies.model.reading import read
from tests.unit.app import Deployment, synthesize

REGIONS = {"primary": "us-east-1", "secondary": "us-west-2"}


@pytest.fixture(params=sorted(REGIONS))
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def automatic(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """With the start by the alarm."""
    return synthesize(tmp_path_factory.mktemp("automatic"), automatic_failover="on")


@pytest.fixture
def definition(deployment: Deployment, stack: str) -> dict[str, Any]:
    """The state machine's definition."""
    (machine,) = deployment[stack].all("aws_sfn_state_machine").values()
    found: dict[str, Any] = json.loads(machine["definition"])
    return found


def following(state: dict[str, Any]) -> set[str]:
    ways = [state, *state.get("Choices", []), *state.get("Catch", []), {"Next": state.get("Default")}]
    return {way["Next"] for way in ways if way.get("Next")}


class TestTheDefinition:
    def test_every_state_can_be_reached_and_every_way_leads_to_a_state(self, definition: dict[str, Any]) -> None:
        states = definition["States"]
        seen, ahead = set[str](), {definition["StartAt"]}
        while ahead:
            seen |= ahead
            ahead = {name for state in ahead for name in following(states[state])} - seen
        assert seen == set(states)

    def test_a_failed_task_ends_in_the_state_of_its_name(self, definition: dict[str, Any]) -> None:
        states = definition["States"]
        for name, state in states.items():
            if state["Type"] == "Task" and name != "TellFailure":
                assert states[f"{name}Failed"]["Type"] == "Fail"
                assert state["Catch"][-1]["Assign"]["stopped"] == f"{name}Failed"

    @pytest.mark.parametrize(("after", "before"), [("Fence", "FailOver"), ("Activate", "Reconcile")])
    def test_a_state_is_acted_on_once_every_function_has_read_it(
        self, deployment: Deployment, stack: str, definition: dict[str, Any], after: str, before: str
    ) -> None:
        """What a function accepts with an old state it does not enqueue, and nobody else does for a minute."""
        (cached,) = (
            float(function["environment"]["variables"]["CONTROL_CACHE_SECONDS"])
            for function in deployment[stack].all("aws_lambda_function").values()
            if "CONTROL_CACHE_SECONDS" in function["environment"]["variables"]
        )
        waits, ahead = {after: 0.0}, [after]
        while ahead:
            name = ahead.pop()
            state = definition["States"][name]
            # An error may lead back to where nothing has been written yet.
            for next_ in {state.get("Next"), *(way["Next"] for way in state.get("Choices", []))} - {None}:
                waited = waits[name] + state.get("Seconds", 0)
                if next_ not in waits or waited < waits[next_]:
                    waits[next_] = waited
                    ahead.append(next_)
        assert waits[before] > cached

    def test_people_are_told_before_every_bad_end(self, definition: dict[str, Any]) -> None:
        states = definition["States"]
        ends = {name for name, state in states.items() if state["Type"] == "Fail"}
        assert {name for name, state in states.items() if following(state) & ends} == {"WhichEnd"}
        assert {name for name, state in states.items() if "WhichEnd" in following(state)} == {"TellFailure"}

    def test_every_wait_is_the_state_machines_and_no_functions(self, definition: dict[str, Any]) -> None:
        assert {s["Seconds"] for s in definition["States"].values() if s["Type"] == "Wait"} == {5, 6, 10, 15}

    def test_its_longest_path_fits_into_the_settlements_budget(self, definition: dict[str, Any]) -> None:
        assert definition["TimeoutSeconds"] == 480


class TestItsReach:
    def test_nothing_of_the_other_region_is_named(self, deployment: Deployment, stack: str) -> None:
        (machine,) = deployment[stack].all("aws_sfn_state_machine").values()
        other = next(region for name, region in REGIONS.items() if name != stack)
        assert other not in machine["definition"]

    def test_it_promotes_the_cluster_of_its_own_region(
        self, deployment: Deployment, definition: dict[str, Any], stack: str
    ) -> None:
        for step in ("FailOver", "SwitchOver"):
            cluster = deployment.target(stack, definition["States"][step]["Arguments"]["TargetDbClusterIdentifier"])
            assert (cluster.stack, cluster.path) == (stack, "ledger/cluster")

    def test_data_may_be_lost_only_when_the_other_region_is_given_up(self, definition: dict[str, Any]) -> None:
        assert definition["States"]["FailOver"]["Arguments"]["AllowDataLoss"] is True
        assert "AllowDataLoss" not in definition["States"]["SwitchOver"]["Arguments"]

    def test_it_may_change_nothing_but_the_control_item_and_the_writer(
        self, deployment: Deployment, stack: str
    ) -> None:
        policies = deployment[stack].all("aws_iam_role_policy")
        statements = json.loads(policies["failover/role/policy"]["policy"])["Statement"]
        actions = {action for statement in statements for action in statement["Action"]}
        changing = {a for a in actions if not a.startswith(("kms:", "xray:", "logs:")) and "Get" not in a}
        assert changing == {
            "dynamodb:UpdateItem",
            "lambda:InvokeFunction",
            "rds:DescribeGlobalClusters",
            "rds:FailoverGlobalCluster",
            "rds:SwitchoverGlobalCluster",
            "sns:Publish",
        }
        (control,) = [s for s in statements if "dynamodb:UpdateItem" in s["Action"]]
        assert control["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["control"]}}


class TestItsStart:
    def test_is_a_persons_by_default(self, deployment: Deployment, stack: str) -> None:
        rules = deployment[stack].all("aws_cloudwatch_event_rule")
        assert not any("event_pattern" in rule for rule in rules.values())

    def test_can_be_the_alarms_on_the_other_regions_health_and_nothing_elses(
        self, automatic: Deployment, stack: str
    ) -> None:
        (rule,) = (r for r in automatic[stack].all("aws_cloudwatch_event_rule").values() if "event_pattern" in r)
        pattern = json.loads(rule["event_pattern"])
        (alarm,) = pattern["detail"]["alarmName"]
        assert automatic.target(stack, alarm).body["metric_name"] == "PeerHealthy"
        assert pattern["detail"]["state"] == {"value": ["ALARM"]}
        target = automatic[stack].all("aws_cloudwatch_event_target")["failover/target"]
        assert json.loads(target["input"])["mode"] == "failover"
        assert automatic.target(stack, target["arn"]).type == "aws_sfn_state_machine"

    def test_by_the_alarm_keeps_the_settlements_budget(self, automatic: Deployment) -> None:
        found = [each for each in sums(read(automatic.folder)) if each.promise == "settlement"]
        assert [each.seconds for each in found] == [838, 838]
        assert all(each.within_budget for each in found)
