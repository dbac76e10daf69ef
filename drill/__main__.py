"""The command behind ``make drill``.

Exit status: 0 if every promise was kept, 1 if one was not, 2 if the drill could not run or does not count, 130 if it
was interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from deployment.console import say, table, warn
from deployment.errors import DeploymentError
from deployment.interrupt import Interrupts
from drill import report
from drill.deployed import NotReadyError
from drill.records import load
from drill.run import Options, drill
from drill.scenarios import DEFAULT, SCENARIOS
from embedded.control import ControlError

APPLICATION = "tap-drill"
MET, NOT_RUN, INTERRUPTED = 0, 2, 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m drill", description="Lose a region under load, and measure.")
    parser.add_argument("--scenario", default=DEFAULT.name, choices=SCENARIOS, help="default: %(default)s")
    parser.add_argument("--all", action="store_true", help="every scenario, one after the other")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument("--again", type=Path, metavar="FILE", help="measure an earlier drill's record anew")
    parser.add_argument("--rate", type=float, default=2.0, help="payments a second (default: %(default)g)")
    parser.add_argument(
        "--compression",
        type=float,
        default=10.0,
        help="how much faster health checks and DNS run than configured (default: %(default)g; 1 is real time)",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before a drill in an account")
    return parser


def _run(options: argparse.Namespace, interrupts: Interrupts) -> int:
    if options.list:
        say(table(("scenario", "what happens"), [(each.name, each.title) for each in SCENARIOS.values()]))
        return MET
    if options.again:
        return report.write(load(options.again))
    # The embedded AWS records what the driver's calls need of the deploying role, and a drill is not its work.
    os.environ.setdefault("AWS_SDK_UA_APP_ID", APPLICATION)
    how = Options(rate=options.rate, compression=options.compression, yes=options.yes)
    codes: list[int] = []
    chosen = list(SCENARIOS.values()) if options.all else [SCENARIOS[options.scenario]]
    drill(chosen, how, interrupts, lambda record: codes.append(report.write(record)))
    return max(codes)


def main() -> int:
    """Run one command."""
    options = _parser().parse_args()
    interrupts = Interrupts()
    with interrupts.caught():
        try:
            return _run(options, interrupts)
        except DeploymentError as error:
            warn(f"\n{error}")
            return INTERRUPTED if error.code == INTERRUPTED else NOT_RUN
        except (NotReadyError, BotoCoreError, ClientError, ControlError) as error:
            warn(f"\nThe drill could not run to its end: {error}")
            return NOT_RUN
        except KeyboardInterrupt:
            warn("\nInterrupted. What was taken away is given back; the next drill begins by putting things in order.")
            return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
