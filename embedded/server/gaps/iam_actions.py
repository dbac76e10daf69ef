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


@gap("core.iam_actions", "_lambda_action")
def single_mappings(actions: Service) -> None:
    """Looking at one event source mapping is judged as listing all, and changing or deleting one as nothing at all.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    """
    one = {"GET": "GetEventSourceMapping", "PUT": "UpdateEventSourceMapping", "DELETE": "DeleteEventSourceMapping"}

    @around(actions, "_lambda_action")
    def action(original: Any, method: str, path: str) -> str | None:
        parent, _, name = path.rstrip("/").rpartition("/")
        if name and parent.endswith("/event-source-mappings") and method in one:
            return one[method]
        found: str | None = original(method, path)
        return found
