"""Running Terraform: what a person sees of a failure and of an interruption. A script stands in for the program."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from deployment import session
from deployment.errors import DeploymentError, StoppedError
from deployment.interrupt import Interrupts
from deployment.stacks import Runner
from deployment.synthesis import Stack
from deployment.terraform import Terraform

DEADLINE = 20.0
ADDRESS = "aws_rds_cluster.ledger_cluster_F130713B"
ERROR = {
    "type": "diagnostic",
    "diagnostic": {
        "severity": "error",
        "summary": "creating RDS Cluster: InvalidParameterValue: no such version",
        "detail": "Choose another.",
        "address": ADDRESS,
    },
}


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack with one resource."""
    kind, name = ADDRESS.split(".")
    body = {"//": {"metadata": {"path": "primary/ledger/cluster"}}}
    file = tmp_path / "cdk.tf.json"
    file.write_text(json.dumps({"resource": {kind: {name: body}}}))
    return Stack("primary", tmp_path, file, ())


def runner(tmp_path: Path, script: str) -> Runner:
    """A runner whose Terraform is a shell script."""
    program = tmp_path / "terraform"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Runner(
        Terraform(str(program), "1.11.4"), dict(os.environ), tmp_path / "home", tmp_path / "logs", Interrupts()
    )


def test_a_failure_names_stack_resource_construct_message_next_step_and_log(tmp_path: Path, stack: Stack) -> None:
    with pytest.raises(DeploymentError) as failed:
        runner(tmp_path, f"echo '{json.dumps(ERROR)}'; exit 1").apply(stack)
    message = str(failed.value)
    for part in (
        "primary: apply failed",
        ADDRESS,
        "primary/ledger/cluster",
        "no such version",
        "Choose another.",
        "Next: ",
    ):
        assert part in message
    assert json.dumps(ERROR) in (tmp_path / "logs" / "primary-apply.jsonl").read_text()


def test_a_crash_without_a_diagnosis_shows_the_last_lines(tmp_path: Path, stack: Stack) -> None:
    with pytest.raises(DeploymentError, match="fatal error: out of memory"):
        runner(tmp_path, "echo 'fatal error: out of memory'; exit 2").apply(stack)


def test_a_locked_state_says_so(tmp_path: Path, stack: Stack) -> None:
    locked = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "Error acquiring the state lock"}}
    with pytest.raises(DeploymentError, match="somebody else works on this stack"):
        runner(tmp_path, f"echo '{json.dumps(locked)}'; exit 1").apply(stack)


def test_an_empty_plan_is_0_and_changes_are_2(tmp_path: Path, stack: Stack) -> None:
    assert runner(tmp_path, "exit 0").plan(stack) == 0
    assert runner(tmp_path, "exit 2").plan(stack) == 2
    with pytest.raises(DeploymentError):
        runner(tmp_path, "exit 1").plan(stack)


def test_a_plan_that_fails_says_what_to_do_next(tmp_path: Path, stack: Stack) -> None:
    """As when only some of the stacks are applied: the plan needs what the others have not put out yet."""
    said = r"  + name = \"already exists\"\n\nError: Unsupported attribute\n\n  on cdk.tf.json line 1:\n"
    with pytest.raises(DeploymentError, match="Next: a stack before this one is not applied yet"):
        runner(tmp_path, f"printf '{said}'; exit 1").plan(stack)


def test_outputs_leave_out_what_is_sensitive(tmp_path: Path, stack: Stack) -> None:
    outputs = {"a": {"value": 1, "sensitive": False}, "b": {"value": "x", "sensitive": True}}
    assert runner(tmp_path, f"echo '{json.dumps(outputs)}'").outputs(stack) == {"a": 1}


def interrupted(tmp_path: Path, stack: Stack, script: str, *, times: int) -> str:
    """Apply, send ourselves as many interrupts once the script says it is ready, and return what was raised."""
    work = runner(tmp_path, script)
    ready = tmp_path / "ready"
    sent = threading.Event()

    def press_ctrl_c() -> None:
        deadline = time.monotonic() + DEADLINE
        for number in range(times):
            while time.monotonic() < deadline and not ready.exists():
                time.sleep(0.02)
            ready.unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGINT)
            if number + 1 < times:
                continue
        sent.set()

    with work.interrupts.caught():
        hand = threading.Thread(target=press_ctrl_c)
        hand.start()
        try:
            with pytest.raises(StoppedError) as stopped:
                work.apply(stack)
            assert sent.wait(DEADLINE)
        finally:
            hand.join()  # an interrupt that comes after the block would end the whole run
    return str(stopped.value)


def test_ctrl_c_reaches_terraform_once_and_it_may_finish(tmp_path: Path, stack: Stack) -> None:
    script = (
        f"trap 'echo one >> {tmp_path}/heard; done=1' INT\n"
        f"touch {tmp_path}/ready\n"
        'while [ -z "$done" ]; do sleep 0.05; done\n'
        f"echo saved > {tmp_path}/state\nexit 1"
    )
    message = interrupted(tmp_path, stack, script, times=1)
    assert "`make deploy` goes on from here" in message
    assert (tmp_path / "heard").read_text() == "one\n"
    assert (tmp_path / "state").read_text() == "saved\n"


