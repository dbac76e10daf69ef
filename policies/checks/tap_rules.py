"""Registers the rules. checkov imports this file by its path, from whatever folder it was started in."""

import sys
from pathlib import Path

# The console script has its own folder on the path, not the one it is started in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policies.adapter import register

CHECKS = register()
