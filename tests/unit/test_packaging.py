"""The functions' zip: the same inputs give the same bytes, and the zip needs nothing beside itself."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pytest

from lib import packaging
from lib.packaging import Artifact, PackagingError, build_functions_zip

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "lambda"
CACHE = ROOT / "build"
TRUST = ROOT / "lib" / "trust" / "rds-global-bundle.pem"
HANDLERS = (
    *("webhook", "payments", "health_live", "health_database"),
    *("processor", "reconciler", "notifier", "guard", "probe", "migrate"),
    *("begin_epoch", "canary"),
)
SETTINGS = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "ENVIRONMENT_SUFFIX": "test",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "tap",
    "SESSIONS_TABLE": "table",
    "SIGNING_SECRET_ARN": "arn",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/payments",
    "RECEIPTS_BUCKET": "receipts",
    "DOCUMENTS_BUCKET": "documents",
    "CONTROL_CACHE_SECONDS": "5",
    "VERDICT_CACHE_SECONDS": "5",
    "CONSUMER_MAPPING": "id",
    "ACTIVE_REGION_PARAMETER": "active-region",
    "NOTIFICATIONS_PARAMETER": "notifications",
    "PEER_HOST": "peer",
    "REGIONAL_HOST": "here",
    "FAILOVER_SECRET_ARN": "arn",
    "EVENTS_TOPIC_ARN": "arn",
    "SENDER": "payments@tap.example",
    "DATABASE_SECRET_ARN": "arn",
    "DATABASE_WRITER_HOST": "writer",
    "DATABASE_READER_HOST": "reader",
    "DATABASE_PORT": "5432",
    "DATABASE_NAME": "ledger",
    "DATABASE_TRUST_BUNDLE_SHA256": "0" * 64,
}


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    out = tmp_path_factory.mktemp("zip") / "functions.zip"
    return build_functions_zip(source=SOURCE, trust_bundle=TRUST, out=out, cache=CACHE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the source, with the downloaded dependencies at hand."""
    shutil.copytree(SOURCE, tmp_path / "lambda", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "build").mkdir()
    for dependencies in CACHE.glob("dependencies-*"):
        (tmp_path / "build" / dependencies.name).symlink_to(dependencies)
    return tmp_path


def build(checkout: Path, trust_bundle: Path = TRUST) -> Artifact:
    return build_functions_zip(source=checkout / "lambda", trust_bundle=trust_bundle, out=checkout / "functions.zip")


@pytest.mark.usefixtures("artifact")
class TestTheSameInputs:
    def test_give_the_same_bytes_elsewhere(self, artifact: Artifact, checkout: Path) -> None:
        assert build(checkout).path.read_bytes() == artifact.path.read_bytes()

    def test_give_the_same_bytes_whatever_times_and_modes_the_files_have(
        self, artifact: Artifact, checkout: Path
    ) -> None:
        for path in (checkout / "lambda").rglob("*"):
            path.chmod(0o700)
            os.utime(path, (1, 1))
        mask = os.umask(0o077)
        try:
            assert build(checkout).sha256_hex == artifact.sha256_hex
        finally:
            os.umask(mask)

    def test_give_the_same_bytes_after_the_code_has_run(self, artifact: Artifact, checkout: Path) -> None:
        compiled = checkout / "lambda" / "domain" / "__pycache__"
        compiled.mkdir()
        (compiled / "payment.cpython-313.pyc").write_bytes(b"compiled")
        assert build(checkout).sha256_hex == artifact.sha256_hex

    def test_take_no_time_a_second_time(self, checkout: Path) -> None:
        started = perf_counter()
        build(checkout)
        first, started = perf_counter() - started, perf_counter()
        build(checkout)
        assert perf_counter() - started < first / 2

    def test_at_the_same_time_give_one_whole_zip(self, artifact: Artifact, checkout: Path) -> None:
        with ThreadPoolExecutor(3) as builds:
            hashes = {built.sha256_hex for built in builds.map(lambda _: build(checkout), range(3))}
        assert hashes == {artifact.sha256_hex}
        assert sorted(path.name for path in checkout.iterdir()) == ["build", "functions.zip", "lambda"]

    def test_make_up_for_a_damaged_earlier_build(self, artifact: Artifact, checkout: Path) -> None:
        build(checkout)
        for built in (checkout / "build").glob("functions-*.zip"):
            built.write_bytes(b"damaged")
        assert build(checkout).sha256_hex == artifact.sha256_hex


