"""Lambda: what a function's process can see."""

import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from embedded.server.patching import Service, around, gap

# The server's own settings; a function must not learn where it runs.
_SERVER_ONLY = (
    *("AUTH", "BIND_HOST", "GATEWAY_PORT", "STATE_DIR", "S3_DATA_DIR", "DOCKER_HOST", "MINISTACK_ACCOUNT_ID"),
    *("IOT_MTLS_ENABLED", "SFTP_ENABLED", "TAP_POSTGRES_BIN"),
    *("TAP_EMBEDDED_LAG_SEED", "TAP_EMBEDDED_LAG_DYNAMODB", "TAP_EMBEDDED_LAG_S3", "TAP_EMBEDDED_LAG_AURORA"),
)


@gap("core.lambda_runtime", "_detect_runtime_binary")
def isolated_interpreter(runtime: Service) -> None:
    """A Python function sees the server's site-packages, so that a dependency missing from its zip goes unnoticed.

    Its interpreter is started without site-packages (-S), user packages (-s) and the script's own folder (-P): the
    zip and the standard library are all there is.
    """
    interpreter = Path(tempfile.gettempdir()) / "lambda-python"
    unset = " ".join(f"-u {name}" for name in _SERVER_ONLY)

    @around(runtime, "_detect_runtime_binary")
    def detect(original: Any, name: str) -> tuple[str, str]:
        binary, script = original(name)
        if not name.startswith("python"):
            return binary, script
        if not interpreter.exists():
            temporary = interpreter.with_suffix(f".{os.urandom(4).hex()}")
            temporary.write_text(f"#!/bin/sh\nexec env {unset} '{binary}' -S -s -P \"$@\"\n")
            temporary.chmod(stat.S_IRWXU)
            temporary.replace(interpreter)  # several functions may start at once
        return str(interpreter), script
