"""The signing secret is rotated while webhooks arrive: none is refused, and in the end the old key is."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from embedded import control
from tests.integration import payments
from tests.integration.platform import Platform, Region, eventually

NOTICED_SECONDS = 30
"""A wrong signature has the keys read again, at most every 10 s."""

SENDING_SECONDS = 2


class Rotation:
    """The secret in the primary region, whose values go to the other by themselves."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._client = platform.client("secretsmanager", platform.primary)
        self._arn = platform.shared["signing_secret_arns"][platform.primary.name]

    def rotate(self) -> str:
        """Put a new key, which both regions have when this returns; the key."""
        key = secrets.token_urlsafe(32)
        self._client.put_secret_value(SecretId=self._arn, SecretString=json.dumps({"key": key}))
        for region in self._platform.regions.values():
            eventually(lambda region=region: self._held(region), lambda held: held == key, within=NOTICED_SECONDS)  # type: ignore[misc]
        return key

    def _held(self, region: Region) -> str:
        return self._platform.secret(self._platform.shared["signing_secret_arns"], region).field("key")

    def stages(self) -> dict[str, str]:
        """Which version has which stage."""
        pages = self._client.list_secret_version_ids(SecretId=self._arn, IncludeDeprecated=True)["Versions"]
        return {stage: version["VersionId"] for version in pages for stage in version.get("VersionStages", [])}

    def move(self, stage: str, *, to: str | None) -> None:
        """Give a stage to another version, or to none."""
        held = self.stages().get(stage)
        if held != to:
            versions = {"MoveToVersionId": to, "RemoveFromVersionId": held}
            given = {name: version for name, version in versions.items() if version}
            self._client.update_secret_version_stage(SecretId=self._arn, VersionStage=stage, **given)


@pytest.fixture
def rotation(platform: Platform) -> Iterator[Rotation]:
    """Rotations that are taken back: the first version is the current one again, and the functions know it."""
    first, rotation = platform.signing_key.field("key"), Rotation(platform)
    before = rotation.stages()
    # A version without a stage may be deleted.
    rotation.move("KEPT", to=before["AWSCURRENT"])
    yield rotation
    rotation.move("AWSCURRENT", to=before["AWSCURRENT"])
    rotation.move("AWSPREVIOUS", to=before.get("AWSPREVIOUS"))
    rotation.move("KEPT", to=None)
    forget(platform)
    for region in platform.regions.values():
        answer = eventually(
            lambda region=region: platform.send(region, payments.body(), key=first),  # type: ignore[misc]
            lambda seen: seen.status == 202,
            within=NOTICED_SECONDS,
        )
        assert answer.status == 202, "the first key is not back"


def forget(platform: Platform) -> None:
    """Let the functions' processes end, where that can be done: on an account they remember keys for 300 s."""
    if platform.place.name == "embedded":
        for region in platform.regions.values():
            for name in ("webhook", "payments"):
                control.kill_function(platform.emulator.endpoint, region.name, region.outputs["functions"][name])


class Senders:
    """Sends webhooks to both regions all the time, signed with the key of the moment."""

    def __init__(self, platform: Platform, key: str) -> None:
        self.key, self.answers, self._platform = key, Counter[tuple[str, int]](), platform
        self._ended, self._lock = threading.Event(), threading.Lock()

    @contextmanager
    def sending(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._send, args=(each,)) for each in self._platform.regions.values()]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _send(self, region: Region) -> None:
        while not self._ended.is_set():
            key = self.key
            status = self._platform.send(region, payments.body(), key=key).status
            with self._lock:
                self.answers[key, status] += 1


def test_no_webhook_is_refused_while_the_key_is_rotated(platform: Platform, rotation: Rotation) -> None:
    senders = Senders(platform, first := platform.signing_key.field("key"))

    with senders.sending():
        time.sleep(SENDING_SECONDS)
        second = rotation.rotate()
        time.sleep(SENDING_SECONDS)  # the sender learns of it later
        senders.key = second
        time.sleep(SENDING_SECONDS)

    statuses: dict[str, Any] = {
        name: {status: count for (used, status), count in senders.answers.items() if used == key}
        for name, key in (("first", first), ("second", second))
    }
    assert set(statuses["first"]) == set(statuses["second"]) == {202}, statuses


def test_reads_are_signed_with_either_key_too(platform: Platform, region: Region, rotation: Rotation) -> None:
    first, second = platform.signing_key.field("key"), rotation.rotate()
    payment = payments.content()
    assert platform.send(region, json.dumps(payment), key=second).status == 202

    assert platform.read(region, payment["id"], key=first).status == 200
    assert platform.read(region, payment["id"], key=second).status == 200


@pytest.mark.embedded_only
def test_a_key_from_before_the_previous_one_is_refused(platform: Platform, region: Region, rotation: Rotation) -> None:
    """After a day so is the previous one: on a clock of its own, in tests/unit/functions/test_secret_store.py."""
    first, second, third = platform.signing_key.field("key"), rotation.rotate(), rotation.rotate()
    forget(platform)

    assert platform.send(region, payments.body(), key=third).status == 202
    assert platform.send(region, payments.body(), key=second).status == 202
    assert platform.send(region, payments.body(), key=first).status == 401
