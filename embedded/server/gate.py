"""The way in: decides which region a request is for, and what becomes of it if that region is lost."""

import asyncio
import contextlib
import contextvars
import importlib
import re
import socket
import struct
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from embedded.server import callers, names
from embedded.server.outage import DEAD, ERROR, HANG, Condition, Outage
from embedded.server.patching import Gap, Service, around, around_method, close_gaps
from embedded.server.proxy import Ends
from embedded.server.replay import AsgiApp, Receive, Scope, Send

RELIES_ON = (
    *("_parse_execute_api_url", "_parse_lambda_url", "services.apigateway_v1:find_api_scope"),
    *("services.apigateway:find_api_scope", "services.apigateway_v1:find_domain_scope", "services.alb:_lbs"),
    *("services.lambda_svc:resolve_function_url", "services.s3:bucket_region", "_extract_s3_vhost_bucket"),
    *("services.apigateway_v1:_domain_names", "services.apigateway_v1:get_account_id"),
)
ADDRESSED = "x-embedded-region"
"""The header that says where a shared name was resolved to, as the address that a client connects to does on AWS."""

Client = tuple[str, int]

_CREDENTIAL = re.compile(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_REGION_IN_HOST = re.compile(r"(?:^|\.)([a-z]{2}(?:-[a-z]+)+-\d)(?:\.|$)")
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close() sends RST, as a vanished host's router may
_TRIES_PER_SECOND = 10

addressed: contextvars.ContextVar[str] = contextvars.ContextVar("addressed", default="")
delayed: contextvars.ContextVar[bool] = contextvars.ContextVar("delayed", default=False)
"""Whether the request that is being served has had its delay: the function behind it has none of its own."""


class Connections:
    """The server's open connections, so that one can be cut without an answer."""

    def __init__(self) -> None:
        self._writers: dict[Client, asyncio.StreamWriter] = {}

    def watch(self, hypercorn_tcp: Service) -> None:
        """See every connection that hypercorn serves."""

        @around_method(hypercorn_tcp.TCPServer, "run")
        async def run(original: Any, server: Any) -> None:
            client = server.writer.get_extra_info("peername")[:2]
            self._writers[client] = server.writer
            try:
                await original(server)
            finally:
                self._writers.pop(client, None)

    def cut(self, client: Client) -> None:
        """Reset a connection."""
        writer = self._writers.pop(client, None)
        if writer is None:
            return
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()


class Gate:
    """Wraps an ASGI app; a lost region answers nothing."""

    def __init__(self, app: AsgiApp, outage: Outage, connections: Connections) -> None:
        self._app, self._outage, self._connections = app, outage, connections
        self._served: dict[str, set[Client]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        outage.listen(self._cut_what_is_being_served)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it as a lost region does."""
        self._loop = asyncio.get_running_loop()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        addressed.set(headers.get(ADDRESSED, ""))
        signed, service = signature(headers, scope["query_string"].decode("latin-1"))
        place = addressed_region(headers.get("host", ""), scope["path"])
        client = tuple(scope["client"][:2])
        for region in dict.fromkeys((signed, place)):
            refusal = self._outage.refusal(region, service)
            if refusal is not None:
                await self._refuse(refusal, str(region), client, receive, send)
                return
        region = place or signed or ""
        if self._outage.partitioned() and self._comes_from_elsewhere((client, tuple(scope["server"][:2])), region):
            self._connections.cut(client)
            return
        delay = self._outage.delay(region)
        if delay and not signed:
            await asyncio.sleep(delay)
            delayed.set(True)
        self._served[region].add(client)
        try:
            await self._app(scope, receive, send)
        finally:
            self._served[region].discard(client)

    def _comes_from_elsewhere(self, ends: Ends, region: str) -> bool:
        caller = callers.region_of(ends)
        return caller is not None and bool(region) and not self._outage.connected(caller, region)

    async def _refuse(self, how: Condition, region: str, client: Client, receive: Receive, send: Send) -> None:
        if how.answer == ERROR:
            body = b"<ErrorResponse><Error><Code>ServiceUnavailable</Code></Error></ErrorResponse>"
            headers = [(b"content-type", b"text/xml"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        while how.answer == HANG and self._outage.condition(region) == how:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1 / _TRIES_PER_SECOND):
                    if (await receive())["type"] == "http.disconnect":
                        return
        self._connections.cut(client)

    def _cut_what_is_being_served(self, region: str, _before: Condition, now: Condition) -> None:
        if now.mode == DEAD and self._loop is not None:
            self._loop.call_soon_threadsafe(self._cut_all, region)

    def _cut_all(self, region: str) -> None:
        for client in list(self._served[region]):
            self._connections.cut(client)


def signature(headers: Mapping[str, str], query: str) -> tuple[str | None, str | None]:
    """Region and service that a request is signed for, in its header or as a presigned URL."""
    text = headers.get("authorization", "")
    if "X-Amz-Credential=" in query:
        text = "Credential=" + parse_qs(query)["X-Amz-Credential"][0]
    found = _CREDENTIAL.search(text)
    return (found[1], found[2]) if found else (None, None)


def addressed_region(host: str, path: str) -> str | None:
    """The region of the endpoint that a request is addressed to; None if its address does not tell."""
    name = host.partition(":")[0].lower()
    app = importlib.import_module("ministack.app")
    in_host = _REGION_IN_HOST.search(name)
    if in_host:
        return in_host[1]
    return (
        _region_of_api(app, host, path)
        or _region_of_load_balancer(app, host, path)
        or _region_of_bucket(app, name, path)
    )


def _region_of_api(app: Service, host: str, path: str) -> str | None:
    rest_apis, http_apis = app._get_module("apigateway_v1"), app._get_module("apigateway")
    called = app._parse_execute_api_url(host, path)
    if called:
        scope = rest_apis.find_api_scope(called[0]) or http_apis.find_api_scope(called[0])
        return scope[1] if scope else None
    url = app._parse_lambda_url(host, path)
    if url:
        found = app._get_module("lambda_svc").resolve_function_url(url[0])
        return found[1] if found else None
    domain = rest_apis.find_domain_scope(host.partition(":")[0])
    return domain[1] if domain else None


def _region_of_bucket(app: Service, name: str, path: str) -> str | None:
    """A request in the path's style is S3's only if its first part is a bucket: nothing else has such a name here."""
    bucket = app._extract_s3_vhost_bucket(name) or path.split("/")[1]
    region: str | None = app._get_module("s3").bucket_region(bucket) if bucket else None
    return region


def _region_of_load_balancer(app: Service, host: str, path: str) -> str | None:
    if not path.startswith("/_alb/"):
        found = names.balancer(host, region=addressed.get())
        return found.region if found else None
    name = path.split("/")[2]
    balancers = app._get_module("alb")._lbs.all_items()
    return next((key[1] for key, each in balancers if each["LoadBalancerName"] == name), None)


def install(aws: Any, outage: Outage) -> None:
    """Stand before everything that ``aws`` serves. Raises MissingNameError from another MiniStack."""
    close_gaps([Gap("app", RELIES_ON, lambda _: None), Gap("services.apigateway_v1", (), _lead_shared_names)])
    connections = Connections()
    connections.watch(importlib.import_module("hypercorn.asyncio.tcp_server"))
    aws.wrap(lambda app: Gate(app, outage, connections))


def _lead_shared_names(apigateway: Service) -> None:
    """A custom domain that exists in several regions leads to the one that the client resolved it to."""

    @around(apigateway, "find_domain_scope")
    def find(original: Any, name: str) -> Any:
        region, account = addressed.get(), apigateway.get_account_id()
        if region and apigateway._domain_names.contains_scoped(account, region, name.lower()):
            return account, region, name.lower()
        return original(name)
