"""What counts as a secret that somebody wrote down, and what does not although it looks alike."""

from __future__ import annotations

import random
import string

import pytest

from policies.rules.data_protection._secrets import names_a_secret, secrets

BASE64 = string.ascii_letters + string.digits + "+/"
HASH = "n6UmdI0+sAG7XVS1+dOByuw8CLASSx95ROAYtZyt9lY="
KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def faults(value: object) -> list[str]:
    return [f"{written.place} {written.fault}" for written in secrets(value)]


@pytest.mark.parametrize(
    "name",
    [
        "password", "master_password", "masterUserPassword", "PGPASSWORD", "DB_PASS", "passphrase", "client_secret",
        "secret_string", "secret_string_wo", "SIGNING_SECRET", "api_key", "apiKey", "X-Api-Key", "secret_access_key",
        "private_key", "auth_token", "tokens", "credentials", "tunnel1_preshared_key", "key_material_base64", "token2",
    ],
)  # fmt: skip
def test_names_that_say_that_something_is_secret(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "password_length", "secret_id", "DATABASE_SECRET_ARN", "secret_name", "secret_string_wo_version", "hash_key",
        "recovery_window_in_days", "api_key_source", "token_validity", "kms_key_id", "public_key", "key", "value", "",
        "password_encryption", "creation_token", "client_request_token_id", "credentials_version", "aws:TokenIssueTime",
        "bypass", "access_key_id", "compass", "sort_key", "idempotency_token",
    ],
)  # fmt: skip
def test_names_that_only_speak_about_secrets(name: str) -> None:
    assert not names_a_secret(name)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"password": "hunter2"}, "password is a secret, written down"),
        ({"auth": [{"oauth": {"client_secret": "x" * 8}}]}, "auth.0.oauth.client_secret is a secret, written down"),
        ({"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}, "env.0.value is a secret, written down"),
        ({"db_password": {"type": "string", "default": "hunter2"}}, "db_password.default is a secret, written down"),
        ({"secret_string": '{"a": "b"}'}, "secret_string is a secret, written down"),
        ({"secret_string": '${sensitive("hunter2")}'}, "secret_string is a secret, written down"),
        ({"password_base64": "aHVudGVyMg=="}, "password_base64 is a secret, written down"),
        ({"s": '${jsonencode({"api_key" = "hunter2", "n" = var.n})}'}, "s gives api_key a value"),
        ({"s": '{"user": "${var.u}", "password": "hunter2"}'}, "s gives password a value"),
        ({"s": '[{"name": "TOKEN", "value": "hunter2"}]'}, "s gives TOKEN a value"),
        ({"item": '{"token": {"S": "hunter2"}}'}, "item gives token a value"),
        ({"user_data": "#!/bin/sh\nDB_PASSWORD='hunter2' run\n"}, "user_data gives DB_PASSWORD a value"),
        ({"user_data_base64": "IyEvYmluL3NoCmV4cG9ydCBUT0tFTj1odW50ZXIyCg=="}, "user_data_base64 gives TOKEN a value"),
        ({"dsn": "postgres://app:hunter2@db.example/ledger"}, "dsn holds a password in an address"),
        ({"dsn": "Server=db;User Id=app;Password=hunter2;"}, "dsn holds a password in a connection string"),
        ({"text": "see AKIAIOSFODNN7EXAMPLE"}, "text holds an access key id of AWS"),
        ({"text": "-----BEGIN RSA PRIVATE KEY-----"}, "text holds a private key"),
        ({"h": "Bearer 0123456789abcdef01"}, "h holds an Authorization header"),
        ({"j": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0YXAifQ."}, "j holds a JSON web token"),
        ({"setting": KEY}, "setting holds 40 random characters"),
        ({"setting": f"prefix {KEY} suffix"}, "setting holds 40 random characters"),
        ({"setting": "d41d8cd98f00b204e9800998ecf8427e"}, "setting holds 32 random characters"),
        ({"setting": f'${{format("%s", "{KEY}")}}'}, "setting holds 40 random characters"),
    ],
)
def test_what_is_found_and_where(value: object, fault: str) -> None:
    assert faults(value) == [fault]


@pytest.mark.parametrize(
    "value",
    [
        {"password": "${ephemeral.aws_secretsmanager_random_password.a.random_password}"},
        {"password": "${var.password}"},
        {"password": ""},
        {"secret": "arn:aws:secretsmanager:us-east-1:000000000000:secret:tap-AbCdEf"},
        {"password": "/tap/dev/password"},
        {"password": "{{resolve:secretsmanager:tap}}"},
        {"TaskToken.$": "$$.Task.Token"},
        {"http_tokens": "required"},
        {"token_validity_units": {"access_token": "hours"}},
        {"credentials": "1"},
        {"force_overwrite_replica_secret": True},
        {"encryption_key": "alias/tap"},
        {"request_parameters": {"integration.request.header.x-api-key": "method.request.header.x-api-key"}},
        {"attribute": [{"name": "token", "type": "S"}]},
        {"dsn": "postgres://app:${var.password}@db.example/ledger"},
        {"dsn": "https://user@host.example/a:b"},
        {"source_code_hash": HASH},
        {"source_code_hash": '${sha256("x")}'},
        {"id": KEY},
        {"image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/tap@sha256:" + "0123456789abcdef" * 4},
        {"kms": "arn:aws:kms:us-west-2:000000000000:key/mrk-0123456789abcdef0123456789abcdef"},
        {"body": '{"sha256": "' + "0123456789abcdef" * 4 + '"}'},
        {"body": '{"schemas": {"token": {"type": "string"}}, "required": ["token"]}'},
        {"policy": '{"Action": "secretsmanager:GetSecretValue", "Condition": {"StringEquals": {"a": "b"}}}'},
        {"name": "API-Gateway-Execution-Logs_${aws_api_gateway_rest_api.ingress_api_5EE67672.id}/dev"},
        {"group": "/aws/lambda/tap-health-database-use1-dev"},
        {"metric": "AuroraGlobalDBReplicationLag", "type": "AwsEc2ClientVpnEndpointDetails"},
        {"digits": "0" * 40, "account": "123456789012" * 4},
        {"endpoint": "AaBbCc01DdEeFf23GgHhIi45@example.com"},
        {"domain_name": "global.0123456789abcdef0123456789abcdef.example", "bucket": "0123456789abcdef" * 2},
        {"uuid": "0f8fad5b-d9cd-469f-a165-70867728950e"},
        {"ca": "-----BEGIN CERTIFICATE-----\n" + KEY + "\n-----END CERTIFICATE-----"},
        {"//": {"password": "hunter2"}},
        {"password": None, "token": 5, "secret": [], "credentials": {}},
    ],
)
def test_what_passes(value: object) -> None:
    assert faults(value) == []


@pytest.mark.parametrize(("length", "least"), [(20, 0.85), (40, 0.93), (64, 0.96)])
def test_most_random_text_is_found_although_nothing_names_it(length: int, least: float) -> None:
    dice = random.Random(length)  # noqa: S311  # it need not be hard to guess, only the same each time
    drawn = ["".join(dice.choice(BASE64) for _ in range(length)) for _ in range(500)]
    assert sum(bool(faults({"setting": text})) for text in drawn) / len(drawn) >= least


def test_no_message_holds_the_secret_itself() -> None:
    value = {"password": "hunter2-hunter2", "dsn": "postgres://app:hunter2@db/x", "setting": KEY}
    found = list(secrets(value))
    assert len(found) == 3
    for written in found:
        assert "hunter2" not in written.fault + repr(written)
        assert KEY not in written.fault + repr(written)


def test_no_depth_and_no_type_is_too_strange() -> None:
    deep: object = "x"
    for _ in range(10_000):
        deep = {"a": [deep]}
    assert faults(deep) == []
    assert faults({1: {"password": 1.5}, "b": [None, b"x", ("y",)]}) == []
