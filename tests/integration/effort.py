"""How long campaigns run: bounded and always the same in ``make test``; in ``make soak`` as long as it is told."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

SOAK = os.environ.get("SOAK") == "1"
SOAK_EXAMPLES, SOAK_STEPS = 60, 50


def campaign(*, examples: int, steps: int = 50) -> settings:
    """Settings of a campaign on a deployment.

    A failure is not shrunk: each try costs seconds, and a deployment does not stand still between them.
    """
    return settings(
        max_examples=int(os.environ.get("SOAK_EXAMPLES", SOAK_EXAMPLES)) if SOAK else examples,
        stateful_step_count=int(os.environ.get("SOAK_STEPS", SOAK_STEPS)) if SOAK else steps,
        derandomize=not SOAK,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
