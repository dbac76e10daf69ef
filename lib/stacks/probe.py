"""The probe: each region asks the other one, as the world does, and says here whether it is well."""

from __future__ import annotations

from typing import Final

from lib.constructs.functions import Function
from lib.settings import WATCHER_CONCURRENCY
from lib.stacks.foundation import Foundation

FAILURES: Final = 3
"""One failure is a lost packet; three, a minute apart, are what Route 53 too takes for a dead region."""

OF: Final = 4
"""One success in between, or a run that fell into the neighbouring minute, does not hide a region that is failing."""


class Probe:
    """The function that asks the other region's public name every minute, and the alarm on what it hears."""

    def __init__(self, foundation: Foundation) -> None:
        probe = self._probe(foundation)
        self.functions = {"probe": probe}
        self.alarm_name = self._watch(foundation, probe)

    def _probe(self, here: Foundation) -> Function:
        probe = here.function(
            "probe",
            "Asks the other region's public name whether it is healthy",
            {
                "PEER_HOST": here.shared.regional_names[here.role.peer.name],
                "REGIONAL_HOST": here.shared.regional_names[here.region],
            },
            concurrency=WATCHER_CONCURRENCY,
            timeout_seconds=30,
            security_groups=[here.way_out("probe", "The probe, which reaches the other region as the world does")],
        )
        here.run_every_minute(probe, "probe-peer")
        return probe

    def _watch(self, here: Foundation, probe: Function) -> str:
        peer = here.role.peer.name
        return probe.watch_own(
            "peer-unhealthy",
            "PeerHealthy",
            "Minimum",
            threshold=1,
            comparison="LessThanThreshold",
            # A probe that does not report cannot vouch for the peer.
            missing="breaching",
            periods=FAILURES,
            of=OF,
            description=f"{peer} did not answer as healthy in {FAILURES} of {OF} minutes, as seen from here",
        )
