"""What MiniStack 1.5.33 lacks for this project's resources: one file per service, one function per gap."""

import importlib
import pkgutil


def load() -> None:
    """Import every file here, which registers its gaps."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
