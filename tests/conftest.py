"""Runs before any test module: the fast loader must be installed before the first import of cdktf."""

import lib.bindings

lib.bindings.install()
