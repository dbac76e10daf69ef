"""``make preview``: a base that is none is refused at once; both sides share one embedded AWS of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployment import preview, terraform
from deployment.errors import MissingError
from deployment.interrupt import Interrupts
from deployment.terraform import Terraform


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own."""
    monkeypatch.setenv("DEPLOYMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(terraform, "find", lambda: Terraform("terraform", "1.11.4"))
    return tmp_path / "home"


@pytest.mark.parametrize("base", ["no/such/branch", "--help", ""])
def test_a_base_that_is_no_commit_is_refused_before_anything_is_done(home: Path, base: str) -> None:
    with pytest.raises(MissingError, match="is no commit of this repository"):
        preview.run(base, Interrupts())
    assert not home.exists()


def test_both_sides_share_a_deployment_that_is_no_other(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", "aws")
    monkeypatch.setenv("MAKEFLAGS", "-j4")
    variables = preview.environment()

    assert variables["TARGET"] == "embedded"
    assert Path(variables["DEPLOYMENT_HOME"]) == home / "preview" / "deployment"
    assert variables["ENVIRONMENT_SUFFIX"] == preview.SUFFIX
    assert "MAKEFLAGS" not in variables
