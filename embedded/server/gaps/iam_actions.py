"""IAM: what a call is about."""

import json
from typing import Any

from embedded.server.patching import Service, around, gap


@gap("core.iam_actions", "extract_resource_arn")
def rules_of_the_default_bus(actions: Service) -> None:
    """Calls about a rule's targets are judged on the bus, and rules of the default bus by a name that AWS gives none.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
    """

    @around(actions, "extract_resource_arn")
    def extract(original: Any, service: str, *request: Any) -> str:
        arn = str(original(service, *request))
        if service != "events":
            return arn
        _, _, _, body, _, region, account = request
        try:
            asked = json.loads(body)
        except ValueError:
            return arn
        bus = asked.get("EventBusName") or "default"
        rule = asked.get("Rule") or (asked.get("Name") if ":rule/" in arn else None)
        if not rule or bus.startswith("arn:"):
            return arn
        name = rule if bus == "default" else f"{bus}/{rule}"
        return f"arn:aws:events:{region}:{account}:rule/{name}"
