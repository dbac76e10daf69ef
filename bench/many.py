"""Several deployments in one process: ``python -m bench.many <count> <folder>``.

Each has an app of its own, since the four stacks have the same names in every deployment.
"""

import sys
from pathlib import Path

import tap
from lib.settings import load

count, folder = int(sys.argv[1]), Path(sys.argv[2])
for number in range(count):
    suffix = f"n{number}"
    tap.synthesize(load(environment_suffix=suffix), folder / suffix)