def test_a_second_ctrl_c_kills_a_terraform_that_does_not_end(tmp_path: Path, stack: Stack) -> None:
    script = f"trap 'touch {tmp_path}/ready' INT\ntouch {tmp_path}/ready\nwhile true; do sleep 0.05; done"
    interrupted(tmp_path, stack, script, times=2)


def test_after_an_interruption_nothing_starts_any_more(tmp_path: Path, stack: Stack) -> None:
    work = runner(tmp_path, "exit 0")
    work.interrupts.count = 1
    with pytest.raises(StoppedError, match="not started"):
        work.apply(stack)


REFUSED = 'echo "{}" > "${1#-chdir=}/errored.tfstate"; exit 1'
"""What Terraform does when the backend does not take the state."""


def test_a_state_that_could_not_be_saved_is_kept_and_named(tmp_path: Path, stack: Stack) -> None:
    this = runner(tmp_path, REFUSED)
    with pytest.raises(DeploymentError) as failed:
        this.apply(stack)
    assert this.unsaved_state(stack).read_text() == "{}\n"
    assert f"kept in {this.unsaved_state(stack)}" in str(failed.value)
    assert session.unsaved(this.home) == ["primary"]
    assert not (stack.folder / "errored.tfstate").exists(), "the next synth writes that folder anew"


def test_a_kept_state_is_saved_once(tmp_path: Path, stack: Stack) -> None:
    with pytest.raises(DeploymentError):
        runner(tmp_path, REFUSED).apply(stack)
    this = runner(tmp_path, f'echo "$2 $3 $4" > {tmp_path}/called')
    kept = this.unsaved_state(stack)
    this.save_kept_state(stack)
    assert (tmp_path / "called").read_text() == f"state push {kept}\n"
    assert not kept.exists()


def test_a_kept_state_that_is_refused_again_stays(tmp_path: Path, stack: Stack) -> None:
    with pytest.raises(DeploymentError):
        runner(tmp_path, REFUSED).apply(stack)
    this = runner(tmp_path, "echo 'Failed to write state: unrelated lineage'; exit 1")
    with pytest.raises(DeploymentError, match="unrelated lineage"):
        this.save_kept_state(stack)
    assert this.unsaved_state(stack).exists()


def test_an_unsaved_state_is_not_answered_with_advice_to_go_on_without_it(tmp_path: Path, stack: Stack) -> None:
    """Terraform warns of a forked state; the driver's next step must not contradict it."""
    diagnostic = {"severity": "error", "summary": "Failed to save state", "detail": "connection refused"}
    said = json.dumps({"type": "diagnostic", "diagnostic": diagnostic})
    with pytest.raises(DeploymentError, match="it saves the state that is kept"):
        runner(tmp_path, f"echo '{said}'; {REFUSED}").apply(stack)


def test_killed_is_not_called_saved(tmp_path: Path, stack: Stack) -> None:
    this = runner(tmp_path, "exit 0")
    this.interrupts.count = 2
    with pytest.raises(StoppedError, match="may be unknown to its state"):
        this._stop_if_asked(stack)


@pytest.mark.parametrize(("code", "changes"), [(0, False), (2, True)])
def test_a_look_at_what_would_change_takes_no_lock_and_says_nothing(
    tmp_path: Path, stack: Stack, capsys: pytest.CaptureFixture[str], code: int, changes: bool
) -> None:
    noted_soon = 'while [ ! -s "$TF_DATA_DIR/reader.pid" ]; do sleep 0.02; done'
    this = runner(tmp_path, f'echo "$@"; {noted_soon}; cat "$TF_DATA_DIR/reader.pid"; echo; echo $$; exit {code}')
    assert this.changes(stack) is changes
    arguments, noted, itself = (this.logs / "primary-plan.log").read_text().splitlines()
    assert [word for word in arguments.split() if word.startswith("-lock")] == ["-lock=false"]
    assert noted == itself
    assert not this.reader_pid_file(stack).exists()
    assert capsys.readouterr().out == ""


def test_a_look_that_fails_says_why_and_where_it_is_written(tmp_path: Path, stack: Stack) -> None:
    with pytest.raises(DeploymentError, match=r"(?s)the plan failed.*AccessDenied.*primary-plan\.log"):
        runner(tmp_path, 'printf "Planning\\n\\nError: AccessDenied\\n"; exit 1').changes(stack)


def test_a_plan_that_nobody_reads_to_the_end_ends(
    tmp_path: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in ``make plan | head``: Terraform has more to say than a pipe holds, and nobody takes it."""

    def gone(_text: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("deployment.stacks.say", gone)
    this = runner(tmp_path, "trap '' INT; exec 2>/dev/null; while echo 'a line of a long plan'; do :; done")
    failed: list[BaseException] = []

    def plan() -> None:
        try:
            this.plan(stack)
        except BrokenPipeError as error:
            failed.append(error)

    planning = threading.Thread(target=plan, daemon=True)
    planning.start()
    planning.join(DEADLINE)
    assert failed, "it waits for a Terraform that waits for it"
