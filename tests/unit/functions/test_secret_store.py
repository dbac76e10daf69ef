"""Signing keys and database users come from Secrets Manager, through rotations and its outages."""

import json
import logging

import boto3
import pytest
from botocore.config import Config

from domain.secret_store import (
    CACHE_SECONDS,
    REFRESH_SECONDS,
    ROTATION_GRACE_SECONDS,
    CredentialCache,
    Credentials,
    SecretError,
    SigningKeys,
    read_credentials,
)
from tests.unit.functions.support import Cloud


class Clock:
    """Time that passes when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def rotate(cloud: Cloud, arn: str, key: str) -> None:
    cloud.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=json.dumps({"key": key}))


@pytest.fixture
def secret(cloud: Cloud) -> str:
    return cloud.new_secret({"key": "first"})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(cloud: Cloud, secret: str, clock: Clock) -> SigningKeys:
    return SigningKeys(cloud.client("secretsmanager"), secret, clock=clock)


class TestSigningKeys:
    def test_a_secret_that_was_never_rotated_holds_one(self, keys: SigningKeys) -> None:
        assert keys.current() == (b"first",)

    def test_after_a_rotation_the_previous_one_is_good_too(self, cloud: Cloud, secret: str, keys: SigningKeys) -> None:
        rotate(cloud, secret, "second")
        assert keys.current() == (b"second", b"first")

    def test_a_day_after_a_rotation_the_previous_one_is_not(self, cloud: Cloud, secret: str) -> None:
        rotate(cloud, secret, "second")
        client = cloud.client("secretsmanager")
        rotated = client.get_secret_value(SecretId=secret)["CreatedDate"].timestamp()
        later = Clock(rotated + ROTATION_GRACE_SECONDS + 1)
        assert SigningKeys(client, secret, wall_clock=later).current() == (b"second",)

    def test_they_are_read_once_in_a_while(self, cloud: Cloud, secret: str, keys: SigningKeys, clock: Clock) -> None:
        keys.current()
        rotate(cloud, secret, "second")
        clock.now += CACHE_SECONDS
        assert keys.current() == (b"first",)
        clock.now += 1
        assert keys.current() == (b"second", b"first")

    def test_a_wrong_signature_has_them_read_again_however_fresh_they_are(
        self, cloud: Cloud, secret: str, keys: SigningKeys
    ) -> None:
        keys.current()
        rotate(cloud, secret, "second")
        assert keys.refreshed() == (b"second", b"first")

    def test_a_flood_of_wrong_signatures_does_so_once_in_a_while(
        self, cloud: Cloud, secret: str, keys: SigningKeys, clock: Clock
    ) -> None:
        keys.current()
        assert keys.refreshed() == (b"first",)
        rotate(cloud, secret, "second")
        clock.now += REFRESH_SECONDS - 1
        assert keys.refreshed() is None
        clock.now += 1
        assert keys.refreshed() == (b"second", b"first")

    def test_an_outage_is_outlived_with_those_that_are_known(
        self, cloud: Cloud, keys: SigningKeys, secret: str, clock: Clock
    ) -> None:
        keys.current()
        cloud.client("secretsmanager").delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
        clock.now += 2 * CACHE_SECONDS
        assert keys.current() == (b"first",)
        assert keys.refreshed() == (b"first",)

    def test_in_an_outage_from_the_start_there_are_none(self) -> None:
        with pytest.raises(SecretError, match="reached"):
            SigningKeys(_unreachable(), "arn").current()

    @pytest.mark.parametrize("content", ["", "text", "[]", '{"key": 1}', '{"key": ""}', '{"other": "x"}'])
    def test_a_secret_of_another_form_is_named_as_the_fault(self, cloud: Cloud, secret: str, content: str) -> None:
        client = cloud.client("secretsmanager")
        client.put_secret_value(SecretId=secret, SecretString=content or " ")
        with pytest.raises(SecretError, match="the secret"):
            SigningKeys(client, secret).current()


class TestCredentials:
    def test_they_are_a_name_and_a_password(self, cloud: Cloud) -> None:
        arn = cloud.new_secret({"username": "user", "password": "word"})
        assert read_credentials(cloud.client("secretsmanager"), arn) == Credentials("user", "word")

    def test_no_password_shows_when_they_are_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        logging.getLogger("test").info("%s %r", Credentials("user", "hidden"), Credentials("user", "hidden"))
        assert "user" in caplog.text
        assert "hidden" not in caplog.text

    def test_once_refused_they_are_read_again(self, cloud: Cloud) -> None:
        client, arn = cloud.client("secretsmanager"), cloud.new_secret({"username": "user", "password": "old"})
        cache = CredentialCache(client, arn)
        cache.get()
        client.put_secret_value(SecretId=arn, SecretString=json.dumps({"username": "user", "password": "new"}))
        assert cache.get().password == "old"
        cache.forget()
        assert cache.get().password == "new"

    def test_what_cannot_be_read_is_said_without_arn_or_value(self, cloud: Cloud) -> None:
        with pytest.raises(SecretError, match="ResourceNotFoundException") as caught:
            read_credentials(cloud.client("secretsmanager"), "no-such-secret")
        assert "no-such-secret" not in str(caught.value)


def _unreachable() -> object:
    """A client whose endpoint refuses connections (port 1 of the loopback)."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    return session.client("secretsmanager", endpoint_url="http://127.0.0.1:1", config=config)
