"""The functions' zip: the same bytes from the same inputs, on whatever machine and at whatever time it is built.

It holds ``lambda/``, all that it imports (boto3 included) and the database's trust bundle. Dependencies are pure-Python
wheels for the declared runtime, so the zip has no compiled file that could belong to the building machine.
"""

import base64
import contextlib
import fnmatch
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
# The services whose models stay in botocore (all of them together weigh more than everything else).
BOTO_SERVICES = (
    "dynamodb",
    "events",
    "kms",
    "lambda",
    "s3",
    "secretsmanager",
    "sesv2",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
    "xray",  # aws_xray_sdk makes a client when it is imported
)
# Lambda takes 50 MB by direct upload; long before that a cold start would suffer.
MAX_BYTES = 30_000_000
TRUST_BUNDLE_NAME = "database-trust.pem"

_LOCK = "requirements.txt"
_FORMAT = "1"  # raise it when the way of packing changes, or what is left out
_OURS = (".py", ".json", ".sql")
_BOTO_COMMON = ("endpoints.json", "partitions.json", "_retry.json", "sdk-default-configuration.json")
# Not imported by any function, or different from one installation to the next.
_LEFT_OUT = (
    "bin/*",
    "*/__pycache__/*",
    "*.pyc",
    "*.pyi",
    "*/py.typed",
    "*-stubs/*",
    "boto3/examples/*",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/direct_url.json",
    "*.dist-info/entry_points.txt",
    "*.dist-info/top_level.txt",
)
# "py" and "none" ask for pure wheels only; the platforms are those of Lambda's Amazon Linux 2023 on arm64, and admit a
# wheel that carries a native library without depending on Python's ABI.
_PIP_TARGET = (
    "--platform=manylinux2014_aarch64",
    "--platform=manylinux_2_28_aarch64",
    "--implementation=py",
    "--abi=none",
    f"--python-version={RUNTIME.removeprefix('python')}",
    "--only-binary=:all:",
    "--require-hashes",
    "--no-deps",
    "--no-compile",
)
_PIP_SECONDS = 600
_KEPT_BUILDS = 4


class PackagingError(Exception):
    """The zip cannot be built; the message says what stands in the way and what to do."""


@dataclass(frozen=True)
class Artifact:
    """A built zip and its SHA-256: in base64 as Lambda has it (``source_code_hash``), and in hex."""

    path: Path
    sha256_base64: str
    sha256_hex: str


def build_functions_zip(*, source: Path, trust_bundle: Path, out: Path, cache: Path | None = None) -> Artifact:
    """Write the zip of ``source`` (the folder ``lambda``) and ``trust_bundle`` (PEM) to ``out``.

    What was built before from the same inputs is taken from ``cache`` (default: ``build`` beside ``source``).
    Raises PackagingError.
    """
    cache = cache or source.parent / "build"
    ours = _our_files(source, trust_bundle)
    lock = _read(source / _LOCK)
    key = _digest(_FORMAT.encode(), lock, *_packing_rules(), *(part for file in ours.items() for part in _bytes(file)))
    built = cache / f"functions-{key[:32]}.zip"
    content = _verified(built)
    if content is None:
        dependencies = _dependencies(lock, source / _LOCK, cache)
        content = _zip(ours, dependencies)
        _write(built, content)
        _write(built.with_suffix(".sha256"), hashlib.sha256(content).hexdigest().encode())
        _forget_all_but_the_latest(cache)
    if not out.is_file() or out.read_bytes() != content:
        _write(out, content)
    digest = hashlib.sha256(content).digest()
    return Artifact(path=out, sha256_base64=base64.b64encode(digest).decode("ascii"), sha256_hex=digest.hex())


def trust_bundle_sha256(trust_bundle: Path) -> str:
    """Return the SHA-256, in hex, by which the functions recognise their trust bundle. Raises PackagingError."""
    return hashlib.sha256(_read(trust_bundle)).hexdigest()


def _our_files(source: Path, trust_bundle: Path) -> dict[str, bytes]:
    """The files of the functions by their name in the zip."""
    if not source.is_dir():
        raise PackagingError(f"packaging: there is no folder {source} with the functions' code")
    files = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in source.rglob("*")
        if path.suffix in _OURS and path.is_file() and "__pycache__" not in path.parts
    }
    files[TRUST_BUNDLE_NAME] = _read(trust_bundle)
    if b"-----BEGIN CERTIFICATE-----" not in files[TRUST_BUNDLE_NAME]:
        raise PackagingError(
            f"packaging: {trust_bundle} holds no PEM certificate\n"
            "  set TAP_DATABASE_TRUST_BUNDLE to a file with the certificates of the database's certificate authority"
        )
    return files


def _packing_rules() -> Iterator[bytes]:
    for rules in (BOTO_SERVICES, _BOTO_COMMON, _LEFT_OUT, _OURS, _PIP_TARGET):
        yield "\n".join(rules).encode()


