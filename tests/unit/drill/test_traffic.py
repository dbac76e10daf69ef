"""The payment provider: a steady rate, the same payment again until it is accepted, and an end."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import defaultdict

import pytest

from deployment.payment import Answer
from drill import traffic
from drill.records import Attempt
from drill.traffic import Traffic

KEY = "a key of this test"


class Provider:
    """A platform that gives each payment these answers in turn, and 202 for ever after."""

    def __init__(self, *answers: int | OSError) -> None:
        self.answers = answers
        self.bodies: dict[str, list[str]] = defaultdict(list)
        self.signatures: list[tuple[str, str]] = []
        self.leads_to = "us-east-1"
        self._lock = threading.Lock()

    def region(self) -> str:
        return self.leads_to

    def call(self, region: str, body: str, headers: dict[str, str], timeout: float) -> Answer:
        assert region == self.leads_to
        assert timeout == traffic.TIMEOUT_SECONDS
        with self._lock:
            sent = self.bodies[json.loads(body)["id"]]
            sent.append(body)
            self.signatures.append((headers["Tap-Signature"], body))
        answer = self.answers[len(sent) - 1] if len(sent) <= len(self.answers) else 202
        if isinstance(answer, OSError):
            raise answer
        return Answer(answer, "")


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "FIRST_PAUSE", 0.02)


def run(provider: Provider, *, seconds: float = 0.3, rate: float = 20) -> tuple[list[Attempt], bool]:
    seen: list[Attempt] = []
    stream = Traffic(provider, KEY, rate=rate, run="drill-test", seen=seen.append)
    stream.start()
    time.sleep(seconds)
    return seen, stream.finish(5)


def test_payments_are_sent_at_the_rate_each_under_an_id_of_its_own() -> None:
    seen, done = run(Provider(), seconds=0.5, rate=20)
    assert done
    assert len({attempt.payment for attempt in seen}) == len(seen)
    assert 8 <= len(seen) <= 12
    assert {(attempt.status, attempt.region, attempt.number) for attempt in seen} == {(202, "us-east-1", 1)}


@pytest.mark.parametrize("answer", [503, 500, 429, 403, ConnectionResetError("gone"), TimeoutError("late")])
def test_what_is_not_accepted_is_sent_again_with_the_same_body(answer: int | OSError) -> None:
    provider = Provider(answer, answer)
    seen, done = run(provider)
    assert done
    assert all(len(bodies) == 3 and len(set(bodies)) == 1 for bodies in provider.bodies.values())
    assert [a.number for a in seen if a.payment == "drill-test-00000"] == [1, 2, 3]
    assert {a.status for a in seen if a.number < 3} == {answer if isinstance(answer, int) else 0}


@pytest.mark.parametrize("answer", [400, 401, 409])
def test_what_is_refused_for_what_it_says_is_not_sent_again(answer: int) -> None:
    provider = Provider(answer)
    _, done = run(provider)
    assert done
    assert all(len(bodies) == 1 for bodies in provider.bodies.values())


def test_the_pauses_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "FIRST_PAUSE", 0.05)
    seen, _ = run(Provider(503, 503, 503), seconds=0.1, rate=1)
    times = [attempt.sent for attempt in seen]
    assert times[1] - times[0] < times[2] - times[1] < times[3] - times[2]


def test_every_attempt_is_signed_as_the_platform_wants_it() -> None:
    provider = Provider(503)
    run(provider)
    for header, body in provider.signatures:
        moment, digest = (part.partition("=")[2] for part in header.split(","))
        assert hmac.compare_digest(
            digest, hmac.new(KEY.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
        )


def test_a_name_that_leads_nowhere_is_asked_again() -> None:
    provider = Provider()
    provider.leads_to = ""
    seen: list[Attempt] = []
    stream = Traffic(provider, KEY, rate=20, run="drill-test", seen=seen.append)
    stream.start()
    time.sleep(0.2)
    provider.leads_to = "us-west-2"
    assert stream.finish(5)
    assert seen[0].problem == "the name leads nowhere"
    assert seen[-1].status == 202


def test_an_end_does_not_wait_for_ever() -> None:
    provider = Provider(*[503] * 1000)
    _, done = run_for(provider, patience=0.3)
    assert not done


def run_for(provider: Provider, *, patience: float) -> tuple[list[Attempt], bool]:
    seen: list[Attempt] = []
    stream = Traffic(provider, KEY, rate=20, run="drill-test", seen=seen.append)
    stream.start()
    time.sleep(0.1)
    return seen, stream.finish(patience)
