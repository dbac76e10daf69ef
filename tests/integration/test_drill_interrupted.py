"""Whoever ends a drill, and however: what it took is given back, and nothing of it is left."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from deployment import places, session
from embedded import control
from tests.integration.outage import all_answer
from tests.integration.platform import Platform

pytestmark = [pytest.mark.failover, pytest.mark.disruptive, pytest.mark.embedded_only]

INTERRUPTED = 130


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_drill_that_ends_in_the_middle_gives_the_region_back(
    platform: Platform, how: signal.Signals, status: int
) -> None:
    endpoint, region = platform.emulator.endpoint, platform.primary
    drill = subprocess.Popen(
        [sys.executable, "-m", "drill"],
        cwd=places.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert drill.stdout is not None
    told = ""
    for line in drill.stdout:
        told += line
        if f"{region.name} is lost" in line:
            break
    assert control.mode(endpoint, region.name) == "dead", told

    drill.send_signal(how)
    # Its keeper writes to the same pipe: the end of the output is the end of both.
    told, _ = drill.communicate(timeout=120)

    assert drill.returncode == status, told
    assert control.mode(endpoint, region.name) == "running", told
    with session.alone():
        pass
    all_answer(platform)
