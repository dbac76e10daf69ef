"""Switches this region's consumer on exactly while the control item calls the region active, and off otherwise.

Runs every minute and on demand, in every region. Takes {}, returns {"state": "active", "consumer": "Enabled",
"switched": false}. Reads SESSIONS_TABLE, CONSUMER_MAPPING. If the control item cannot be read it switches nothing: an
old state is no reason to act. A consumer that is on in the wrong region settles nothing in the meantime, because the
processor and the ledger look for themselves.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.consumer import Consumer
from domain.log import logger
from domain.observability import gauge, instrumented
from domain.region_state import RegionState, State

_consumer = Consumer(aws.client("lambda"), environment.required("CONSUMER_MAPPING"))
_region_state = RegionState(aws.client("dynamodb"), environment.required("SESSIONS_TABLE"), environment.region())


@instrumented
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    control = _region_state.fresh()
    held = _consumer.hold(on=control.state is State.ACTIVE)
    gauge("ConsumerDiffers", int(held.differs))
    if held.differs:
        logger.warning(
            "the consumer was not as the region's state says",
            state=control.state.value,
            epoch=control.epoch,
            consumer=held.found,
            switched=held.switched,
        )
    return {"state": control.state.value, "consumer": held.found, "switched": held.switched}
