"""The probe, as it is deployed: what it takes for a healthy peer, asked over HTTPS by the peer's name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.functions.support import Answer, Cloud, Deploy, Function, unique

Peer = Callable[[dict[str, int]], str]
PATHS = ("/health/live", "/health/database")


@pytest.fixture(scope="module")
def peer(cloud: Cloud) -> Iterator[Peer]:
    """Makes an API under a name of its own, whose health paths answer with the given status codes."""
    gateway, made = cloud.client("apigateway"), list[tuple[str, str]]()

    def make(answers: dict[str, int]) -> str:
        name = f"{unique('peer')}.tap.example"
        api = gateway.create_rest_api(name=name)["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        health = gateway.create_resource(restApiId=api, parentId=root, pathPart="health")["id"]
        for path, status in answers.items():
            part = path.rpartition("/")[2]
            resource = gateway.create_resource(restApiId=api, parentId=health, pathPart=part)["id"]
            where = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
            gateway.put_method(**where, authorizationType="NONE")
            gateway.put_method_response(**where, statusCode=str(status))
            gateway.put_integration(
                **where, type="MOCK", requestTemplates={"application/json": json.dumps({"statusCode": status})}
            )
            gateway.put_integration_response(**where, statusCode=str(status))
        gateway.create_deployment(restApiId=api, stageName="live")
        gateway.create_domain_name(
            domainName=name,
            regionalCertificateArn="arn:aws:acm:us-east-1:000000000000:certificate/1",
            endpointConfiguration={"types": ["REGIONAL"]},
        )
        gateway.create_base_path_mapping(domainName=name, restApiId=api, stage="live")
        made.append((api, name))
        return name

    yield make
    for api, name in made:
        gateway.delete_domain_name(domainName=name)
        gateway.delete_rest_api(restApiId=api)


@pytest.fixture(scope="module")
def probe(deploy: Deploy) -> Callable[[str], Function]:
    return lambda name: deploy("probe", PEER_HOST=name, REGIONAL_HOST="here.tap.example")


def measured(answer: Answer) -> list[float]:
    assert answer.error is None, answer.log
    (found,) = [each for each in answer.metrics() if "PeerHealthy" in each]
    assert (found["service"], found["environment"]) == ("probe", "test")
    return list(found["PeerHealthy"])


def test_a_peer_whose_every_check_is_well_is_healthy(probe: Callable[[str], Function], peer: Peer) -> None:
    answer = probe(peer(dict.fromkeys(PATHS, 200)))({})
    assert answer.payload == {"healthy": True}
    assert measured(answer) == [1]


@pytest.mark.parametrize("failing", PATHS)
@pytest.mark.parametrize("status", [503, 404, 301, 204])
def test_a_peer_one_of_whose_checks_says_anything_else_is_not(
    probe: Callable[[str], Function], peer: Peer, failing: str, status: int
) -> None:
    answer = probe(peer({**dict.fromkeys(PATHS, 200), failing: status}))({})
    assert answer.payload == {"healthy": False}
    assert measured(answer) == [0]
    assert f"status {status}" in answer.log


def test_a_peer_whose_name_leads_nowhere_is_not(probe: Callable[[str], Function]) -> None:
    answer = probe("nobody.tap.example")({})
    assert answer.payload == {"healthy": False}
    assert measured(answer) == [0]


def test_a_peer_that_shows_a_certificate_of_nobodys_is_not(
    deploy: Deploy, peer: Peer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nobody: Any = tmp_path_factory.mktemp("trust") / "empty.pem"
    nobody.write_text("")
    name = peer(dict.fromkeys(PATHS, 200))
    answer = deploy("probe", PEER_HOST=name, REGIONAL_HOST=name, SSL_CERT_FILE=str(nobody))({})
    assert measured(answer) == [0]
    assert "CERTIFICATE_VERIFY_FAILED" in answer.log


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_it_asks_its_own_region_on_demand_and_says_nothing_of_the_peer(
    deploy: Deploy, peer: Peer, status: int, healthy: bool
) -> None:
    own = peer(dict.fromkeys(PATHS, status))
    answer = deploy("probe", PEER_HOST="nobody.tap.example", REGIONAL_HOST=own)({"of": "here"})
    assert answer.payload == {"healthy": healthy}
    assert answer.metrics() == []
