"""What the gate says, for each of its readers: one module per format, each with ``render(judgement) -> str``.

Pure functions: where the text goes is the gate's business.
"""

from typing import Final

TOOL: Final = "tap-policies"
VERSION: Final = "0.1.0"
"""As in pyproject.toml."""
