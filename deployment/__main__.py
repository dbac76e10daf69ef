"""The command line behind ``make``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from deployment import bootstrap, places, session, target
from deployment.console import say, warn
from deployment.errors import DeploymentError
from deployment.interrupt import Interrupts

Command = Callable[[argparse.Namespace, Interrupts], int]


def _deploy(options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment.deploy import deploy  # noqa: PLC0415  # each command imports what it needs: `make synth` stays fast

    deploy(interrupts, yes=options.yes, stage=options.stage)
    return 0


def _plan(options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment.deploy import plan  # noqa: PLC0415

    code = plan(interrupts, lost=options.lost)
    return code if options.detailed_exitcode else 0


def _destroy(options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment.destroy import destroy  # noqa: PLC0415

    destroy(interrupts, yes=options.yes, keep_emulator=options.keep_emulator)
    return 0


def _synth(_options: argparse.Namespace, interrupts: Interrupts) -> int:
    stacks = session.synthesize(interrupts)
    for stack in stacks:
        say(f"{stack.name:<10} {len(stack.resources()):>4} resources  {places.shown(stack.file)}")
    return 0


def _gate(options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment import gate  # noqa: PLC0415

    gate.warm_up()
    if options.synth:
        folder = Path(options.synth)
    else:
        folder = places.synth_folder()
        session.synthesize(interrupts)
    gate.run(folder.resolve(), waivers=options.waivers)
    return 0


def _bootstrap(_options: argparse.Namespace, _interrupts: Interrupts) -> int:
    session.settings()
    place = target.enter(target.chosen())
    settings = session.settings()
    if place.name == "aws":
        from deployment import preflight  # noqa: PLC0415

        preflight.require_account(settings)
    bootstrap.run(settings, say, real=place.name == "aws", github_repository=os.environ.get("DEPLOY_FROM_GITHUB"))
    return 0


def _check(_options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment import check  # noqa: PLC0415

    return check.run(interrupts)


def _test(_options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment import suite  # noqa: PLC0415

    return suite.run(interrupts)


def _unit(_options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment import suite  # noqa: PLC0415

    return suite.unit(interrupts)


def _rehearsal(options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment import suite  # noqa: PLC0415

    return suite.rehearsal(interrupts, options.only)


def _integration(_options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment import suite  # noqa: PLC0415

    return suite.integration(interrupts)


def _soak(_options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment import suite  # noqa: PLC0415

    return suite.soak(interrupts)


def _preview(options: argparse.Namespace, interrupts: Interrupts) -> int:
    from deployment import preview  # noqa: PLC0415

    preview.run(options.base, interrupts)
    return 0


def _comment(_options: argparse.Namespace, _interrupts: Interrupts) -> int:
    from deployment import comment  # noqa: PLC0415

    comment.write()
    return 0


def _status(_options: argparse.Namespace, _interrupts: Interrupts) -> int:
    from deployment import status  # noqa: PLC0415

    return status.run()


def _stop(_options: argparse.Namespace, _interrupts: Interrupts) -> int:
    name = target.chosen()
    stopped = name == "embedded" and target.leave(None)
    say("The embedded AWS is stopped." if stopped else "No embedded AWS was running.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployment", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    for name, run, text in (
        ("deploy", _deploy, "synthesize, judge, apply all stacks, send one payment"),
        ("destroy", _destroy, "remove everything that deploy made"),
    ):
        add(name, run, text).add_argument("--yes", action="store_true", help="do not ask (also TAP_ASSUME_YES=1)")
    commands.choices["deploy"].add_argument(
        "--stage", choices=["standby"], help="apply the region that is the standby alone, and try it out"
    )
    commands.choices["destroy"].add_argument(
        "--keep-emulator", action="store_true", help="leave the embedded AWS running, to look at what is left"
    )
    planning = add("plan", _plan, "show what a deploy would change")
    planning.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 if there are changes")
    planning.add_argument("--lost", metavar="REGION", help="plan what can be planned while this region does not answer")
    add("synth", _synth, "write the Terraform of all stacks")
    judge = add("gate", _gate, "judge the synthesized stacks")
    judge.add_argument("--synth", metavar="DIR", help="an existing synth output (default: synthesize first)")
    judge.add_argument("--waivers", metavar="FILE", type=Path, help="findings that stay (default: the project's own)")
    add("bootstrap", _bootstrap, "create the account's singletons")
    add("status", _status, "which region is active, and how to promote the other one")
    add("stop", _stop, "stop the embedded AWS, with all that is deployed to it")
    add("check", _check, "format, lint, types, imports, workflows")
    add("test", _test, "everything that CI runs")
    add("unit", _unit, "unit and property tests")
    add(
        "rehearsal", _rehearsal, "deploy, integration tests, a drill and destroy, on a deployment of its own"
    ).add_argument("--only", choices=["defaults", "failover", "alternative"], help="one part of it")
    add("integration", _integration, "integration tests on what is deployed")
    add("soak", _soak, "long campaigns, then every drill, on a deployment of its own")
    add("preview", _preview, "deploy a base to the embedded AWS, and plan this checkout against it").add_argument(
        "--base", metavar="COMMIT", default="origin/main", help="what it is compared with (default: %(default)s)"
    )
    add("comment", _comment, "write what a pull request is told of gate and preview")
    return parser


def main() -> int:
    """Run one command; failures end in one message and an exit code."""
    options = _parser().parse_args()
    interrupts = Interrupts()
    with interrupts.caught():
        try:
            return int(options.run(options, interrupts))
        except DeploymentError as error:
            warn(f"\n{error}")
            return error.code
        except BrokenPipeError:  # `make plan | head`: whom the rest was for has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python's last flush would fail again
            return 1
        except (BotoCoreError, ClientError) as error:
            warn(f"\nAWS did not do what was asked: {error}\n  Check credentials and connection, then try again.")
            return 1
        except KeyboardInterrupt:
            warn("\nInterrupted. Run the command again to go on from here, or `make destroy` to remove what is there.")
            return 130


if __name__ == "__main__":
    sys.exit(main())
