"""What is deployed, as the drill needs it: outputs, clients, the regions' states, the workflow, health and names."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from deployment import aws, payment
from drill.records import Execution, State
from drill.traffic import PATH
from embedded import control

HEALTH: Final = ("live", "database")
POLL_SECONDS: Final = 0.25


class NotReadyError(Exception):
    """The platform is not as the drill needs it; the message says how, and what to do."""


@dataclass(frozen=True)
class Control:
    """The control item: the epoch, each region's state, and a transition that has not ended."""

    epoch: int
    states: Mapping[str, str]
    transition: Mapping[str, str]

    @property
    def active(self) -> str:
        """The region that settles payments; empty while none does."""
        return next((region for region, state in self.states.items() if state == "active"), "")


class Deployed:
    """A deployment on whichever target this process is a client of."""

    def __init__(self, outputs: Mapping[str, Mapping[str, Any]], *, trust_bundle: Path | None) -> None:
        """``trust_bundle`` is that of the embedded AWS; without one the target is an account."""
        self.shared = outputs["global"]
        self.routing = outputs["routing"]
        self.trust_bundle = trust_bundle
        self._of = {outputs[stack]["region"]: outputs[stack] for stack in ("primary", "secondary")}
        self.hosts: Mapping[str, str] = self.shared["regional_names"]
        self.client = cache(aws.client)

    @property
    def embedded(self) -> bool:
        """Whether regions can be taken away."""
        return self.trust_bundle is not None

    @property
    def endpoint(self) -> str:
        """The embedded AWS's own address."""
        return os.environ["AWS_ENDPOINT_URL"]

    @property
    def primary(self) -> str:
        """The region that was deployed as the active one."""
        return str(self.shared["primary_region"])

    @property
    def standby(self) -> str:
        """The region that was deployed as the standby."""
        return str(self.shared["standby_region"])

    def peer(self, region: str) -> str:
        """The other region."""
        return self.standby if region == self.primary else self.primary

    def output(self, region: str, name: str) -> Any:
        """An output of a region's stack."""
        return self._of[region][name]

    def budgets(self) -> dict[str, float]:
        """What the deployment promises, in seconds."""
        return {name: float(seconds) for name, seconds in self.routing["recovery_budgets"].items()}

    def control(self, region: str) -> Control:
        """The control item as a region's table has it."""
        item = self.client("dynamodb", region).get_item(
            TableName=self.shared["sessions_table"], Key={"pk": {"S": "control"}}, ConsistentRead=True
        )["Item"]
        transition = item.get("transition", {}).get("M", {})
        return Control(
            int(item["epoch"]["N"]),
            {name: state["S"] for name, state in item["regions"]["M"].items()},
            {name: str(next(iter(value.values()))) for name, value in transition.items()},
        )

    def healthy(self, region: str) -> bool:
        """Whether a region answers as healthy, asked as the health checks ask."""
        try:
            return all(self._get(region, f"/health/{question}") == 200 for question in HEALTH)
        except OSError:
            return False

    def _get(self, region: str, path: str) -> int:
        return payment.call(self.hosts[region], "GET", path, timeout=5).status

    def start(self, region: str, mode: str, reason: str, *, force: bool) -> str:
        """Start a region's workflow as docs/runbooks/failover.md does; the execution's ARN."""
        answer = self.client("stepfunctions", region).start_execution(
            stateMachineArn=self.output(region, "failover_workflow_arn"),
            name=f"drill-{uuid.uuid4().hex}",
            input=json.dumps({"mode": mode, "reason": reason, "force": force}),
        )
        return str(answer["executionArn"])

    def reconcile(self, region: str) -> bool:
        """Let a region compare all that is settled with its ledger, as docs/runbooks/region-restored.md does.

        Whether it has come to the end: if not, the next call goes on.
        """
        answer = self.client("lambda", region).invoke(
            FunctionName=self.output(region, "functions")["reconciler"], Payload=b'{"full": true}'
        )
        return json.load(answer["Payload"]).get("finished") is True

    def status(self, region: str, arn: str) -> str:
        """How an execution is: RUNNING, SUCCEEDED, FAILED and so on."""
        return str(self.client("stepfunctions", region).describe_execution(executionArn=arn)["status"])

    def execution(self, region: str, arn: str, mode: str) -> Execution:
        """An execution and the time that each of its states took."""
        client = self.client("stepfunctions", region)
        told = client.describe_execution(executionArn=arn)
        stopped = told.get("stopDate")
        ended = stopped.timestamp() if stopped else time.time()
        return Execution(
            arn=arn,
            region=region,
            mode=mode,
            asked=told["startDate"].timestamp(),
            ended=ended,
            status=told["status"],
            error=told.get("error") or "",
            cause=told.get("cause") or "",
            states=self._states(region, arn, ended),
        )

    def states(self, region: str, arn: str) -> list[str]:
        """The states that an execution has entered so far."""
        return [name for name, _ in self._entered(region, arn)]

    def _states(self, region: str, arn: str, ended: float) -> tuple[State, ...]:
        entered = self._entered(region, arn)
        until = [*(at for _, at in entered[1:]), ended]
        return tuple(State(name, at, left) for (name, at), left in zip(entered, until, strict=True))

    def _entered(self, region: str, arn: str) -> list[tuple[str, float]]:
        pages = self.client("stepfunctions", region).get_paginator("get_execution_history").paginate(executionArn=arn)
        return [
            (event["stateEnteredEventDetails"]["name"], event["timestamp"].timestamp())
            for page in pages
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]

    def running(self, region: str) -> list[str]:
        """The workflow's executions that have not ended."""
        found = self.client("stepfunctions", region).list_executions(
            stateMachineArn=self.output(region, "failover_workflow_arn"), statusFilter="RUNNING"
        )
        return [execution["executionArn"] for execution in found["executions"]]


