"""``python -m embedded.server``: serves the embedded AWS on a listening socket that the launcher hands over."""

import argparse
import asyncio
import importlib
import os
import sys
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config

from embedded.server import aurora, gate, health_checks, patching, public_names, replication
from embedded.server.actions import Recorder
from embedded.server.app import EmbeddedAws
from embedded.server.config import ServerConfig
from embedded.server.lag import LagError, Lags
from embedded.server.outage import Outage
from embedded.server.postgres_home import PostgresError
from embedded.server.region_guards import Guards
from embedded.server.workers import Workers


def main() -> int:
    """Serve until SIGTERM; return 0, or 1 if MiniStack is not the one that the gaps were written for."""
    parser = argparse.ArgumentParser(prog="python -m embedded.server", description=__doc__)
    parser.add_argument("--instance", required=True, help="what /_embedded/health answers with")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--listener", type=int, required=True, help="file descriptor of a bound socket")
    parser.add_argument("--without-gaps", action="store_true", help="serve MiniStack as it is")
    options = parser.parse_args()

    config = ServerConfig(options.instance, int(os.environ["GATEWAY_PORT"]), options.state_dir)
    ministack = importlib.import_module("ministack.app")
    recorder = Recorder()
    aws = EmbeddedAws(recorder.naming_tools(ministack.app), config)
    if not options.without_gaps:
        try:
            _close_gaps(aws, config)
            recorder.watch(importlib.import_module("ministack.core.iam_evaluator"))
            aws.route("actions", recorder.control)
        except (LagError, patching.MissingNameError, PostgresError) as error:
            print(error, file=sys.stderr)
            return 1
    try:
        asyncio.run(serve(aws, _hypercorn(options.listener)))
    finally:
        _shut_down()
    return 0


def _close_gaps(aws: EmbeddedAws, config: ServerConfig) -> None:
    importlib.import_module("embedded.server.gaps").load()
    patching.close_gaps()
    lags = Lags.from_environment()
    aurora.install(importlib.import_module("ministack.app")._get_module("rds"), config, lags)
    aws.route("postgres", aurora.control)
    public_names.install(importlib.import_module("ministack.app")._get_module("apigateway_v1"), config)
    _make_regions_losable(aws, config, lags)
    workers = Workers()
    workers.install()
    aws.route("functions", workers.control)


def _make_regions_losable(aws: EmbeddedAws, config: ServerConfig, lags: Lags) -> None:
    outage = Outage()
    gate.install(aws, outage)  # first: nothing more comes in while the rest is stopped
    Guards(outage).install()
    outage.listen(aurora.follow)
    replication.install(lags, outage)
    aws.route("replication", lags.control)
    aws.route("regions", outage.control)
    route53 = health_checks.install(config, outage, lags.seed)
    aws.route("checks", route53.checks)
    aws.route("dns", route53.dns)


def _shut_down() -> None:
    """End the processes that serving started: Lambda workers and databases."""
    importlib.import_module("ministack.core.lambda_runtime").reset()
    public_names.shutdown()
    aurora.shutdown()


def _hypercorn(listener: int) -> Config:
    importlib.import_module("ministack.core.hypercorn_compat").install()
    config = Config()
    config.bind = [f"fd://{listener}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    return config


if __name__ == "__main__":
    code = main()
    # A worker thread may still wait for a Lambda process that has just been ended: nothing of it is worth waiting for.
    sys.stdout.flush()
    os._exit(code)
