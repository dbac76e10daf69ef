"""The ledger is reached over TLS, from the server that the trust bundle vouches for, and within a bound of time."""

import hashlib
import ssl
import threading
import time
from pathlib import Path

import pytest
from pg8000.exceptions import InterfaceError

from domain.bounded import within
from domain.database import Ledger, TrustError, trust_context
from domain.secret_store import Credentials
from tests.unit.functions.support import MASTER, ROOT, Database

AMAZON = ROOT / "lib" / "trust" / "rds-global-bundle.pem"


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def connect(database: Database, bundle: Path, monkeypatch: pytest.MonkeyPatch, host: str | None = None) -> object:
    """Ask the ledger something, with trust in ``bundle`` alone."""
    context = trust_context(checksum(bundle), bundle)
    monkeypatch.setattr("domain.database.trust_context", lambda _sha256: context)
    ledger = Ledger(database.port, database.name, checksum(bundle))
    with ledger.connect(host or database.host, Credentials(**MASTER), timeout=5, application="test") as connection:
        return connection.run("SELECT current_user")


class TestTheServer:
    def test_that_the_trust_bundle_vouches_for_is_spoken_to(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert connect(database, database.trust_bundle, monkeypatch) == [[MASTER["username"]]]

    def test_of_another_authority_is_refused(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(database, AMAZON, monkeypatch)

    def test_under_another_name_is_refused(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        """Either nobody listens there, or the certificate does not name it."""
        with pytest.raises((ssl.SSLCertVerificationError, InterfaceError)):
            connect(database, database.trust_bundle, monkeypatch, host="localhost")


class TestTheTrustBundle:
    def test_is_the_only_trust_there_is(self) -> None:
        context = trust_context(checksum(AMAZON), AMAZON)
        assert len(context.get_ca_certs()) == AMAZON.read_text().count("BEGIN CERTIFICATE")
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2

    def test_of_another_checksum_is_refused(self) -> None:
        with pytest.raises(TrustError, match="checksum"):
            trust_context("0" * 64, AMAZON)

    def test_that_is_missing_is_named_without_its_folder(self, tmp_path: Path) -> None:
        with pytest.raises(TrustError, match=r"trust bundle missing\.pem cannot be read"):
            trust_context("0" * 64, tmp_path / "missing.pem")

    def test_without_certificates_is_refused(self, tmp_path: Path) -> None:
        bundle = tmp_path / "bundle.pem"
        bundle.write_text("no certificate")
        with pytest.raises(TrustError, match="no usable PEM"):
            trust_context(checksum(bundle), bundle)


class TestABoundOnTime:
    def test_lets_what_is_quick_pass(self) -> None:
        assert within(5, lambda: "done") == "done"

    def test_lets_faults_pass(self) -> None:
        with pytest.raises(ZeroDivisionError):
            within(5, lambda: 1 // 0)

    def test_ends_what_takes_longer(self) -> None:
        release, started = threading.Event(), time.monotonic()
        with pytest.raises(TimeoutError):
            within(0.05, lambda: release.wait(30))
        release.set()
        assert time.monotonic() - started < 15
