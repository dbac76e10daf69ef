"""The fast loader of the provider bindings: import it before anything of ``cdktf``.

Plain imports cost seven seconds in Python (the package's ``__init__`` imports some 1,400 submodules) and more than
one in Node (as many modules again). Submodules work without either, so a bare package stands in for the first, and the
bindings' own lazy index for the second. The synthesized output is identical to the byte; ``bench/`` measures it.

Everything here that depends on how jsii and the bindings lay out their files is why both are pinned exactly.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Final

PACKAGE: Final = "cdktf_cdktf_provider_aws"
NODE_HOOK: Final = Path(__file__).with_name("lazy_bindings.cjs")


class LoaderError(ImportError):
    """The bindings could not be loaded the fast way."""


def install() -> None:
    """Make submodules of the bindings importable without importing all of them.

    Raises LoaderError if the bindings are missing, or if jsii already runs and it is too late.
    """
    if PACKAGE in sys.modules:
        return
    if "jsii" in sys.modules:
        raise LoaderError("lib.bindings.install() must run before cdktf is imported: Node has started without the hook")
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise LoaderError(f"{PACKAGE} is not installed; run: make setup")
    package = types.ModuleType(PACKAGE)
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    package.__file__ = spec.origin
    sys.modules[PACKAGE] = package
    # Node splits NODE_OPTIONS at spaces unless quoted; a checkout's path may hold them.
    options = os.environ.get("NODE_OPTIONS", "")
    os.environ["NODE_OPTIONS"] = f'{options} --require "{NODE_HOOK}"'.strip()
    # Node 20 is past its end of life for jsii, which says so in a banner on every run; the value is the major version.
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
