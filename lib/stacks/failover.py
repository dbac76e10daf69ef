"""The failover of this region: the workflow, and the functions for what it cannot do itself."""

from __future__ import annotations

from collections.abc import Mapping

from lib.constructs.failover import FailoverWorkflow
from lib.constructs.failover_states import Surroundings
from lib.constructs.functions import Function
from lib.constructs.parameters import STATUS
from lib.constructs.security_group import HTTPS
from lib.settings import WORKFLOW_CONCURRENCY
from lib.stacks.foundation import Foundation


class Failover:
    """What promotes the region it lives in, and changes nothing in the other one."""

    def __init__(self, foundation: Foundation, *, functions: Mapping[str, Function], peer_is_down: str) -> None:
        """``functions`` are those of the region's other capabilities, by name part; ``peer_is_down`` is an alarm."""
        self._foundation = here = foundation
        begin_epoch, canary = self._begin_epoch(), self._canary()
        self.functions = {"begin-epoch": begin_epoch, "canary": canary}
        invoked = {
            "begin_epoch": begin_epoch,
            "canary": canary,
            "guard": functions["guard"],
            "probe": functions["probe"],
            "reconciler": functions["reconciler"],
        }
        self.workflow = FailoverWorkflow(
            here.scope,
            "failover",
            at=here.at,
            works_on=Surroundings(
                region=here.region,
                table=here.shared.sessions.name,
                global_cluster=here.shared.database.id,
                cluster_arn=here.ledger.arn,
                topic_arn=here.platform.alerts.arn,
                **{name: function.arn for name, function in invoked.items()},
            ),
            logging=here.platform.logging,
            alerts=here.platform.alerts,
        )
        here.parameters.tell("failover-workflow", self.workflow.machine_arn, reader=STATUS)
        here.shared.sessions.grant_control(self.workflow, at=here.at)
        here.shared.database.grant_promote(self.workflow, member_arn=here.ledger.arn)
        here.platform.alerts.grant_publish(self.workflow, key=here.key)
        if here.settings.automatic_failover == "on":
            self.workflow.start_on(peer_is_down)
        self.workflow.allow("lambda:InvokeFunction", on=[function.arn for function in invoked.values()])

    def _begin_epoch(self) -> Function:
        here = self._foundation
        begin_epoch = here.function(
            "begin-epoch",
            "Begins an epoch in the ledger",
            {**here.writer_host, "FAILOVER_SECRET_ARN": here.shared.failover_secret.arn_in(here.region)},
            concurrency=WORKFLOW_CONCURRENCY,
            timeout_seconds=30,
        )
        here.shared.failover_secret.grant_read(begin_epoch, region=here.region)
        return begin_epoch

    def _canary(self) -> Function:
        here = self._foundation
        way_out = here.way_out("canary", "The canary, which sends payments as the world does")
        way_out.connect(here.network.endpoint_security_group, HTTPS)
        canary = here.function(
            "canary",
            "Sends a payment of its own through this region's public name",
            {
                "REGIONAL_HOST": here.shared.regional_names[here.region],
                "SIGNING_SECRET_ARN": here.shared.signing_secret.arn_in(here.region),
            },
            concurrency=WORKFLOW_CONCURRENCY,
            timeout_seconds=30,
            security_groups=[way_out],
        )
        here.shared.signing_secret.grant_read(canary, region=here.region)
        return canary
