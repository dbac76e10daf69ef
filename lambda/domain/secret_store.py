"""Secrets from Secrets Manager, cached in the function's memory and never logged."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

CACHE_SECONDS = 300.0
# A refresh that a wrong signature asks for happens at most this often: a flood of those is not a flood of API calls.
REFRESH_SECONDS = 10.0
# How long after a rotation the previous signing key is good: senders change theirs within a day.
ROTATION_GRACE_SECONDS = 86_400.0


class SecretError(Exception):
    """A secret cannot be read, or does not hold what it must; the message names neither value nor ARN."""


@dataclass(frozen=True)
class Credentials:
    """A database user; the password is left out of ``repr``."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r})"


def read_credentials(client: Any, arn: str) -> Credentials:
    """Return the user in the secret ``{"username", "password"}``. Raises SecretError."""
    content = _content(_read(client, arn, "AWSCURRENT"))
    return Credentials(_text(content, "username"), _text(content, "password"))


class CredentialCache:
    """A database user's credentials, read again after CACHE_SECONDS or when the server has refused them."""

    def __init__(self, client: Any, arn: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._arn, self._clock = client, arn, clock
        self._held: Credentials | None = None
        self._read_at = 0.0

    def get(self) -> Credentials:
        """Return the credentials. Raises SecretError."""
        if self._held is None or self._clock() - self._read_at > CACHE_SECONDS:
            self._held = read_credentials(self._client, self._arn)
            self._read_at = self._clock()
        return self._held

    def forget(self) -> None:
        """Read the secret again next time: its value may have been rotated."""
        self._held = None


class SigningKeys:
    """The keys that a signature may be made with: the current one and, for a day after a rotation, the previous."""

    def __init__(
        self,
        client: Any,
        arn: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._arn, self._clock, self._wall_clock = client, arn, clock, wall_clock
        self._keys: tuple[bytes, ...] = ()
        self._read_at = 0.0
        self._refreshed_at: float | None = None

    def current(self) -> tuple[bytes, ...]:
        """Return the keys, newest first. Raises SecretError when they were never read."""
        if self._keys and self._clock() - self._read_at <= CACHE_SECONDS:
            return self._keys
        try:
            self._load()
        except SecretError:
            # A key that was good minutes ago serves payments better than a refusal of all of them.
            if not self._keys:
                raise
        return self._keys

    def refreshed(self) -> tuple[bytes, ...] | None:
        """Read the keys again, REFRESH_SECONDS after the last such time at the earliest; None when it is too early.

        Ordinary readings do not count: a key that is rotated in right after one of them must be found out about too.
        """
        now = self._clock()
        if self._refreshed_at is not None and now - self._refreshed_at < REFRESH_SECONDS:
            return None
        self._refreshed_at = now
        try:
            self._load()
        except SecretError:
            self._read_at = now
        return self._keys

    def _load(self) -> None:
        version = _read(self._client, self._arn, "AWSCURRENT")
        keys = [_text(_content(version), "key").encode()]
        if self._wall_clock() - version["CreatedDate"].timestamp() <= ROTATION_GRACE_SECONDS:
            keys += self._previous()
        self._keys, self._read_at = tuple(keys), self._clock()

    def _previous(self) -> list[bytes]:
        """Whatever is wrong with the previous version, the current one is good for today's signatures."""
        try:
            return [_text(_content(_read(self._client, self._arn, "AWSPREVIOUS")), "key").encode()]
        except SecretError:
            return []


def _read(client: Any, arn: str, stage: str) -> dict[str, Any]:
    try:
        version: dict[str, Any] = client.get_secret_value(SecretId=arn, VersionStage=stage)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise SecretError(f"Secrets Manager refused to give the {stage} version: {code}") from None
    except BotoCoreError as error:
        raise SecretError(f"Secrets Manager cannot be reached: {type(error).__name__}") from None
    return version


def _content(version: dict[str, Any]) -> dict[str, Any]:
    try:
        content = json.loads(version.get("SecretString") or "")
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SecretError("the secret does not hold a JSON object")
    return content


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise SecretError(f'the secret\'s JSON object has no text "{name}"')
    return value
