"""What happens once a payment is settled: the event, and the customer's e-mail."""

from __future__ import annotations

from lib.constructs.events import PaymentEvents
from lib.constructs.functions import Function
from lib.constructs.mail import SenderIdentity
from lib.settings import NOTIFIER_CONCURRENCY
from lib.stacks.foundation import Foundation


class Notification:
    """The topic of settled payments, and the function that writes to customers."""

    def __init__(self, foundation: Foundation) -> None:
        self.events = PaymentEvents(
            foundation.scope, "events", at=foundation.at, key=foundation.key, alerts=foundation.platform.alerts
        )
        foundation.network.allow_topics("sns:Publish", on=[self.events.arn])
        self.functions = {"notifier": self._notifier(foundation)}

    def _notifier(self, here: Foundation) -> Function:
        identity = SenderIdentity(
            here.scope,
            "sender",
            at=here.at,
            domain=here.settings.environment_domain,
            zone_id=here.shared.zone.zone_id,
        )
        flag = here.parameters.start("notifications", "on", reader="the notifier")
        notifier = here.function(
            "notifier",
            "Tells customers that their payment is settled",
            {**here.sessions, "SENDER": identity.sender, "NOTIFICATIONS_PARAMETER": flag.name},
            concurrency=NOTIFIER_CONCURRENCY,
            timeout_seconds=30,
            # SES has no endpoint for its API in a VPC: https://docs.aws.amazon.com/ses/latest/dg/send-email-set-up-vpc-endpoints.html
            security_groups=[
                here.platform.security_group,
                here.way_out("notifier", "The notifier, which sends mail through the API of SES"),
            ],
        )
        here.shared.sessions.grant_notify(notifier, at=here.at)
        here.network.allow_dynamodb("dynamodb:DeleteItem", on=[here.shared.sessions.arn(here.at)])
        identity.grant_send(notifier)
        flag.grant_read(notifier)
        here.network.allow_parameters("ssm:GetParameter", on=[flag.arn])
        self.events.notify(notifier)
        return notifier
