"""What the tests know of the deployment under test: its outputs, its target, and how to talk to it."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from deployment import aws, payment, places, session, synthesis, target
from deployment.errors import DeploymentError
from embedded.launcher import Emulator
from lib.settings import Settings

REGION_STACKS = ("primary", "secondary")
POLL_SECONDS = 0.2
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What the API said; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def content(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Secret:
    """A secret's value. It never shows in a failure's message; compare fingerprints."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(…)"

    @property
    def fingerprint(self) -> str:
        """SHA-256 in hex."""
        return hashlib.sha256(self._text.encode()).hexdigest()

    def field(self, name: str) -> str:
        """One field of the JSON object that every secret here is."""
        return str(json.loads(self._text)[name])


@dataclass(frozen=True)
class Region:
    """One region of the deployment: its stack's outputs and its names."""

    name: str
    host: str
    stack: str
    outputs: dict[str, Any]

    def __str__(self) -> str:
        return self.name


class Platform:
    """The deployment on whichever target ``TARGET`` names."""

    def __init__(self, place: target.Target, outputs: dict[str, dict[str, Any]]) -> None:
        self.place = place
        self.outputs = outputs
        self.shared = outputs["global"]
        self.routing = outputs["routing"]
        self._clients: dict[tuple[str, str], Any] = {}

    @cached_property
    def settings(self) -> Settings:
        """What it was deployed with."""
        return session.settings()

    @cached_property
    def regions(self) -> dict[str, Region]:
        """Both regions by the name of their stack, primary first."""
        names = self.shared["regional_names"]
        found = {stack: self.outputs[stack] for stack in REGION_STACKS}
        return {stack: Region(out["region"], names[out["region"]], stack, out) for stack, out in found.items()}

    @property
    def primary(self) -> Region:
        """The region that was deployed as the active one."""
        return self.regions["primary"]

    @property
    def standby(self) -> Region:
        """The region that was deployed as the standby."""
        return self.regions["secondary"]

    def stacks(self) -> list[synthesis.Stack]:
        """The stacks as they were synthesized for the deployment."""
        return synthesis.read(places.synth_folder())

    def peer(self, region: Region) -> Region:
        """The other one."""
        return self.standby if region is self.primary else self.primary

    @property
    def emulator(self) -> Emulator:
        """The embedded AWS; only tests marked ``embedded_only`` may ask for it."""
        assert isinstance(self.place, target.Embedded), "this test belongs to the embedded target alone"
        return self.place.emulator

    def client(self, service: str, region: Region | str) -> Any:
        """A boto3 client, made once."""
        key = (service, str(region))
        if key not in self._clients:
            self._clients[key] = aws.client(*key)
        return self._clients[key]

    def secret(self, arns: Mapping[str, str], region: Region) -> Secret:
        """The current value of a secret, as one region has it."""
        found = self.client("secretsmanager", region).get_secret_value(SecretId=arns[region.name])
        return Secret(found["SecretString"])

    @cached_property
    def signing_key(self) -> Secret:
        """What webhooks are signed with."""
        return self.secret(self.shared["signing_secret_arns"], self.primary)

    def request(
        self,
        host: str,
        method: str,
        path: str,
        *,
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to one of the deployment's names.

        On the embedded target nothing resolves them: the emulator is called with the name as ``Host``.
        """
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        connection: http.client.HTTPConnection
        if endpoint:
            connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
        else:
            connection = http.client.HTTPSConnection(host, timeout=30, context=ssl.create_default_context())
        try:
            connection.request(method, path, body=body, headers={"Host": host, **(headers or {})})
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read().decode(errors="replace"))
        finally:
            connection.close()

    def get(self, region: Region, path: str) -> Answer:
        """An unsigned GET to a region by its own name."""
        return self.request(region.host, "GET", path)

    def sign(self, signed: str, *, now: int | None = None, key: str | None = None) -> dict[str, str]:
        """The header that signs a text: a webhook's body, or the line of a GET."""
        moment = int(time.time()) if now is None else now
        return {"Tap-Signature": payment.signature(key or self.signing_key.field("key"), signed, now=moment)}

    def send(self, region: Region, body: str, **signature: Any) -> Answer:
        """Send a signed webhook; ``now`` and ``key`` sign it otherwise than the sender should."""
        headers = {"Content-Type": "application/json", **self.sign(body, **signature)}
        return self.request(region.host, "POST", "/v1/webhooks/payments", body=body.encode(), headers=headers)

    def read(self, region: Region, payment_id: str, **signature: Any) -> Answer:
        """Ask a region for a payment's status."""
        path = f"/v1/payments/{payment_id}"
        return self.request(region.host, "GET", path, headers=self.sign(f"GET {path}", **signature))

    def look_up(self, region: Region, **query: str) -> Answer:
        """List payments of a region; the parameters are put in the order in which they are signed."""
        path = f"/v1/payments?{urlencode(sorted(query.items()), quote_via=quote)}"
        return self.request(region.host, "GET", path, headers=self.sign(f"GET {path}"))


def connect() -> Platform:
    """The deployment that ``make deploy`` has left. Raises LookupError, with what to do, if there is none to test."""
    path = places.outputs()
    try:
        place = target.attach(target.chosen())
        wanted = session.settings().environment_suffix
    except DeploymentError as error:
        raise LookupError(str(error)) from None
    if place is None or not path.is_file():
        raise LookupError(f"There is no deployment to test ({places.shown(path)}): deploy first: make deploy")
    outputs = json.loads(Path(path).read_text(encoding="utf-8"))
    missing = {"global", *REGION_STACKS, "routing"} - set(outputs)
    if missing:
        raise LookupError(f"{places.shown(path)} lacks {', '.join(sorted(missing))}: deploy first: make deploy")
    deployed = outputs["global"]["environment_suffix"]
    if deployed != wanted:
        raise LookupError(
            f"{deployed!r} is deployed, and the tests are for {wanted!r}: set ENVIRONMENT_SUFFIX={deployed}"
        )
    return Platform(place, outputs)


def eventually(ask: Callable[[], T], good: Callable[[T], object], *, within: float) -> T:
    """The first answer that is good, or the last one after ``within`` seconds, for the caller to judge."""
    deadline = time.monotonic() + within
    while True:
        answer = ask()
        if good(answer) or time.monotonic() > deadline:
            return answer
        time.sleep(POLL_SECONDS)
