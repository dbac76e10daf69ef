"""An epoch begins in the ledger: forward only, by a user who can do nothing else, and never beside an older one."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from tests.unit.functions.support import (
    APPLICATION,
    FAILOVER,
    MASTER,
    REGION,
    Cloud,
    Database,
    Deploy,
    Function,
    eventually,
)

Connect = Callable[[dict[str, str]], Connection]


@pytest.fixture(scope="module")
def begin_epoch(deploy: Deploy, cloud: Cloud, database: Database) -> Function:
    """The function, on a ledger whose schema is up to date."""
    migration = database.migration_variables(cloud.new_secret(APPLICATION))
    assert deploy("migrate", **migration)({}).error is None
    return deploy("begin_epoch", FAILOVER_SECRET_ARN=database.failover_secret, **database.writer)


@pytest.fixture
def as_user(begin_epoch: Function, database: Database) -> Iterator[Connect]:
    """Connects to the migrated ledger."""
    with ExitStack() as open_connections:
        yield lambda user: open_connections.enter_context(database.connect(user))


@pytest.fixture
def epoch(as_user: Connect) -> Iterator[int]:
    """The epoch that the ledger is in; afterwards it is in the first one again, as the other tests expect."""
    master = as_user(MASTER)
    (held,) = master.run("SELECT epoch FROM ledger.current_epoch") or [[0]]
    yield int(held[0])
    master.run("UPDATE ledger.current_epoch SET epoch = 1")
    master.run("DELETE FROM ledger.epochs WHERE epoch > 1")


def current(connection: Connection) -> Any:
    return connection.run("SELECT epoch, region FROM ledger.current_epoch JOIN ledger.epochs USING (epoch)")


class TestTheFunction:
    def test_begins_an_epoch_of_its_region(self, begin_epoch: Function, epoch: int, as_user: Connect) -> None:
        assert begin_epoch({"epoch": epoch + 1}).payload == {"epoch": epoch + 1}
        assert current(as_user(MASTER)) == [[epoch + 1, REGION]]

    def test_changes_nothing_when_it_runs_again(self, begin_epoch: Function, epoch: int, as_user: Connect) -> None:
        begin_epoch({"epoch": epoch + 1})
        once = as_user(MASTER).run("SELECT * FROM ledger.epochs")
        assert begin_epoch({"epoch": epoch + 1}).error is None
        assert as_user(MASTER).run("SELECT * FROM ledger.epochs") == once

    def test_goes_forward_only(self, begin_epoch: Function, epoch: int, as_user: Connect) -> None:
        begin_epoch({"epoch": epoch + 2})
        answer = begin_epoch({"epoch": epoch + 1})
        assert answer.error is not None
        assert "55000" in answer.payload["errorMessage"]
        assert current(as_user(MASTER)) == [[epoch + 2, REGION]]

    def test_refuses_an_epoch_that_another_region_has_begun(
        self, begin_epoch: Function, epoch: int, as_user: Connect
    ) -> None:
        as_user(FAILOVER).run("SELECT ledger.begin_epoch(:epoch, 'us-west-2')", epoch=epoch + 1)
        assert begin_epoch({"epoch": epoch + 1}).error is not None
        assert current(as_user(MASTER)) == [[epoch + 1, "us-west-2"]]

    @pytest.mark.parametrize("event", [{}, {"epoch": 0}, {"epoch": "2"}, {"epoch": True}, {"epoch": 1.5}])
    def test_refuses_what_is_no_epoch(self, begin_epoch: Function, event: dict[str, Any]) -> None:
        answer = begin_epoch(event)
        assert "whole number" in answer.payload["errorMessage"]

    def test_writes_no_password_to_its_log(self, begin_epoch: Function, epoch: int) -> None:
        assert FAILOVER["password"] not in begin_epoch({"epoch": epoch}).log


class TestASettlementUnderWay:
    def test_is_finished_before_the_next_epoch_begins(self, epoch: int, as_user: Connect) -> None:
        settling, failover, seen = as_user(APPLICATION), as_user(FAILOVER), as_user(MASTER)
        settling.run("BEGIN")
        settling.run("SELECT ledger.hold_epoch()")
        begins = threading.Thread(
            target=lambda: failover.run("SELECT ledger.begin_epoch(:e, :r)", e=epoch + 1, r=REGION)
        )
        begins.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%begin_epoch%'"
        assert eventually(lambda: seen.run(waits) == [[1]])
        assert current(seen) == [[epoch, REGION]]
        settling.run("COMMIT")
        begins.join()
        assert current(seen) == [[epoch + 1, REGION]]

    def test_of_an_older_epoch_can_never_commit(self, epoch: int, as_user: Connect) -> None:
        as_user(FAILOVER).run("SELECT ledger.begin_epoch(:epoch, :region)", epoch=epoch + 1, region=REGION)
        with pytest.raises(DatabaseError, match="is not the current one"):
            as_user(APPLICATION).run(
                "INSERT INTO ledger.payments (payment_id, body_sha256, amount, currency, region, epoch, accepted_at)"
                " VALUES (:id, :sha, 1, 'EUR', :region, :epoch, now())",
                id=f"late-{uuid.uuid4().hex}",
                sha="0" * 64,
                region=REGION,
                epoch=epoch,
            )


class TestTheFailoversUser:
    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT * FROM ledger.payments",
            "SELECT ledger.hold_epoch()",
            "UPDATE ledger.current_epoch SET epoch = 99",
            "INSERT INTO ledger.epochs (epoch, region) VALUES (99, 'us-east-1')",
            "CREATE TABLE ledger.mine ()",
        ],
    )
    def test_may_do_nothing_else(self, as_user: Connect, statement: str) -> None:
        with pytest.raises(DatabaseError, match="42501"):
            as_user(FAILOVER).run(statement)

    def test_is_the_only_one_who_may_begin_an_epoch(self, as_user: Connect) -> None:
        with pytest.raises(DatabaseError, match="42501"):
            as_user(APPLICATION).run("SELECT ledger.begin_epoch(99, 'us-east-1')")