class TestOtherInputs:
    def test_do_not_pile_up_what_was_built(self, checkout: Path) -> None:
        for number in range(6):
            (checkout / "lambda" / "webhook.py").write_text(f"number = {number}\n")
            build(checkout)
        assert len(list((checkout / "build").glob("functions-*"))) == 2 * packaging._KEPT_BUILDS

    def test_code(self, artifact: Artifact, checkout: Path) -> None:
        with (checkout / "lambda" / "webhook.py").open("a") as code:
            code.write("\n# changed\n")
        assert build(checkout).sha256_hex != artifact.sha256_hex

    def test_a_renamed_file(self, artifact: Artifact, checkout: Path) -> None:
        migration = next((checkout / "lambda" / "migrations").glob("*.sql"))
        migration.rename(migration.with_name("0001_renamed.sql"))
        assert build(checkout).sha256_hex != artifact.sha256_hex

    def test_the_trust_bundle(self, artifact: Artifact, checkout: Path) -> None:
        other = checkout / "other.pem"
        other.write_text(TRUST.read_text() + "\n")
        built = build(checkout, other)
        assert built.sha256_hex != artifact.sha256_hex
        with zipfile.ZipFile(built.path) as archive:
            content = archive.read(packaging.TRUST_BUNDLE_NAME)
        assert hashlib.sha256(content).hexdigest() == packaging.trust_bundle_sha256(other)


