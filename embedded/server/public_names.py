"""A deployment's public names, as functions reach them on AWS: resolved, over HTTPS, with a certificate.

Nothing on this machine resolves such a name. Every function's process therefore gets a proxy and an authority through
the environment variables that HTTP clients and OpenSSL know (``HTTPS_PROXY``, ``SSL_CERT_FILE``); the proxy shows a
certificate for the name that it was asked for, and leads to the emulator. It knows the names of API Gateway's custom
domains and those that Route 53 leads to a load balancer, and no way to the internet.
"""

import asyncio
import os
import ssl
from collections.abc import Callable
from types import ModuleType

from embedded.server import names, patching
from embedded.server.certificates import Authority
from embedded.server.config import ServerConfig
from embedded.server.proxy import Relay, Stream

HOST = "127.0.0.1"
HTTPS = 443
RELIES_ON = ("find_domain_scope",)

_relays: list[Relay] = []  # none or one: a server process serves one deployment


class PublicNames:
    """Ends TLS for the names that ``known`` tells, and leads what comes to the emulator's port."""

    def __init__(self, config: ServerConfig, known: Callable[[str], bool]) -> None:
        self._config, self._known = config, known
        self._authority = Authority()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.trust_bundle = config.work_dir / "public-names.pem"
        self.trust_bundle.write_text(self._authority.pem)

    async def connect(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> Stream:
        """Answer a client's CONNECT, take over the server's part of TLS, and connect to the emulator."""
        request = (await client.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode("latin-1")
        method, _, target = request.rpartition(" ")[0].partition(" ")
        name, _, port = target.rpartition(":")
        if method != "CONNECT" or port != str(HTTPS) or not self._known(name):
            back.write(b"HTTP/1.1 502 Name Not Resolved\r\n\r\n")
            await back.drain()
            back.close()
            raise EOFError
        back.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        await back.start_tls(self._context(name))
        return await asyncio.open_connection(HOST, self._config.port)

    def _context(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            issued = self._authority.issue(names=[name])
            pair = self._config.work_dir / f"{name}.pem"
            pair.touch(mode=0o600)
            pair.write_text(issued.key + issued.certificate)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(pair)
            self._contexts[name] = context
        return self._contexts[name]


def install(api_gateway: ModuleType, config: ServerConfig) -> None:
    """Serve the names to the functions that this process starts. Raises MissingNameError from another MiniStack."""
    patching.close_gaps([patching.Gap("services.apigateway_v1", RELIES_ON, lambda _: None)])

    def known(name: str) -> bool:
        return api_gateway.find_domain_scope(name) is not None or names.leads_to_balancer(name)

    public = PublicNames(config, known)
    relay = Relay(HOST, 0)
    relay.lead(public.connect)
    _relays.append(relay)
    os.environ.update(HTTPS_PROXY=f"http://{HOST}:{relay.port}", SSL_CERT_FILE=str(public.trust_bundle))


def shutdown() -> None:
    """Stop serving."""
    while _relays:
        _relays.pop().close()
