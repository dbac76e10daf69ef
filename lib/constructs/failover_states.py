"""The failover workflow's states, in the Amazon States Language with JSONata.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html

One execution promotes the region that it runs in. Every step may run twice, before and after a crash of the whole
execution: what is done already is found to be so. A step that fails ends in the state named after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

State = dict[str, Any]

TIMEOUT_SECONDS: Final = 480
"""The longest path. With detection and redirection it stays below the settlement's budget of 900 s."""

FENCE_SECONDS: Final = 10
"""Until the other region has read its new state: functions cache it for 5 s, the table replicates in a second or so.

What still arrives later meets an ended epoch in the ledger.
"""

NOTICE_SECONDS: Final = 6
"""Until this region's functions have read that it is active, which they cache for 5 s.

What they accept until then they do not enqueue: reconciliation comes after it, and so does the canary.
"""

PROBES: Final = 2
PROBE_PAUSE_SECONDS: Final = 15
WRITER_PAUSE_SECONDS: Final = 5
WRITER_TRIES: Final = 36
CANARY_PAUSE_SECONDS: Final = 5
CANARY_TRIES: Final = 12
TASK_SECONDS: Final = 30
RECONCILER_SECONDS: Final = 60
"""A run ends by itself before that; what it leaves is for the next minute's."""


_TRANSIENT: Final = {
    "ErrorEquals": ["States.ALL"],
    "IntervalSeconds": 1,
    "MaxAttempts": 5,
    "BackoffRate": 2,
}
_UNTIL_WRITABLE: Final = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "MaxAttempts": 12, "BackoffRate": 1}
"""The writer endpoint takes a while to lead to a new writer."""

_CONDITION: Final = "DynamoDB.ConditionalCheckFailedException"
_UNDER_WAY: Final = ["Rds.InvalidGlobalClusterStateException", "Rds.InvalidDbClusterStateException"]

MODES: Final = ("failover", "switchover", "rejoin")
REFUSALS: Final[Mapping[str, str]] = {
    "InputRefused": f'the input must be {{"mode": one of {", ".join(MODES)}, "reason": "...", "force": true|false}}',
    "PeerIsHealthy": "the other region answers as healthy: use switchover, which loses nothing, or force",
    "PeerIsDown": "the other region does not answer as healthy: a switchover needs both; use failover",
    "StandbyIsBroken": "this region's own ledger or functions do not answer as healthy; force promotes it all the same",
    "WriterTooSlow": "the ledger's writer did not come to this region in time; start the workflow again to go on",
    "CanaryNotSettled": "this region is active, but a payment of its own was not settled; start again to go on",
    "NotFenced": "only a region that is fenced, beside an active one, can rejoin as standby",
}
"""Named ends that are no error of a step, and what they mean to the person who started the workflow."""


@dataclass(frozen=True)
class Surroundings:
    """What the workflow works on, all of it in its own region but for the names."""

    region: str
    table: str
    global_cluster: str
    cluster_arn: str
    topic_arn: str
    begin_epoch: str
    canary: str
    guard: str
    probe: str
    reconciler: str


def definition(it: Surroundings) -> dict[str, Any]:
    """The state machine."""
    steps = _steps(it)
    failing = [name for name, state in steps.items() if state["Type"] == "Task"]
    for name in failing:
        steps[name].setdefault("Catch", []).append(_caught(name))
    ends = {f"{name}Failed": "{% $cause %}" for name in failing} | dict(REFUSALS)
    return {
        "Comment": f"Promotes {it.region}",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": TIMEOUT_SECONDS,
        "StartAt": "CheckInput",
        "States": steps
        | {
            "TellFailure": _publish(
                it,
                subject=f"Failover workflow in {it.region} stopped",
                message={
                    "stopped_at": "{% $stopped %}",
                    "cause": "{% $cause %}",
                    "input": "{% $states.context.Execution.Input %}",
                    "execution": "{% $states.context.Execution.Id %}",
                },
                next_="WhichEnd",
            )
            # Nobody may be told, but where it stopped is in the execution all the same.
            | {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "WhichEnd"}]},
            "WhichEnd": {
                "Type": "Choice",
                "Choices": [{"Condition": f"{{% $stopped = '{end}' %}}", "Next": end} for end in ends],
                "Default": "InputRefused",
            },
        }
        | {end: {"Type": "Fail", "Error": end, "Cause": cause} for end, cause in ends.items()},
    }


