"""The gate fails closed: what was not checked has not passed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from deployment import gate, synthesis
from deployment.errors import DeploymentError
from deployment.gate import Finding, Scan

ENCRYPTED = {
    "//": {"metadata": {"path": "one/queue/queue", "uniqueId": "encrypted"}},
    "kms_master_key_id": "alias/key",
}
OPEN_GROUP = {
    "//": {"metadata": {"path": "one/network/open-group", "uniqueId": "open"}},
    "name": "open",
    "ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}],
}


def synth_output(folder: Path, stacks: dict[str, dict[str, Any]]) -> Path:
    """A synth output of these stacks' resources."""
    folder.mkdir(parents=True)
    manifest = {}
    for name, resources in stacks.items():
        place = folder / "stacks" / name
        place.mkdir(parents=True)
        place.joinpath("cdk.tf.json").write_text(json.dumps({"resource": resources}, indent=2))
        manifest[name] = {
            "name": name,
            "workingDirectory": f"stacks/{name}",
            "synthesizedStackPath": f"stacks/{name}/cdk.tf.json",
            "dependencies": [],
        }
    folder.joinpath("manifest.json").write_text(json.dumps({"stacks": manifest}))
    return folder


def accept(path: Path, *entries: tuple[str, str]) -> Path:
    """A reviewed list."""
    text = "".join(f'[[accepted]]\ncheck = "{c}"\nresource = "{r}"\nreason = "a test"\n' for c, r in entries)
    path.write_text(text)
    return path


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """A synth output in which checkov finds nothing."""
    return synth_output(tmp_path / "clean", {"one": {"aws_sqs_queue": {"encrypted": ENCRYPTED}}})


@pytest.fixture
def nothing_accepted(tmp_path: Path) -> Path:
    """An empty list."""
    return accept(tmp_path / "accepted.toml")


def refusal(folder: Path, accepted: Path) -> str:
    """What the gate says when it refuses."""
    with pytest.raises(DeploymentError) as refused:
        gate.run(folder, accepted)
    return str(refused.value)


def test_a_clean_synth_passes(clean: Path, nothing_accepted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate.run(clean, nothing_accepted)
    assert capsys.readouterr().out.endswith("gate: passed\n")


def test_an_empty_folder_fails(tmp_path: Path, nothing_accepted: Path) -> None:
    assert "no manifest.json" in refusal(tmp_path, nothing_accepted)


def test_broken_json_fails(clean: Path, nothing_accepted: Path) -> None:
    file = clean / "stacks" / "one" / "cdk.tf.json"
    file.write_text(file.read_text()[:-5])
    assert "cannot be parsed" in refusal(clean, nothing_accepted)


def test_a_stack_that_the_manifest_names_and_the_folder_lacks_fails(clean: Path, nothing_accepted: Path) -> None:
    shutil.rmtree(clean / "stacks" / "one")
    assert "which is not there" in refusal(clean, nothing_accepted)


def test_a_manifest_without_stacks_fails(tmp_path: Path, nothing_accepted: Path) -> None:
    assert "names no stack" in refusal(synth_output(tmp_path / "none", {}), nothing_accepted)


def test_a_damaged_manifest_fails(clean: Path, nothing_accepted: Path) -> None:
    clean.joinpath("manifest.json").write_text("{")
    assert "damaged" in refusal(clean, nothing_accepted)


def test_a_stack_without_resources_fails(tmp_path: Path, nothing_accepted: Path) -> None:
    assert "holds no resource" in refusal(synth_output(tmp_path / "bare", {"one": {}}), nothing_accepted)


def test_a_file_that_checkov_does_not_parse_fails(clean: Path, nothing_accepted: Path) -> None:
    """checkov 3.3.30 drops a file with ``required_version`` and reports no finding."""
    file = clean / "stacks" / "one" / "cdk.tf.json"
    content = json.loads(file.read_text()) | {"terraform": {"required_version": ">= 1.11"}}
    file.write_text(json.dumps(content, indent=2))
    assert "not everything was checked" in refusal(clean, nothing_accepted)


def test_fewer_resources_read_than_synthesized_fails(clean: Path) -> None:
    stacks = synthesis.read(clean)
    assert gate.incomplete(stacks, Scan(1, [], {}, [])) == ["one: 1 resources were synthesized, checkov read 0"]


def test_no_check_at_all_fails(clean: Path) -> None:
    stacks = synthesis.read(clean)
    seen = {stacks[0].file.resolve(): 1}
    assert gate.incomplete(stacks, Scan(0, [], seen, [])) == ["checkov evaluated no check at all"]


def test_a_finding_fails_with_check_and_construct_path(
    tmp_path: Path, nothing_accepted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = synth_output(tmp_path / "bad", {"one": {"aws_security_group": {"open": OPEN_GROUP}}})
    assert "open findings" in refusal(bad, nothing_accepted)
    shown = capsys.readouterr().out
    assert "CKV_AWS_24" in shown
    assert "one/network/open-group" in shown


def test_an_accepted_finding_passes(tmp_path: Path) -> None:
    bad = synth_output(tmp_path / "bad", {"one": {"aws_security_group": {"open": OPEN_GROUP}}})
    findings = {(finding.check, finding.path) for finding in gate.scan(bad).findings}
    gate.run(bad, accept(tmp_path / "accepted.toml", *sorted(findings)))


def test_an_entry_that_nothing_needs_fails(clean: Path, tmp_path: Path) -> None:
    unused = accept(tmp_path / "unused.toml", ("CKV_AWS_24", "*"))
    assert "nothing needs it any more: CKV_AWS_24" in refusal(clean, unused)


@pytest.mark.parametrize(
    "text",
    [
        '[[accepted]]\ncheck = "A"\nresource = "*"\n',
        '[[accepted]]\ncheck = "A"\nresource = "*"\nreason = " "\n',
        '[[accepted]]\ncheck = "A"\nresource = "*"\nreason = "x"\nowner = "me"\n',
        "[[accepted]\n",
        '[[accepted]]\ncheck="A"\nresource="*"\nreason="x"\n[[accepted]]\ncheck="A"\nresource="*"\nreason="y"\n',
    ],
    ids=["no reason", "blank reason", "unknown field", "no TOML", "twice"],
)
def test_a_list_that_is_not_as_reviewed_fails(clean: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert "bad.toml" in refusal(clean, path)


def test_an_entry_covers_its_check_on_its_resources_only() -> None:
    entry = gate.Accepted("CKV_1", "primary/ingress/*", "a test")
    assert entry.covers(Finding("CKV_1", "", "primary/ingress/stage"))
    assert not entry.covers(Finding("CKV_1", "", "secondary/ingress/stage"))
    assert not entry.covers(Finding("CKV_2", "", "primary/ingress/stage"))
