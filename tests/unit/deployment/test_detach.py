"""After a failover the readers leave the global cluster before anything is destroyed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deployment.aws import client
from deployment.destroy import detach_readers, members
from lib.settings import Settings

HOME, AWAY = "us-east-1", "us-west-2"


@dataclass
class GlobalCluster:
    """A writer in the primary region and a reader in the other one."""

    identifier: str

    def arn(self, region: str) -> str:
        return f"arn:aws:rds:{region}:000000000000:cluster:{self.identifier}-{region}"

    def roles(self) -> dict[str, bool]:
        """Region of each member, and whether it is the writer."""
        found = members(client("rds", HOME), self.identifier)
        return {member["DBClusterArn"].split(":")[3]: member["IsWriter"] for member in found}


@pytest.fixture
def database(settings: Settings) -> Iterator[GlobalCluster]:
    made = GlobalCluster(f"detach-{uuid.uuid4().hex[:8]}")
    engine: dict[str, Any] = {"Engine": "aurora-postgresql", "EngineVersion": "14.20"}
    client("rds", HOME).create_global_cluster(GlobalClusterIdentifier=made.identifier, StorageEncrypted=True, **engine)
    joined = {"GlobalClusterIdentifier": made.identifier, **engine}
    client("rds", HOME).create_db_cluster(
        DBClusterIdentifier=f"{made.identifier}-{HOME}",
        MasterUsername="root",
        MasterUserPassword="only-a-test",
        **joined,
    )
    client("rds", AWAY).create_db_cluster(DBClusterIdentifier=f"{made.identifier}-{AWAY}", **joined)
    yield made
    for region, _ in sorted(made.roles().items(), key=lambda item: item[1]):  # the writer last
        client("rds", region).remove_from_global_cluster(
            GlobalClusterIdentifier=made.identifier, DbClusterIdentifier=made.arn(region)
        )
    for region in (HOME, AWAY):
        client("rds", region).delete_db_cluster(
            DBClusterIdentifier=f"{made.identifier}-{region}", SkipFinalSnapshot=True
        )
    client("rds", HOME).delete_global_cluster(GlobalClusterIdentifier=made.identifier)


def test_while_the_writer_is_at_home_nobody_is_detached(database: GlobalCluster) -> None:
    detach_readers(database.identifier, HOME)
    assert database.roles() == {HOME: True, AWAY: False}


def test_after_a_failover_only_the_writer_stays(database: GlobalCluster) -> None:
    client("rds", HOME).failover_global_cluster(
        GlobalClusterIdentifier=database.identifier, TargetDbClusterIdentifier=database.arn(AWAY)
    )
    assert database.roles()[AWAY]
    detach_readers(database.identifier, HOME)
    assert database.roles() == {AWAY: True}


def test_a_global_cluster_that_is_gone_is_no_error(settings: Settings) -> None:
    detach_readers("nobody-made-this-one", HOME)
