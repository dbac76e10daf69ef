"""Which permissions were used: every call that the emulator authorizes, by who made it.

``GET /_embedded/actions`` answers with a list of objects: ``principal`` (``root``, ``anonymous``, or a role's name),
``tool`` (what the User-Agent says: ``terraform``, else the application id that ``AWS_SDK_UA_APP_ID`` gave an SDK, else
the SDK), ``action``, ``region``, and ``resources`` (the ARNs that the emulator judged; ``*`` where it knows none).
What it cannot know: ``iam:PassRole`` and the other permissions that AWS asks for beside the one of the call.
"""

import contextvars
import importlib
import re
from typing import Any

from embedded.server.patching import Service, around
from embedded.server.replay import AsgiApp, Receive, Scope, Send

_APPLICATION = re.compile(r"(?:^| )app/(\S+)")
TERRAFORM = "terraform"
_PRODUCTS = (("Terraform/", TERRAFORM), ("Boto3/", "boto3"), ("Botocore/", "botocore"), ("aws-cli/", "aws-cli"))
_MOST = 20_000
"""Uses that are remembered; a deployment and its tests make about a tenth of it."""

_tool = contextvars.ContextVar("tool", default="")

Use = tuple[str, str, str, str, str]
"""Principal, tool, action, region, resource."""


class Recorder:
    """Remembers each use once: a set, to which the authorization adds one entry and which only the route reads."""

    def __init__(self) -> None:
        self._uses: set[Use] = set()

    def watch(self, evaluator: Service) -> None:
        """See every call that ``ministack.core.iam_evaluator`` judges."""

        @around(evaluator, "enforce")
        def enforce(
            original: Any, access_key_id: str, iam_action: str, service: str, region: str, *rest: Any, **named: Any
        ) -> Any:
            resource = named.get("resource_arn") or (rest[0] if rest else "*")
            if len(self._uses) < _MOST:
                self._uses.add((_principal(access_key_id), _tool.get(), iam_action, region, str(resource)))
            return original(access_key_id, iam_action, service, region, *rest, **named)

    def naming_tools(self, app: AsgiApp) -> AsgiApp:
        """Wrap the emulator's app: what a request is judged for carries the tool that sent it."""

        async def named(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                _tool.set(tool(dict(scope["headers"]).get(b"user-agent", b"").decode("latin-1")))
            await app(scope, receive, send)

        return named

    def control(self, method: str, rest: str) -> tuple[int, Any]:
        """The route ``/_embedded/actions``."""
        if method != "GET" or rest:
            return 404, {"message": "GET /_embedded/actions is all there is"}
        found: dict[tuple[str, str, str, str], list[str]] = {}
        for *use, resource in sorted(self._uses):
            found.setdefault((use[0], use[1], use[2], use[3]), []).append(resource)
        names = ("principal", "tool", "action", "region")
        return 200, [{**dict(zip(names, use, strict=True)), "resources": seen} for use, seen in found.items()]


def tool(user_agent: str) -> str:
    """Who calls, by its User-Agent."""
    application = _APPLICATION.search(user_agent)
    product = next((name for mark, name in _PRODUCTS if mark in user_agent), "other")
    return application[1] if application and product != TERRAFORM else product


def _principal(access_key_id: str) -> str:
    """The caller of a key; the key itself for what is neither root nor a role."""
    if not access_key_id:
        return "anonymous"
    if importlib.import_module("ministack.core.iam_evaluator").is_root_access_key(access_key_id):
        return "root"
    session = importlib.import_module("ministack.services.sts")._sessions.get(access_key_id)
    arn = str((session or {}).get("Arn", ""))
    return arn.split("/")[1] if ":assumed-role/" in arn else access_key_id
