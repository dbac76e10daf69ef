"""Functions reach the deployment's public names over HTTPS, as on AWS, and nothing else."""

import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from tests.unit.embedded.clouds import EAST, Cloud, unique
from tests.unit.embedded.test_alb_gaps import balancer, lead
from tests.unit.embedded.test_lambda_gaps import invoked


@pytest.fixture(scope="module")
def variables(closed_cloud: Cloud) -> dict[str, str]:
    """What a function's process is told."""
    found = invoked(closed_cloud, {"modules": [], "tell": ["HTTPS_PROXY", "SSL_CERT_FILE"]})["told"]
    return dict(found)


@pytest.fixture(scope="module")
def name(closed_cloud: Cloud) -> Iterator[str]:
    """A custom domain of an API that has nothing to say."""
    gateway, name = closed_cloud.client("apigateway"), f"{unique('api')}.tap.example"
    certificate = "arn:aws:acm:us-east-1:000000000000:certificate/1"
    gateway.create_domain_name(domainName=name, regionalCertificateArn=certificate)
    api = gateway.create_rest_api(name=name)["id"]
    gateway.create_deployment(restApiId=api, stageName="live")
    gateway.create_base_path_mapping(domainName=name, restApiId=api, stage="live")
    yield name
    gateway.delete_domain_name(domainName=name)


def status(variables: dict[str, str], url: str, *, trust: str | None = None) -> int:
    context = ssl.create_default_context(cafile=trust or variables["SSL_CERT_FILE"])
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"https": variables["HTTPS_PROXY"]}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=10) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        return refusal.code


def test_a_registered_name_leads_to_its_api(variables: dict[str, str], name: str) -> None:
    assert status(variables, f"https://{name}/health/live") == 403  # the API's own: it has no such resource


def test_a_name_that_leads_to_a_load_balancer_does_so_too(variables: dict[str, str], closed_cloud: Cloud) -> None:
    name, made = f"{unique('api')}.tap.example", balancer(closed_cloud, EAST, "hello")
    lead(closed_cloud, name, made)
    assert status(variables, f"https://{name}/") == 200
    with pytest.raises(URLError, match="502"):  # no certificate is for AWS's own name
        status(variables, f"https://{made['DNSName']}/")


def test_the_certificate_is_for_the_name_and_of_an_authority_of_its_own(
    variables: dict[str, str], name: str, closed_cloud: Cloud
) -> None:
    bundle = str(closed_cloud.emulator.trust_bundle)
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        status(variables, f"https://{name}/", trust=bundle)


@pytest.mark.parametrize("url", ["https://nobody.tap.example/", "https://localhost/"])
def test_any_other_name_does_not_resolve(variables: dict[str, str], url: str) -> None:
    with pytest.raises(URLError, match="502"):
        status(variables, url)


def test_no_port_but_https_is_reached(variables: dict[str, str], name: str) -> None:
    with pytest.raises(URLError, match="502"):
        status(variables, f"https://{name}:8443/")


def test_the_keys_are_readable_by_their_owner_alone(variables: dict[str, str], name: str) -> None:
    status(variables, f"https://{name}/")
    pair = Path(variables["SSL_CERT_FILE"]).parent / f"{name}.pem"
    assert pair.stat().st_mode & 0o077 == 0
