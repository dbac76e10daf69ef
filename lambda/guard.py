"""Keeps in this region what follows from the control item: the consumer, and the mirror of the active region.

The consumer is on exactly while the item calls this region active. Runs every minute and on demand, in every region,
and in a failover at once. Takes {}, returns {"state": "active", "consumer": "Enabled", "switched": false,
"mirrored": true}. Reads SESSIONS_TABLE, CONSUMER_MAPPING, ACTIVE_REGION_PARAMETER. If the control item cannot be read
it changes nothing: an old state is no reason to act. A consumer that is on in the wrong region settles nothing in the
meantime, because the processor and the ledger look for themselves.
"""

from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import aws, environment
from domain.consumer import Consumer
from domain.log import logger
from domain.mirror import Mirror
from domain.observability import gauge, instrumented
from domain.region_state import RegionState, State

NO_REGION: Final = "none"
"""The mirror's value while no region is active; a parameter cannot be empty."""

_consumer = Consumer(aws.client("lambda"), environment.required("CONSUMER_MAPPING"))
_mirror = Mirror(aws.client("ssm"), environment.required("ACTIVE_REGION_PARAMETER"))
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
    mirrored = _mirror.hold(control.active_region or NO_REGION)
    return {
        "state": control.state.value,
        "consumer": held.found,
        "switched": held.switched,
        "mirrored": mirrored,
    }