def _steps(it: Surroundings) -> dict[str, State]:
    return {
        "CheckInput": _choice(
            (
                f"$states.input.mode in {list(MODES)} and $type($states.input.reason) = 'string'{_NOT_BLANK}",
                "ReadControl",
            ),
            refused="InputRefused",
        ),
        "ReadControl": _task(
            "arn:aws:states:::dynamodb:getItem",
            {"TableName": it.table, "Key": _CONTROL, "ConsistentRead": True},
            "Understand",
            # No item: the epoch is no number, and this step fails.
            assign={"item": "{% $states.result.Item %}", "epoch": "{% $number($states.result.Item.epoch.N) %}"},
        ),
        "Understand": {
            "Type": "Pass",
            "Assign": {
                "mode": "{% $states.context.Execution.Input.mode %}",
                "reason": "{% $states.context.Execution.Input.reason %}",
                "force": "{% $states.context.Execution.Input.force = true %}",
                "here": f"{{% $lookup($item.regions.M, '{it.region}').S %}}",
                # The other region is known from the item alone: what serves here names nothing of it.
                "peer": f"{{% $keys($item.regions.M)[$ != '{it.region}'] %}}",
                "there": f"{{% $lookup($item.regions.M, $keys($item.regions.M)[$ != '{it.region}']).S %}}",
                # A transition to this region that has not ended: this execution goes on with it, in the same epoch.
                "ongoing": f"{{% $item.transition.M.region.S = '{it.region}' ? $item.transition.M.mode.S : 'none' %}}",
                "next": f"{{% $epoch + ($item.transition.M.region.S = '{it.region}' ? 0 : 1) %}}",
                "asked": 0,
                "looked": 0,
                "checked": 0,
            },
            "Next": "WhereAreWe",
        },
        "WhereAreWe": _choice(
            ("$mode = 'rejoin' and $here = 'standby'", "AlreadyDone"),
            ("$mode = 'rejoin' and $here = 'fenced' and $there = 'active'", "Rejoin"),
            ("$mode != 'rejoin' and $here = 'active' and $ongoing = 'none'", "AlreadyDone"),
            ("$mode != 'rejoin' and ($force or $ongoing = $mode)", "Fence"),
            ("$mode != 'rejoin'", "AskHere"),
            refused="NotFenced",
        ),
        "AlreadyDone": {"Type": "Succeed"},
        "AskHere": _invoke(
            it.probe,
            {"of": "here"},
            "IsHereHealthy",
            assign={"healthy": "{% $states.result.Payload.healthy %}"},
        ),
        "IsHereHealthy": _choice(("$healthy", "AskPeer"), refused="StandbyIsBroken"),
        "AskPeer": _invoke(
            it.probe,
            {},
            "IsPeerHealthy",
            assign={"healthy": "{% $states.result.Payload.healthy %}", "asked": "{% $asked + 1 %}"},
        ),
        "IsPeerHealthy": {
            "Type": "Choice",
            "Choices": [
                _when("$mode = 'switchover' and $healthy", "Fence"),
                _refuse("$mode = 'switchover'", "PeerIsDown"),
                _refuse("$healthy", "PeerIsHealthy"),
                _when(f"$asked < {PROBES}", "BeforeNextProbe"),
            ],
            "Default": "Fence",
        },
        "BeforeNextProbe": _wait(PROBE_PAUSE_SECONDS, "AskPeer"),
        "Fence": _update(
            it,
            "SET epoch = :next, regions.#peer = :peer, #transition = :transition",
            when="epoch = :read",
            names={"#peer": "{% $peer %}", "#transition": "transition"},
            values={
                ":next": {"N": "{% $string($next) %}"},
                ":read": {"N": "{% $string($epoch) %}"},
                ":peer": {"S": "{% $mode = 'failover' ? 'fenced' : 'standby' %}"},
                ":transition": {
                    "M": {
                        "region": {"S": it.region},
                        "mode": {"S": "{% $mode %}"},
                        "reason": {"S": "{% $reason %}"},
                        "force": {"BOOL": "{% $force %}"},
                        "execution": {"S": "{% $states.context.Execution.Id %}"},
                        "began_at": {"S": "{% $now() %}"},
                    }
                },
            },
            next_="WaitForFence",
        )
        # Somebody was faster, or an answer was lost: what is true now decides.
        | {"Catch": [{"ErrorEquals": [_CONDITION], "Next": "ReadControl"}]},
        "WaitForFence": _wait(FENCE_SECONDS, "FindWriter"),
        "FindWriter": _task(
            "arn:aws:states:::aws-sdk:rds:describeGlobalClusters",
            {"GlobalClusterIdentifier": it.global_cluster},
            "IsWriterHere",
            assign={
                "writer_here": "{% $count($states.result.GlobalClusters[0].GlobalClusterMembers"
                f"[DbClusterArn = '{it.cluster_arn}' and IsWriter]) > 0 %}}",
                "available": "{% $states.result.GlobalClusters[0].Status = 'available' %}",
                "looked": "{% $looked + 1 %}",
            },
        ),
        "IsWriterHere": {
            "Type": "Choice",
            "Choices": [
                _when("$writer_here and $available", "BeginEpoch"),
                _when("$looked = 1 and $not($writer_here) and $mode = 'failover'", "FailOver"),
                _when("$looked = 1 and $not($writer_here)", "SwitchOver"),
                _when(f"$looked < {WRITER_TRIES}", "BeforeNextLook"),
            ],
            "Default": "TellFailure",
            "Assign": _stopped("WriterTooSlow", REFUSALS["WriterTooSlow"]),
        },
        "FailOver": _promote(it, "failoverGlobalCluster", AllowDataLoss=True),
        "SwitchOver": _promote(it, "switchoverGlobalCluster"),
        "BeforeNextLook": _wait(WRITER_PAUSE_SECONDS, "FindWriter"),
        "BeginEpoch": _invoke(it.begin_epoch, {"epoch": "{% $next %}"}, "Activate", retry=_UNTIL_WRITABLE),
        "Activate": _update(
            it,
            "SET regions.#here = :active",
            when="epoch = :next AND #transition.#region = :here",
            names={"#here": it.region, "#transition": "transition", "#region": "region"},
            values={":active": {"S": "active"}, ":next": {"N": "{% $string($next) %}"}, ":here": {"S": it.region}},
            next_="SwitchConsumer",
        ),
        "SwitchConsumer": _invoke(it.guard, {}, "WaitForNotice"),
        "WaitForNotice": _wait(NOTICE_SECONDS, "Reconcile"),
        "Reconcile": _invoke(it.reconciler, {"full": True}, "SendCanary", seconds=RECONCILER_SECONDS),
        "SendCanary": _invoke(it.canary, {"send": _CANARY}, "BeforeNextCheck"),
        "BeforeNextCheck": _wait(CANARY_PAUSE_SECONDS, "CheckCanary"),
        "CheckCanary": _invoke(
            it.canary,
            {"check": _CANARY},
            "IsCanarySettled",
            assign={"settled": "{% $states.result.Payload.settled %}", "checked": "{% $checked + 1 %}"},
        ),
        "IsCanarySettled": {
            "Type": "Choice",
            "Choices": [_when("$settled", "Finish"), _when(f"$checked < {CANARY_TRIES}", "BeforeNextCheck")],
            "Default": "TellFailure",
            "Assign": _stopped("CanaryNotSettled", REFUSALS["CanaryNotSettled"]),
        },
        "Finish": _update(
            it,
            "SET last_transition = #transition REMOVE #transition",
            when="epoch = :next AND #transition.#region = :here",
            names={"#transition": "transition", "#region": "region"},
            values={":next": {"N": "{% $string($next) %}"}, ":here": {"S": it.region}},
            next_="TellSuccess",
        )
        # Another execution that went on with the same transition has ended it.
        | {"Catch": [{"ErrorEquals": [_CONDITION], "Next": "TellSuccess"}]},
        "TellSuccess": _publish(
            it,
            subject=f"{it.region} is active",
            message={
                "mode": "{% $mode %}",
                "reason": "{% $reason %}",
                "epoch": "{% $next %}",
                "execution": "{% $states.context.Execution.Id %}",
            },
            next_="Done",
        )
        | {"Output": {"region": it.region, "epoch": "{% $next %}", "mode": "{% $mode %}"}},
        "Done": {"Type": "Succeed"},
        "Rejoin": _update(
            it,
            "SET regions.#here = :standby",
            when="regions.#here = :fenced AND regions.#peer = :active",
            names={"#here": it.region, "#peer": "{% $peer %}"},
            values={":standby": {"S": "standby"}, ":fenced": {"S": "fenced"}, ":active": {"S": "active"}},
            next_="AlreadyDone",
        ),
    }


