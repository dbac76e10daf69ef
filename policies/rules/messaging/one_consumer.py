"""One region works off its queue; the other waits, and Terraform does not change that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import drop, edit, put
from policies.rule import Severity, kind, rule
from policies.rules.messaging._queues import MAPPING, reads_a_queue, settling

_WEST: Final = {"provider": "aws.usw2"}


def _is_in_a_pair(mapping: Resource) -> bool:
    """Whether there is a standby that could take over; in one region alone nothing has to wait."""
    deployment = mapping.deployment
    return reads_a_queue(mapping) and deployment.primary is not None and deployment.standby is not None


def _other_way_round(body: dict[str, Any], _: Resource) -> bool:
    if not isinstance(body.get("enabled"), bool):
        return False
    body["enabled"] = not body["enabled"]
    return True


@rule(
    id="TAP_MESSAGING_ONE_CONSUMER",
    title="The primary's consumers start on and the standby's off, and Terraform leaves both as a failover left them",
    risk="Two regions settle at once; or, after a failover, the next apply turns the new region's consumer off and the "
    "dead region's on.",
    remediation='Set enabled = false in the standby, and add "enabled" to lifecycle.ignore_changes in both.',
    severity=Severity.CRITICAL,
    controls=["PCI-DSS-4.0:6.5.1", "NIST-800-53:CP-10", "NIST-800-53:CM-3", "WA-REL:REL13-BP04"],
    judges=kind(MAPPING, where=_is_in_a_pair),
    passes=[
        settling(),
        settling(mapping={"enabled": None}),
        settling(mapping={**_WEST, "enabled": False}),
        settling(mapping={**_WEST, "enabled": False, "lifecycle": {"ignore_changes": "all"}}),
    ],
    fails=[
        settling(mapping={"enabled": False}),
        settling(mapping=_WEST),
        settling(mapping={**_WEST, "enabled": None}),
        settling(mapping={**_WEST, "enabled": "${var.enabled}"}),
        settling(mapping={"lifecycle": None}),
        settling(mapping={**_WEST, "enabled": False, "lifecycle": {"ignore_changes": ["batch_size"]}}),
        settling(mapping={"provider": "aws.other"}),
    ],
    mutations=[
        edit("on where it must be off, and off where it must be on", _other_way_round),
        put("enabled", "${var.enabled}"),
        drop("lifecycle"),
        put("lifecycle.ignore_changes", ["function_name"]),
    ],
)
def messaging_one_consumer(mapping: Resource) -> Iterator[str]:
    """What is not written is on; a plan does not tell what is ignored."""
    deployment = mapping.deployment
    if mapping.region not in (deployment.primary, deployment.standby):
        yield f"it is in {mapping.region}, which is neither the primary nor the standby"
        return
    enabled = mapping.flag("enabled") if "enabled" in mapping else True
    if enabled is not (mapping.region == deployment.primary):
        role = "primary" if mapping.region == deployment.primary else "standby"
        yield f"enabled is {mapping.get('enabled')} in the {role}, {mapping.region}"
    ignored = mapping.block("lifecycle").texts("ignore_changes")
    if not mapping.stack.planned and "enabled" not in ignored and ignored != ("all",):
        yield f"lifecycle.ignore_changes lacks enabled: {', '.join(ignored) or 'nothing is ignored'}"
