"""The round trip's side of the wire: its signature is the one that the functions verify, and no secret is shown."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from deployment import payment
from deployment.errors import DeploymentError
from domain import signature as domain_signature

KEY = "a key for tests"


class Api(http.server.BaseHTTPRequestHandler):
    """Answers with what the server holds, and remembers what it was asked."""

    def do_POST(self) -> None:
        """Any path."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), body.decode()))  # type: ignore[attr-defined]
        status, answer = self.server.answers.pop(0)  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[http.server.HTTPServer]:
    """Stands where the embedded AWS stands."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Api)
    server.asked, server.answers = [], []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_functions_accept_the_signature() -> None:
    header = payment.signature(KEY, '{"id": "1"}', now=1_700_000_000)
    domain_signature.verify(header, b'{"id": "1"}', keys=[KEY.encode()], now=1_700_000_010)
    with pytest.raises(domain_signature.SignatureMismatchError):
        domain_signature.verify(header, b'{"id": "2"}', keys=[KEY.encode()], now=1_700_000_010)


def test_the_name_goes_in_the_host_header(api: http.server.HTTPServer) -> None:
    api.answers.append((202, "{}"))  # type: ignore[attr-defined]
    payment.call("use1.dev.tap.example", "POST", "/v1/webhooks/payments", body="{}")
    path, headers, body = api.asked[0]  # type: ignore[attr-defined]
    assert (path, headers["Host"], body) == ("/v1/webhooks/payments", "use1.dev.tap.example", "{}")


def test_what_a_new_deployment_may_still_answer_is_tried_again(api: http.server.HTTPServer) -> None:
    api.answers += [(503, "starting"), (202, "{}")]  # type: ignore[attr-defined]
    assert payment._accepted("use1.dev.tap.example", KEY, "{}").status == 202
    assert len(api.asked) == 2  # type: ignore[attr-defined]


def test_a_refusal_ends_the_round_trip_with_the_answer_and_without_the_key(api: http.server.HTTPServer) -> None:
    api.answers.append((401, '{"title": "Unauthorized"}'))  # type: ignore[attr-defined]
    with pytest.raises(DeploymentError, match="expected 202, got 401") as failed:
        payment._accepted("use1.dev.tap.example", KEY, json.dumps({"id": "1"}))
    assert KEY not in str(failed.value)
    assert "Unauthorized" in str(failed.value)
