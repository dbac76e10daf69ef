"""What the webhook's safety costs: ``python -m bench.webhook [--rounds N]``, against ``bench/single_file_handler.py``.

Both are run from the same zip, by turns, as Lambda does: from sources, without Python's cache of compiled modules. The
first part needs a synth. The second compares the two as functions of a deployment on the embedded AWS, if there is one:
each is invoked in the same way, so that what differs is the functions' own work.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
ZIP: Final = ROOT / "cdktf.out" / "assets" / "functions.zip"
FIXTURE: Final = ROOT / "bench" / "single_file_handler.py"
OURS, THEIRS = "webhook", FIXTURE.stem
REQUESTS: Final = 60
AT_ONCE: Final = 4
ENVIRONMENT: Final = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_EC2_METADATA_DISABLED": "true",
    "LAMBDA_TASK_ROOT": "/var/task",
    "SESSIONS_TABLE": "bench",
    "SIGNING_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:bench",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/bench",
    "CONTROL_CACHE_SECONDS": "5",
    "ENVIRONMENT_SUFFIX": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
    "POWERTOOLS_SERVICE_NAME": "bench",
}
_IMPORT: Final = (
    "import sys, time; sys.path.insert(0, sys.argv[1]); w, c = time.perf_counter(), time.process_time();"
    " __import__(sys.argv[2]); print(time.perf_counter() - w, time.process_time() - c)"
)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.webhook", description="What the webhook's safety costs.")
    parser.add_argument("--rounds", type=int, default=9, help="measured imports of each (default 9)")
    rounds = max(1, parser.parse_args().rounds)
    subprocess.run(["make", "--no-print-directory", "synth"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as scratch:
        _imports(Path(scratch), rounds)
    _calls()
    return 0


def _imports(folder: Path, rounds: int) -> None:
    """Init of both, in processes that see nothing but the zip."""
    with zipfile.ZipFile(ZIP) as archive:
        archive.extractall(folder)
    (folder / FIXTURE.name).write_bytes(FIXTURE.read_bytes())
    taken: dict[str, list[tuple[float, float]]] = {OURS: [], THEIRS: []}
    for number in range(rounds + 1):
        for module, seen in taken.items():
            command = [sys.executable, "-B", "-S", "-s", "-P", "-c", _IMPORT, str(folder), module]
            environment = {**ENVIRONMENT, "PATH": os.environ["PATH"]}
            told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
            if number:
                wall, cpu = told.split()
                seen.append((float(wall), float(cpu)))
    ratios = [
        statistics.median(each[clock] for each in taken[OURS])
        / statistics.median(each[clock] for each in taken[THEIRS])
        for clock in (0, 1)
    ]
    print(f"init of the webhook : init of the single file          {ratios[0]:>6.2f}x wall {ratios[1]:>6.2f}x CPU")


def _calls() -> None:
    """First call, latency and throughput of both, deployed side by side."""
    from tests.integration import least_privilege, platform  # noqa: PLC0415  # only where there is a deployment

    os.environ["TARGET"] = "embedded"
    try:
        here = platform.connect()
    except LookupError as reason:
        print(f"calls are not measured: {reason}")
        return
    region, functions = here.primary, here.client("lambda", here.primary)

    sent: list[str] = []

    def event() -> dict[str, Any]:
        made = least_privilege.PROBES["webhook"].events[0](here, region)
        sent.append(json.loads(made["body"])["id"])
        return made

    def call(name: str) -> Callable[[], None]:
        def invoke() -> None:
            answer = functions.invoke(FunctionName=name, Payload=json.dumps(event()))
            status = json.loads(answer["Payload"].read()).get("statusCode")
            if status not in (200, 202):
                raise SystemExit(f"bench: {name} answered {status}")

        return invoke

    ours = region.outputs["functions"]["webhook"]
    with _deployed(functions, ours) as theirs:
        for name in (ours, theirs):
            functions.update_function_configuration(FunctionName=name, Timeout=10)
        first = {name: _seconds(call(name)) for name in (ours, theirs)}
        latency: dict[str, list[float]] = {ours: [], theirs: []}
        for _ in range(REQUESTS):
            for name, seen in latency.items():
                seen.append(_seconds(call(name)))
        busy = {name: _seconds(partial(_at_once, call(name))) for name in (ours, theirs)}
        table = here.client("dynamodb", region)
        for payment_id in sent:
            table.delete_item(TableName=here.shared["sessions_table"], Key={"pk": {"S": f"naive#{payment_id}"}})
    medians = {name: statistics.median(seen) for name, seen in latency.items()}
    print(f"first call, a new process                              {first[ours] / first[theirs]:>6.2f}x")
    print(f"latency of a call, median of {REQUESTS}                        {medians[ours] / medians[theirs]:>6.2f}x")
    print(f"throughput, {AT_ONCE} at once                                 {busy[theirs] / busy[ours]:>6.2f}x")


@contextmanager
def _deployed(functions: Any, like: str) -> Iterator[str]:
    """The single file as a function with the webhook's role and variables, while the block runs."""
    known = functions.get_function_configuration(FunctionName=like)
    name = f"{like}-bench"
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as scratch:
        packed = Path(scratch, "bench.zip")
        packed.write_bytes(ZIP.read_bytes())
        with zipfile.ZipFile(packed, "a") as archive:
            archive.write(FIXTURE, FIXTURE.name)
        functions.create_function(
            FunctionName=name,
            Role=known["Role"],
            Runtime=known["Runtime"],
            Handler=f"{THEIRS}.handler",
            Code={"ZipFile": packed.read_bytes()},
            Environment=known["Environment"],
            MemorySize=known["MemorySize"],
            Timeout=10,
        )
    try:
        yield name
    finally:
        functions.delete_function(FunctionName=name)


def _at_once(call: Callable[[], None]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(call) for _ in range(REQUESTS)]:
            done.result()


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
