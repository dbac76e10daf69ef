"""The ledger's schema comes from numbered files, each applied once, with the rights of an RDS master user."""

import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection, identifier

from domain import application_role
from domain.migrations import DIRECTORY, MigrationError, load, lock, migrate, say_region
from domain.secret_store import Credentials
from tests.unit.functions.support import FAILOVER, MASTER, REGION, Cloud, Database, Deploy, unique

Connect = Callable[..., Connection]
FIRST = "CREATE SCHEMA ledger; CREATE TABLE ledger.first (id integer)"


@pytest.fixture
def connect(database: Database) -> Iterator[Connect]:
    """Connects to a database of this test's own, as the master unless told otherwise."""
    context = ssl.create_default_context(cafile=str(database.trust_bundle))
    name = unique("test").replace("-", "_")
    with ExitStack() as open_connections:

        def open_one(user: str = MASTER["username"], password: str = MASTER["password"], to: str = name) -> Connection:
            connection = Connection(
                user, host=database.host, port=database.port, database=to, password=password, ssl_context=context
            )
            return open_connections.enter_context(connection)

        open_one(to=database.name).run(f"CREATE DATABASE {identifier(name)}")
        yield open_one


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of migrations out of SQL texts."""

    def make(*texts: str) -> Path:
        for number, text in enumerate(texts, start=1):
            (tmp_path / f"{number:04d}_step.sql").write_text(text, encoding="utf-8")
        return tmp_path

    return make


class TestFiles:
    def test_ours_are_numbered_without_a_gap(self) -> None:
        assert [migration.version for migration in load()] == list(range(1, len(list(DIRECTORY.glob("*.sql"))) + 1))

    @pytest.mark.parametrize("name", ["1_short.sql", "0001-dash.sql", "0001_Upper.sql", "first.sql"])
    def test_another_name_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("SELECT 1", encoding="utf-8")
        with pytest.raises(MigrationError, match="rename"):
            load(tmp_path)

    def test_a_gap_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "0002_late.sql").write_text("SELECT 1", encoding="utf-8")
        with pytest.raises(MigrationError, match="0001"):
            load(tmp_path)


class TestRuns:
    def test_the_first_applies_everything_in_order(self, connect: Connect, folder: Callable[..., Path]) -> None:
        found = load(folder(FIRST, "INSERT INTO ledger.first VALUES (2)"))
        assert migrate(connect(), found) == ([1, 2], 2)
        assert connect().run("SELECT id FROM ledger.first") == [[2]]

    def test_the_next_applies_nothing(self, connect: Connect, folder: Callable[..., Path]) -> None:
        found = load(folder(FIRST))
        migrate(connect(), found)
        assert migrate(connect(), found) == ([], 1)

    def test_a_later_one_applies_what_is_new(self, connect: Connect, folder: Callable[..., Path]) -> None:
        migrate(connect(), load(folder(FIRST)))
        assert migrate(connect(), load(folder(FIRST, "CREATE TABLE ledger.second ()"))) == ([2], 2)

    def test_at_the_same_time_apply_each_migration_once(self, connect: Connect, folder: Callable[..., Path]) -> None:
        found = load(folder(FIRST + "; SELECT pg_sleep(0.2)"))

        def run(connection: Connection) -> list[int]:
            lock(connection)
            applied, _ = migrate(connection, found)
            connection.run("SELECT pg_advisory_unlock_all()")
            return applied

        with ThreadPoolExecutor(3) as runs:
            assert sorted(runs.map(run, [connect() for _ in range(3)])) == [[], [], [1]]

    def test_of_older_code_leave_a_newer_schema_alone(self, connect: Connect, folder: Callable[..., Path]) -> None:
        migrate(connect(), load(folder(FIRST, "CREATE TABLE ledger.second ()")))
        older = load(folder(FIRST))[:1]
        assert migrate(connect(), older) == ([], 2)

    def test_that_fail_leave_nothing_half_done(self, connect: Connect, folder: Callable[..., Path]) -> None:
        connection = connect()
        broken = load(folder(FIRST, "CREATE TABLE ledger.second (); SELECT 1/0"))
        with pytest.raises(DatabaseError, match="22012"):
            migrate(connection, broken)
        assert connection.run("SELECT to_regclass('ledger.first') IS NULL, to_regclass('ledger.second') IS NULL") == [
            [False, True]
        ]
        assert migrate(connection, load(folder(FIRST, "CREATE TABLE ledger.second ()"))) == ([2], 2)

    def test_refuse_an_applied_migration_that_was_changed(self, connect: Connect, folder: Callable[..., Path]) -> None:
        migrate(connect(), load(folder(FIRST)))
        with pytest.raises(MigrationError, match="0001_step was changed"):
            migrate(connect(), load(folder(FIRST + ";")))

    def test_refuse_a_migration_below_the_last_applied(self, connect: Connect, folder: Callable[..., Path]) -> None:
        found = load(folder(FIRST, "SELECT 1"))
        migrate(connect(), found)
        connect().run("DELETE FROM migrations.schema_migrations WHERE version = 1")
        with pytest.raises(MigrationError, match="never applied"):
            migrate(connect(), found)


class TestTheApplicationsUser:
    @pytest.fixture
    def user(self) -> Credentials:
        return Credentials(unique("app").replace("-", "_"), unique("password"))

    @pytest.fixture
    def ready(self, connect: Connect, user: Credentials) -> Connect:
        connection = connect()
        say_region(connection, REGION)
        migrate(connection, load())
        application_role.ensure(connect(), user, group=application_role.SETTLEMENT, master=MASTER["username"])
        return connect

    def test_may_connect_and_use_the_schema(self, ready: Connect, user: Credentials) -> None:
        connection = ready(user.username, user.password)
        assert connection.run("SELECT has_schema_privilege('ledger', 'USAGE'), current_schema()") == [[True, "ledger"]]

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE TABLE ledger.mine ()",
            "CREATE SCHEMA mine",
            "CREATE TEMPORARY TABLE mine ()",
            "CREATE ROLE mine",
            "CREATE DATABASE mine",
            "SELECT * FROM migrations.schema_migrations",
            "DROP SCHEMA ledger",
        ],
    )
    def test_may_do_nothing_else(self, ready: Connect, user: Credentials, statement: str) -> None:
        with pytest.raises(DatabaseError, match="42501"):
            ready(user.username, user.password).run(statement)

    def test_gets_a_new_password_when_the_secret_has_one(self, ready: Connect, user: Credentials) -> None:
        changed = Credentials(user.username, unique("password"))
        application_role.ensure(ready(), changed, group=application_role.SETTLEMENT, master=MASTER["username"])
        assert ready(changed.username, changed.password).run("SELECT 1") == [[1]]
        with pytest.raises(DatabaseError, match="28P01"):
            ready(user.username, user.password)

    def test_is_the_same_after_another_run(self, ready: Connect, user: Credentials) -> None:
        application_role.ensure(ready(), user, group=application_role.SETTLEMENT, master=MASTER["username"])
        assert ready(user.username, user.password).run("SELECT 1") == [[1]]

    def test_cannot_be_the_master(self, ready: Connect) -> None:
        with pytest.raises(application_role.RoleError, match="reserved"):
            application_role.ensure(
                ready(), Credentials(**MASTER), group=application_role.SETTLEMENT, master=MASTER["username"]
            )

    @pytest.mark.parametrize(
        "name", ["", "Upper", 'quote"', "a b", "pg_read_all_data", "ledger_application", "ledger_failover", "a" * 64]
    )
    def test_has_a_plain_name(self, ready: Connect, name: str) -> None:
        with pytest.raises(application_role.RoleError):
            application_role.ensure(
                ready(), Credentials(name, "password"), group=application_role.SETTLEMENT, master=MASTER["username"]
            )

    def test_has_a_password_that_the_server_never_sees(self) -> None:
        verifier = application_role.scram_verifier("the-password")
        assert verifier.startswith("SCRAM-SHA-256$4096:")
        assert "the-password" not in verifier
        assert verifier != application_role.scram_verifier("the-password")

    @pytest.mark.parametrize("password", ["", "pässword", "pass\nword"])
    def test_has_a_password_without_ambiguous_characters(self, password: str) -> None:
        with pytest.raises(application_role.RoleError):
            application_role.scram_verifier(password)


class TestTheFunction:
    def test_reports_what_it_did_and_again_that_nothing_was_left(
        self, deploy: Deploy, database: Database, cloud: Cloud, connect: Connect
    ) -> None:
        secret = cloud.new_secret({"username": "app_of_function", "password": "app-password"})
        name = connect().run("SELECT current_database()")[0][0]
        function = deploy("migrate", **database.migration_variables(secret) | {"DATABASE_NAME": name})
        versions = [migration.version for migration in load()]
        answers = [function({}), function({})]
        assert answers[0].payload == {"applied": versions, "version": versions[-1]}
        assert answers[1].payload == {"applied": [], "version": versions[-1]}
        for answer in answers:
            assert MASTER["password"] not in answer.log
            assert "app-password" not in answer.log
            assert FAILOVER["password"] not in answer.log

    def test_fails_the_deployment_when_the_master_may_not_log_in(
        self, deploy: Deploy, database: Database, cloud: Cloud
    ) -> None:
        secret = cloud.new_secret({"username": "app_of_function", "password": "app-password"})
        wrong = cloud.new_secret({**MASTER, "password": "wrong-password"})
        answer = deploy("migrate", **database.migration_variables(secret) | {"DATABASE_MASTER_SECRET_ARN": wrong})({})
        assert answer.error is not None
        assert "28P01" in answer.payload["errorMessage"]
        assert "wrong-password" not in answer.log + str(answer.payload)
