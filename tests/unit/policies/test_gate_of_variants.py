"""Every choice that the settings offer passes the whole gate, with the built-in checks, as the defaults do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployment.suite import ALTERNATIVE
from policies import gate
from tests.unit.app import synthesize

VARIANTS: dict[str, dict[str, Any]] = {
    "load balancer": {"ingress": "load-balancer"},
    "weighted": {"routing": "weighted"},
    "equal shares": {"routing": "weighted", "primary_weight": 50, "standby_weight": 50},
    "us-east-2 as standby": {"standby_region": "us-east-2"},
    "us-east-2 as primary": {"primary_region": "us-east-2", "standby_region": "us-east-1"},
    "serverless ledger": {"aurora_capacity": "serverless-v2"},
    "single NAT gateway": {"nat": "single"},
    "the rehearsal's alternative": {name.removeprefix("TAP_").lower(): value for name, value in ALTERNATIVE.items()},
}


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_it_passes(tmp_path: Path, settings: dict[str, Any]) -> None:
    judgement = gate.run(synthesize(tmp_path, **settings).folder)
    assert judgement.problems == ()
    assert [f"{one.check.id} {one.path}: {one.message}" for one in judgement.findings if not one.waiver] == []