_NOT_BLANK: Final = " and $length($trim($states.input.reason)) > 0"
_CONTROL: Final = {"pk": {"S": "control"}}
# One per epoch: an execution that goes on with another's work finds the other's payment.
_CANARY: Final = "{% 'failover-' & $string($next) %}"


def _task(
    resource: str,
    arguments: State,
    next_: str,
    *,
    assign: State | None = None,
    retry: Mapping[str, Any] = _TRANSIENT,
) -> State:
    state: State = {
        "Type": "Task",
        "Resource": resource,
        "Arguments": arguments,
        "TimeoutSeconds": TASK_SECONDS,
        "Retry": [dict(retry)],
        "Next": next_,
    }
    return state | ({"Assign": assign} if assign else {})


def _invoke(
    function: str,
    payload: State,
    next_: str,
    *,
    assign: State | None = None,
    retry: Mapping[str, Any] = _TRANSIENT,
    seconds: int = TASK_SECONDS,
) -> State:
    state = _task(
        "arn:aws:states:::lambda:invoke",
        {"FunctionName": function, "Payload": payload},
        next_,
        assign=assign,
        retry=retry,
    )
    return state | {"TimeoutSeconds": seconds}


def _update(
    it: Surroundings, expression: str, *, when: str, names: Mapping[str, str], values: State, next_: str
) -> State:
    """A conditional write to the control item. What is refused by its condition is not tried again."""
    state = _task(
        "arn:aws:states:::dynamodb:updateItem",
        {
            "TableName": it.table,
            "Key": _CONTROL,
            "UpdateExpression": expression,
            "ConditionExpression": when,
            "ExpressionAttributeNames": dict(names),
            "ExpressionAttributeValues": values,
        },
        next_,
    )
    state["Retry"] = [{"ErrorEquals": [_CONDITION], "MaxAttempts": 0}, *state["Retry"]]
    return state