def _dependencies(lock: bytes, lock_path: Path, cache: Path) -> Path:
    """Return the folder with the locked wheels, unpacked by pip once per lock."""
    installed = cache / f"dependencies-{_digest(lock, '|'.join(_PIP_TARGET).encode())[:32]}"
    if installed.is_dir():
        return installed
    _make_folder(cache)
    with tempfile.TemporaryDirectory(prefix="dependencies-", dir=cache) as scratch:
        target = Path(scratch) / "tree"
        _pip_install(lock_path, target)
        # Whoever comes second finds the same content there: it is named by its hash.
        with contextlib.suppress(OSError):
            target.rename(installed)
    if not installed.is_dir():
        raise PackagingError(f"packaging: the folder {cache} cannot be written")
    return installed


def _pip_install(lock_path: Path, target: Path) -> None:
    quiet = ("--quiet", "--no-input", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "install", *quiet, f"--target={target}", *_PIP_TARGET, "-r", str(lock_path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise PackagingError(
            f"packaging: pip did not end within {_PIP_SECONDS} s; is the package index slow?"
        ) from None
    if done.returncode != 0:
        raise PackagingError(_explain(done.stderr, lock_path))


def _explain(stderr: str, lock_path: Path) -> str:
    said = [line.strip() for line in stderr.splitlines() if line.startswith("ERROR")] or stderr.strip().splitlines()[
        -3:
    ]
    if "DO NOT MATCH THE HASHES" in stderr:
        advice = f"a downloaded file is not the one that {lock_path.name} pins: find out who changed it before going on"
    elif "No module named pip" in stderr:
        advice = "this Python has no pip: run from the project's virtual environment"
    elif "Connection" in stderr or "Temporary failure" in stderr or "Max retries" in stderr:
        advice = "the package index cannot be reached: check the network, or pip's index configuration"
    elif "No matching distribution" in stderr:
        advice = "the package index has no such version as a pure-Python wheel: choose another in requirements.in"
    else:
        advice = "pip's own words are above"
    lines = "\n".join(f"  {line}" for line in said)
    return f"packaging: pip cannot install the functions' dependencies ({lock_path.name})\n{lines}\n  {advice}"


def _zip(ours: dict[str, bytes], dependencies: Path) -> bytes:
    files = dict(_kept(dependencies))
    tops = {name.split("/")[0].removesuffix(".py") for name in files}
    if clash := sorted(tops & {name.split("/")[0].removesuffix(".py") for name in ours}):
        raise PackagingError(f"packaging: a dependency and the functions share the name {clash[0]}; rename ours")
    files.update(ours)
    with tempfile.TemporaryFile() as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(files):
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.create_system = 3  # Unix, on whatever system this runs
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, files[name])
        stream.seek(0)
        content = stream.read()
    if len(content) > MAX_BYTES:
        raise PackagingError(f"packaging: the zip has {len(content)} bytes, more than {MAX_BYTES}; drop a dependency")
    return content


def _kept(dependencies: Path) -> Iterator[tuple[str, bytes]]:
    for folder, _, names in os.walk(dependencies):
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(dependencies)
            if _is_needed(PurePosixPath(relative.as_posix())):
                yield relative.as_posix(), path.read_bytes()


def _is_needed(path: PurePosixPath) -> bool:
    if path.parts[:2] in (("botocore", "data"), ("boto3", "data")):
        return path.parts[2] in BOTO_SERVICES or path.parts[2] in _BOTO_COMMON
    return not any(fnmatch.fnmatchcase(str(path), pattern) for pattern in _LEFT_OUT)


def _verified(built: Path) -> bytes | None:
    """Return a zip of an earlier build, unless it is not there or was damaged."""
    try:
        content, expected = built.read_bytes(), built.with_suffix(".sha256").read_text("ascii")
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == expected else None


def _forget_all_but_the_latest(cache: Path) -> None:
    """Every start of the embedded AWS brings another trust bundle, and so another zip. Losing one costs a rebuild."""
    with contextlib.suppress(OSError):
        builds = sorted(cache.glob("functions-*.zip"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in builds[_KEPT_BUILDS:]:
            old.unlink(missing_ok=True)
            old.with_suffix(".sha256").unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Put ``content`` there in one step: nobody ever sees half of it."""
    _make_folder(path.parent)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as scratch:
            scratch.write(content)
        Path(scratch.name).chmod(0o644)
        Path(scratch.name).replace(path)
    except OSError as error:
        raise PackagingError(f"packaging: {path} cannot be written: {error.strerror}") from None


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PackagingError(f"packaging: the folder {path} cannot be made: {error.strerror}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackagingError(f"packaging: {path} cannot be read: {error.strerror}") from None


def _bytes(file: tuple[str, bytes]) -> tuple[bytes, bytes]:
    return file[0].encode(), file[1]


def _digest(*parts: bytes) -> str:
    """A hash that tells ("ab", "c") from ("a", "bc")."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()
