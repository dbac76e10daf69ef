"""The canary, as it is deployed: it sends what the region's webhook takes, and tells what has become of a payment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.functions.support import REGION, Cloud, ControlItem, Deploy, Function, unique

pytestmark = pytest.mark.usefixtures("control_item")
Serve = Callable[[dict[str, Function]], str]


@pytest.fixture(scope="module")
def serve(cloud: Cloud) -> Iterator[Serve]:
    """Serves functions under a public name of their own, by method and path."""
    gateway, made = cloud.client("apigateway"), list[tuple[str, str]]()

    def child(api: str, parent: str, parts: list[str]) -> str:
        for part in parts:
            resources = gateway.get_resources(restApiId=api)["items"]
            known = {it["pathPart"]: it["id"] for it in resources if it.get("parentId") == parent}
            parent = known.get(part) or gateway.create_resource(restApiId=api, parentId=parent, pathPart=part)["id"]
        return parent

    def make(routes: dict[str, Function]) -> str:
        name, api = f"{unique('region')}.tap.example", gateway.create_rest_api(name=unique("api"))["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        for route, function in routes.items():
            method, _, path = route.partition(" /")
            where = {"restApiId": api, "resourceId": child(api, root, path.split("/")), "httpMethod": method}
            gateway.put_method(**where, authorizationType="NONE")
            gateway.put_integration(
                **where,
                type="AWS_PROXY",
                integrationHttpMethod="POST",
                uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
                f"arn:aws:lambda:{REGION}:000000000000:function:{function.name}/invocations",
            )
        gateway.create_deployment(restApiId=api, stageName="live")
        gateway.create_domain_name(
            domainName=name,
            regionalCertificateArn=f"arn:aws:acm:{REGION}:000000000000:certificate/1",
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
def payments(deploy: Deploy, sessions_table: str, signing_secret: str) -> Function:
    """The function that tells a payment's status."""
    return deploy("payments", SESSIONS_TABLE=sessions_table, SIGNING_SECRET_ARN=signing_secret)


@pytest.fixture(scope="module")
def canary(deploy: Deploy, serve: Serve, webhook: Function, payments: Function, signing_secret: str) -> Function:
    host = serve({"POST /v1/webhooks/payments": webhook, "GET /v1/payments/{id}": payments})
    return deploy("canary", REGIONAL_HOST=host, SIGNING_SECRET_ARN=signing_secret)


def test_its_payment_is_accepted_and_not_yet_settled(canary: Function) -> None:
    payment = unique("failover")
    assert canary({"send": payment}).payload == {"accepted": True}
    assert canary({"check": payment}).payload == {"settled": False}


def test_it_may_send_the_same_payment_again(canary: Function) -> None:
    payment = unique("failover")
    assert [canary({"send": payment}).payload for _ in range(2)] == [{"accepted": True}] * 2


def test_it_sees_when_its_payment_is_settled(canary: Function, cloud: Cloud, sessions_table: str) -> None:
    payment = unique("failover")
    canary({"send": payment})
    cloud.client("dynamodb").update_item(
        TableName=sessions_table,
        Key={"pk": {"S": f"payment#{payment}"}},
        UpdateExpression="SET #status = :settled",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":settled": {"S": "settled"}},
    )
    assert canary({"check": payment}).payload == {"settled": True}


def test_it_fails_when_the_region_refuses(canary: Function, control_item: ControlItem) -> None:
    control_item.put("fenced")
    answer = canary({"send": unique("failover")})
    assert answer.error is not None
    assert "503" in answer.payload["errorMessage"]


@pytest.mark.parametrize("event", [{}, {"send": 7}, {"forget": "it"}])
def test_it_refuses_what_it_does_not_know(canary: Function, event: dict[str, Any]) -> None:
    assert '{"send": id}' in canary(event).payload["errorMessage"]
