"""``python -m embedded start|stop|status``: the embedded AWS by hand."""

import argparse
import sys
from pathlib import Path

from embedded import launcher
from embedded.errors import EmbeddedError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 0 if the embedded AWS is (start, status) or was (stop) there."""
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    parser.add_argument("command", choices=["start", "stop", "status"])
    parser.add_argument("--state-dir", type=Path, default=launcher.DEFAULT_STATE_DIR, help="default: .tap/embedded")
    options = parser.parse_args(arguments)
    try:
        if options.command == "start":
            print(launcher.start(options.state_dir).endpoint)
            return 0
        if options.command == "stop":
            stopped = launcher.stop(options.state_dir)
            print("stopped" if stopped else "was not running")
            return 0
        running = launcher.find(options.state_dir)
        print(f"running: {running.endpoint}, process {running.pid}" if running else "not running")
        return 0 if running else 1
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("embedded AWS: interrupted; what was being started has been ended", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
