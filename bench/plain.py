"""The same app with plain imports: ``python -m bench.plain`` instead of ``python tap.py``."""

import importlib
import sys

# Once the package is imported, lib.bindings.install() finds nothing left to do, on Python's side and on Node's.
importlib.import_module("cdktf_cdktf_provider_aws")

import tap  # noqa: E402  (the bindings must come first)

sys.exit(tap.main())
