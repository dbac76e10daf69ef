"""The CDKTF app: settings to stacks to synthesized Terraform, and nothing else."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from lib import bindings

bindings.install()

from cdktf import App  # noqa: E402  (the fast loader must come first)

from lib import sources  # noqa: E402
from lib.constructs.functions import Code  # noqa: E402
from lib.packaging import build_functions_zip  # noqa: E402
from lib.settings import Settings, SettingsError, load  # noqa: E402
from lib.stacks import placement  # noqa: E402
from lib.stacks.global_ import GlobalStack  # noqa: E402
from lib.stacks.region import RegionStack  # noqa: E402
from lib.stacks.routing import RoutingStack  # noqa: E402

ROOT = Path(__file__).parent
FUNCTIONS = ROOT / "lambda"
ARCHIVE = "assets/functions.zip"


def synthesize(settings: Settings, outdir: Path) -> None:
    """Write the four stacks and the functions' zip to ``outdir``."""
    artifact = build_functions_zip(source=FUNCTIONS, trust_bundle=settings.database_trust_bundle, out=outdir / ARCHIVE)
    # Terraform runs in stacks/<name>; a relative path keeps the output the same in every checkout.
    code = Code(path=f"../../{ARCHIVE}", sha256=artifact.sha256_base64)
    document = json.loads((FUNCTIONS / "openapi.json").read_text(encoding="utf-8"))
    app = App(outdir=str(outdir))
    with sources.recorded(ROOT) as made:
        shared = GlobalStack(app, settings=settings)
        primary, secondary = (
            RegionStack(app, role=role, settings=settings, shared=shared, code=code, document=document)
            for role in settings.roles
        )
        # The reader joins the global cluster that the writer founded.
        secondary.add_dependency(primary)
        RoutingStack(app, settings=settings, shared=shared, primary=primary, secondary=secondary)
    placement.synth(app)
    made.write(outdir)


def main() -> int:
    """Synthesize with the settings of the environment; 2 if they cannot be used."""
    try:
        settings = load()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    synthesize(settings, Path(os.environ.get("TAP_OUTDIR", ROOT / "cdktf.out")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
