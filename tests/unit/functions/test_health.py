"""The health functions, as they are deployed: live, active, and the ledger behind the right endpoint."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.unit.functions.support import (
    Answer,
    Cloud,
    ControlItem,
    Database,
    Deploy,
    Function,
    eventually,
    request,
    unique,
)


def get(function: Function, path: str) -> Answer:
    return function(request("GET", path))


@pytest.fixture(scope="module")
def health(deploy: Deploy, sessions_table: str) -> Function:
    return deploy("health_live", SESSIONS_TABLE=sessions_table)


@pytest.fixture(scope="module")
def health_without_table(deploy: Deploy) -> Function:
    return deploy("health_live", SESSIONS_TABLE="no-such-table")


class TestLiveAndActive:
    def test_a_function_that_runs_is_live(self, health: Function) -> None:
        answer = get(health, "/health/live")
        assert (answer.status, answer.body) == (200, {"status": "ok"})

    def test_it_is_live_without_any_other_service(self, health_without_table: Function) -> None:
        assert get(health_without_table, "/health/live").status == 200

    def test_active_follows_the_control_item_at_once(self, health: Function, control_item: ControlItem) -> None:
        statuses = []
        for state in ("active", "standby", "active", "fenced", "active"):
            control_item.put(state)
            statuses.append(get(health, "/health/active").status)
        assert statuses == [200, 503, 200, 503, 200]

    def test_a_region_without_a_state_is_not_active(self, health: Function, control_item: ControlItem) -> None:
        control_item.remove()
        answer = get(health, "/health/active")
        assert answer.status == 503
        assert answer.is_problem

    def test_a_region_whose_state_cannot_be_read_is_not_active(self, health_without_table: Function) -> None:
        answer = get(health_without_table, "/health/active")
        assert answer.status == 503
        assert answer.is_problem


@pytest.fixture(scope="module")
def application_secret(cloud: Cloud) -> str:
    return cloud.new_secret({"username": "ledger_health", "password": "first-password"})


@pytest.fixture(scope="module")
def migrate(deploy: Deploy, database: Database, application_secret: str) -> Function:
    migrate = deploy("migrate", **database.migration_variables(application_secret))
    assert migrate({}).error is None
    return migrate


@pytest.mark.usefixtures("migrate", "control_item")
class TestDatabase:
    @pytest.fixture
    def variables(self, sessions_table: str, database: Database, application_secret: str) -> dict[str, str]:
        hosts = {
            "SESSIONS_TABLE": sessions_table,
            "DATABASE_READER_HOST": database.host,
            "VERDICT_CACHE_SECONDS": "5",
        }
        return database.variables(application_secret) | hosts

    @pytest.fixture
    def nowhere(self) -> Iterator[str]:
        """An address that takes connections on a port, and never says a word."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield str(server.getsockname()[1])

    def test_an_active_region_asks_the_writer(
        self, deploy: Deploy, variables: dict[str, str], control_item: ControlItem
    ) -> None:
        control_item.put("active")
        health = deploy("health_database", **variables | {"DATABASE_READER_HOST": "reader.invalid"})
        assert get(health, "/health/database").status == 200

    def test_a_standby_asks_the_reader(
        self, deploy: Deploy, variables: dict[str, str], control_item: ControlItem
    ) -> None:
        control_item.put("standby")
        health = deploy("health_database", **variables | {"DATABASE_WRITER_HOST": "writer.invalid"})
        assert get(health, "/health/database").status == 200

    def test_a_fenced_region_is_unhealthy_whatever_the_database_says(
        self, deploy: Deploy, variables: dict[str, str], control_item: ControlItem
    ) -> None:
        control_item.put("fenced")
        answer = get(deploy("health_database", **variables), "/health/database")
        assert answer.status == 503
        assert answer.is_problem

    @pytest.mark.parametrize(("cached", "statuses"), [("3600", [200, 200]), ("0", [200, 503])])
    def test_a_verdict_is_repeated_for_as_long_as_the_function_is_told(
        self, deploy: Deploy, variables: dict[str, str], control_item: ControlItem, cached: str, statuses: list[int]
    ) -> None:
        control_item.put("active")
        health = deploy("health_database", **variables | {"VERDICT_CACHE_SECONDS": cached})
        before = get(health, "/health/database").status
        control_item.put("fenced")
        assert [before, get(health, "/health/database").status] == statuses

    def test_a_name_that_does_not_resolve_is_unhealthy(self, deploy: Deploy, variables: dict[str, str]) -> None:
        health = deploy("health_database", **variables | {"DATABASE_WRITER_HOST": "writer.invalid"})
        answer = get(health, "/health/database")
        assert answer.status == 503
        # The reason is for the log; whoever asks from outside learns nothing of the database.
        assert "writer.invalid" in answer.log
        assert "writer.invalid" not in json.dumps(answer.payload)

    def test_a_server_that_keeps_silent_is_unhealthy_in_time(
        self, deploy: Deploy, variables: dict[str, str], nowhere: str
    ) -> None:
        silent = {"DATABASE_WRITER_HOST": "127.0.0.1", "DATABASE_PORT": nowhere}
        answer = get(deploy("health_database", **variables | silent), "/health/database")
        assert answer.status == 503
        assert "no answer within 1.5 s" in answer.log

    def test_a_server_under_another_name_is_unhealthy(self, deploy: Deploy, variables: dict[str, str]) -> None:
        health = deploy("health_database", **variables | {"DATABASE_WRITER_HOST": "localhost"})
        assert get(health, "/health/database").status == 503

    def test_another_trust_bundle_than_the_deployments_is_refused(
        self, deploy: Deploy, variables: dict[str, str]
    ) -> None:
        health = deploy("health_database", **variables | {"DATABASE_TRUST_BUNDLE_SHA256": "0" * 64})
        answer = get(health, "/health/database")
        assert answer.status == 503
        assert "checksum" in answer.log

    def test_a_rotated_password_is_read_again(
        self,
        deploy: Deploy,
        variables: dict[str, str],
        cloud: Cloud,
        application_secret: str,
        migrate: Function,
    ) -> None:
        health = deploy("health_database", **variables)
        assert get(health, "/health/database").status == 200
        rotated = {"username": "ledger_health", "password": unique("password")}
        cloud.client("secretsmanager").put_secret_value(SecretId=application_secret, SecretString=json.dumps(rotated))
        assert migrate({}).error is None
        after: list[Answer] = []

        def refused_once() -> bool:
            after.append(get(health, "/health/database"))
            return "reading the secret again" in after[-1].log

        assert eventually(refused_once)
        assert {answer.status for answer in after} == {200}
