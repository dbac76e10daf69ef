"""Clients of the AWS services, with times that fit in a request."""

import gc
from typing import Any

# Of what a module allocates while it is imported nothing is garbage: looking for it is a part of each init that can be
# spared, and what is frozen is not looked at again by any collection of a request either.
gc.disable()
import botocore.session  # noqa: E402
from botocore.config import Config  # noqa: E402

from domain import environment  # noqa: E402

gc.freeze()
gc.enable()

# Two tries of 1 s + 2 s each end well before API Gateway gives up (29 s) and before a sender does.
_PATIENT = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
# Route 53 wants a status within 2 s: one try, and the next check 30 s later is the repetition.
_BRISK = Config(connect_timeout=0.5, read_timeout=0.7, retries={"total_max_attempts": 1, "mode": "standard"})
# What is done again when it is asked again: longer patience, and no second try.
_ONCE = Config(connect_timeout=2, read_timeout=8, retries={"total_max_attempts": 1, "mode": "standard"})
# boto3's clients are these; what it adds, resources and transfers, takes time to import and nobody uses.
_session = botocore.session.get_session()


def client(service: str, *, brisk: bool = False, once: bool = False) -> Any:
    """Return a client of ``service`` in the function's own region.

    ``brisk`` bounds a call at about 1.2 s; with ``once`` no call is tried again.

    Raises ConfigurationError.
    """
    config = _BRISK if brisk else _ONCE if once else _PATIENT
    return _session.create_client(service, region_name=environment.region(), config=config)