def _promote(it: Surroundings, call: str, **arguments: Any) -> State:
    """Ask Aurora for the writer. That it is busy with that already is no failure: the next look tells."""
    state = _task(
        f"arn:aws:states:::aws-sdk:rds:{call}",
        {"GlobalClusterIdentifier": it.global_cluster, "TargetDbClusterIdentifier": it.cluster_arn, **arguments},
        "BeforeNextLook",
    )
    state["Retry"] = [{"ErrorEquals": _UNDER_WAY, "MaxAttempts": 0}, *state["Retry"]]
    return state | {"Catch": [{"ErrorEquals": _UNDER_WAY, "Next": "BeforeNextLook"}]}


def _publish(it: Surroundings, *, subject: str, message: State, next_: str) -> State:
    return _task(
        "arn:aws:states:::sns:publish", {"TopicArn": it.topic_arn, "Subject": subject, "Message": message}, next_
    )


def _choice(*cases: tuple[str, str], refused: str) -> State:
    """A choice whose other way is the named refusal."""
    return {
        "Type": "Choice",
        "Choices": [_when(condition, next_) for condition, next_ in cases],
        "Default": "TellFailure",
        "Assign": _stopped(refused, REFUSALS[refused]),
    }


def _when(condition: str, next_: str) -> State:
    return {"Condition": f"{{% {condition} %}}", "Next": next_}


def _refuse(condition: str, refusal: str) -> State:
    return _when(condition, "TellFailure") | {"Assign": _stopped(refusal, REFUSALS[refusal])}


def _wait(seconds: int, next_: str) -> State:
    return {"Type": "Wait", "Seconds": seconds, "Next": next_}


def _stopped(end: str, cause: str) -> State:
    return {"stopped": end, "cause": cause}


def _caught(step: str) -> State:
    return {
        "ErrorEquals": ["States.ALL"],
        "Assign": _stopped(
            f"{step}Failed", "{% $states.errorOutput.Error & ': ' & $string($states.errorOutput.Cause) %}"
        ),
        "Next": "TellFailure",
    }
