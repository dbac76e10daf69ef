"""The environment variables on both sides of the embedded AWS."""

import os
from collections.abc import Mapping
from pathlib import Path

ACCOUNT_ID = "000000000000"
HOST = "127.0.0.1"

# What the server, and through it every Lambda process, may inherit from the person's shell.
_LAGS = tuple(f"TAP_EMBEDDED_LAG_{name}" for name in ("SEED", "DYNAMODB", "S3", "AURORA"))
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TAP_POSTGRES_BIN", *_LAGS)


def client_environment(endpoint: str, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a complete environment (use it as ``env=``) in which Terraform, boto3 and the AWS CLI reach ``endpoint``.

    Everything of AWS that ``base`` (default: this process's) holds is dropped first: a profile, a session token or
    an endpoint of one service would send some of the calls to a real account.
    """
    base = os.environ if base is None else base
    environment = {name: value for name, value in base.items() if not name.startswith("AWS_")}
    no_proxy = [entry for entry in (base.get("NO_PROXY") or base.get("no_proxy") or "").split(",") if entry]
    environment["NO_PROXY"] = environment["no_proxy"] = ",".join(dict.fromkeys([*no_proxy, HOST, "localhost"]))
    environment.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 - the emulator's, and nobody's secret
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    )
    return environment


def server_environment(port: int, work_dir: Path) -> dict[str, str]:
    """Return the whole environment of the server; nothing else of the shell gets in, nor into a Lambda function."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment.update(
        HOME=str(work_dir),
        TMPDIR=str(work_dir),
        STATE_DIR=str(work_dir / "state"),
        S3_DATA_DIR=str(work_dir / "s3"),
        AUTH="true",
        BIND_HOST=HOST,
        GATEWAY_PORT=str(port),
        MINISTACK_ACCOUNT_ID=ACCOUNT_ID,
        # Listeners and container engines that nothing here uses.
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        DOCKER_HOST=f"unix://{work_dir}/no-docker.sock",
        PYTHONDONTWRITEBYTECODE="1",
    )
    return environment