class EmbeddedName:
    """The platform's shared name, as the embedded AWS answers, and kept for its TTL."""

    def __init__(self, deployed: Deployed, factor: float) -> None:
        """``factor`` is that by which the health checks ask faster; what is kept is kept as much shorter."""
        self._deployed, self._factor, self._lock = deployed, factor, threading.Lock()
        self._region, self._until = "", 0.0

    def answer(self) -> tuple[str, float]:
        """What the resolver says now: the region and the seconds for which the answer may be kept."""
        found = control.resolve(self._deployed.endpoint, self._deployed.shared["failover_name"])
        return found.region or "", found.ttl / self._factor

    def region(self) -> str:
        """As a client with one resolver sees it."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._region, seconds = self.answer()
                self._until = time.monotonic() + seconds
            return self._region

    def call(self, region: str, body: str, headers: dict[str, str], timeout: float) -> payment.Answer:
        """The shared name's request, addressed to the region that it was resolved to."""
        addressed = {**headers, control.ADDRESSED: region}
        return payment.call(
            self._deployed.shared["failover_name"], "POST", PATH, body=body, headers=addressed, timeout=timeout
        )


class PublicName:
    """The platform's shared name in DNS; this machine's resolver keeps answers as it likes."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed

    def region(self) -> str:
        """The region whose own name has the same addresses."""
        shared = _addresses(self._deployed.shared["failover_name"])
        return next((region for region, host in self._deployed.hosts.items() if shared & _addresses(host)), "")

    def answer(self) -> tuple[str, float]:
        """What DNS says now."""
        return self.region(), 0.0

    def call(self, region: str, body: str, headers: dict[str, str], timeout: float) -> payment.Answer:
        """The shared name's request; where it goes is DNS's business."""
        del region
        return payment.call(
            self._deployed.shared["failover_name"], "POST", PATH, body=body, headers=headers, timeout=timeout
        )


def _addresses(name: str) -> set[str]:
    return {str(found[4][0]) for found in socket.getaddrinfo(name, 443, proto=socket.IPPROTO_TCP)}


def until(ask: Callable[[], object], *, within: float, pause: float = POLL_SECONDS) -> bool:
    """Ask until the answer is yes, or the time is over; whether it was."""
    deadline = time.monotonic() + within
    while not ask():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