class TestTheZip:
    def test_has_the_hash_that_lambda_computes(self, artifact: Artifact) -> None:
        digest = hashlib.sha256(artifact.path.read_bytes()).digest()
        assert artifact.sha256_base64 == base64.b64encode(digest).decode()
        assert artifact.sha256_hex == digest.hex()

    def test_is_sorted_stored_and_dateless(self, artifact: Artifact) -> None:
        with zipfile.ZipFile(artifact.path) as archive:
            entries = archive.infolist()
        assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
        assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in entries} == {0o100644}

    def test_is_far_below_lambdas_limit(self, artifact: Artifact) -> None:
        assert artifact.path.stat().st_size < 15_000_000

    def test_holds_nothing_of_the_machine_that_built_it(self, artifact: Artifact) -> None:
        with zipfile.ZipFile(artifact.path) as archive:
            names = archive.namelist()
        compiled = [name for name in names if name.endswith((".so", ".pyc", ".pyd")) or "__pycache__" in name]
        volatile = [name for name in names if name.endswith(("/RECORD", "/INSTALLER", "/direct_url.json"))]
        assert compiled + volatile == []

    def test_holds_the_models_of_the_services_that_are_called_and_no_others(self, artifact: Artifact) -> None:
        with zipfile.ZipFile(artifact.path) as archive:
            models = {name.split("/")[2] for name in archive.namelist() if name.startswith("botocore/data/")}
        assert {model for model in models if not model.endswith(".json")} == set(packaging.BOTO_SERVICES)

    def test_keeps_the_licences_of_what_it_carries(self, artifact: Artifact) -> None:
        with zipfile.ZipFile(artifact.path) as archive:
            assert [name for name in archive.namelist() if "dist-info" in name and "LICENSE" in name.upper()]

    def test_runs_every_handler_without_anything_else_installed(self, artifact: Artifact, tmp_path: Path) -> None:
        with zipfile.ZipFile(artifact.path) as archive:
            archive.extractall(tmp_path / "task")
        script = (
            "import gc, importlib, json, os, sys\n"
            "sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
            f"sys.path.append({str(tmp_path / 'task')!r})\n"
            f"for name in {HANDLERS!r}:\n"
            "    assert callable(importlib.import_module(name).handler)\n"
            "    assert gc.isenabled(), f'after the init of {name} nobody would free memory'\n"
            "files = [getattr(module, '__file__', None) for module in list(sys.modules.values())]\n"
            "print(json.dumps([file for file in files if file]))\n"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", script], env=SETTINGS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert not [path for path in json.loads(done.stdout) if "site-packages" in path]

    def test_is_made_of_wheels_for_the_declared_runtime(self, artifact: Artifact) -> None:
        wheels = list(CACHE.glob("dependencies-*/*.dist-info/WHEEL"))
        tags = {
            line.split(": ")[1]
            for wheel in wheels
            for line in wheel.read_text().splitlines()
            if line.startswith("Tag:")
        }
        assert artifact.path.is_file()
        assert wheels
        assert tags <= {"py3-none-any", "py2-none-any"}

    def test_is_what_the_stacks_declare(self) -> None:
        assert (packaging.RUNTIME, packaging.ARCHITECTURE) == ("python3.13", "arm64")


class TestAnObstacle:
    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(PackagingError, match="no folder"):
            build(tmp_path)

    def test_a_missing_trust_bundle_is_named(self, checkout: Path) -> None:
        with pytest.raises(PackagingError, match=r"missing\.pem cannot be read"):
            build(checkout, checkout / "missing.pem")

    def test_a_trust_bundle_without_certificates_is_refused(self, checkout: Path) -> None:
        (checkout / "empty.pem").write_text("nothing")
        with pytest.raises(PackagingError, match="TAP_DATABASE_TRUST_BUNDLE"):
            build(checkout, checkout / "empty.pem")

    def test_a_wheel_that_is_not_the_pinned_one_is_refused(
        self, checkout: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheels = checkout / "wheels"
        _make_wheel(wheels)
        _offline(monkeypatch, wheels)
        _lock(checkout, f"tiny==1.0 --hash=sha256:{'0' * 64}\n")
        with pytest.raises(PackagingError, match="find out who changed it"):
            build(checkout)
        assert not (checkout / "functions.zip").exists()

    def test_a_version_that_the_index_does_not_have_is_named(
        self, checkout: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _offline(monkeypatch, checkout)
        _lock(checkout, f"tiny==2.0 --hash=sha256:{'0' * 64}\n")
        with pytest.raises(PackagingError, match=r"tiny==2\.0"):
            build(checkout)

    def test_an_index_that_cannot_be_reached_is_named(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
            monkeypatch.delenv(name, raising=False)
        _lock(checkout, f"tiny==3.0 --hash=sha256:{'0' * 64}\n")
        with pytest.raises(PackagingError, match="package index"):
            build(checkout)

    def test_a_dependency_with_a_name_of_ours_is_refused(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        digest = _make_wheel(checkout / "wheels", module="domain")
        _offline(monkeypatch, checkout / "wheels")
        _lock(checkout, f"tiny==1.0 --hash=sha256:{digest}\n")
        with pytest.raises(PackagingError, match="share the name domain"):
            build(checkout)


class TestTheTrustBundleForAws:
    def test_holds_roots_of_amazon_that_are_valid(self) -> None:
        import ssl

        context = ssl.create_default_context(cafile=str(TRUST))
        roots = context.get_ca_certs()
        now = datetime.now(UTC).timestamp()
        assert len(roots) == TRUST.read_text().count("BEGIN CERTIFICATE")
        for root in roots:
            assert root["subject"] == root["issuer"]
            assert "Amazon Web Services, Inc." in str(root["subject"])
            assert ssl.cert_time_to_seconds(str(root["notAfter"])) > now

    @pytest.mark.parametrize("region", ["us-east-1", "us-east-2", "us-west-2"])
    def test_covers_every_region_that_a_deployment_may_use(self, region: str) -> None:
        text = TRUST.read_text()
        for kind in ("RSA2048", "RSA4096", "ECC384"):
            assert f"# Amazon RDS {region} Root CA {kind} G1" in text


def _lock(checkout: Path, content: str) -> None:
    (checkout / "lambda" / "requirements.txt").write_text(content)


def _offline(monkeypatch: pytest.MonkeyPatch, wheels: Path) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))


def _make_wheel(folder: Path, module: str = "tiny") -> str:
    """Write a pure wheel ``tiny`` 1.0 and return its SHA-256."""
    folder.mkdir()
    path = folder / "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{module}/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()
