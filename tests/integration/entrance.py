"""What the tests know of a region's ingress, whichever the settings choose."""

from __future__ import annotations

from tests.integration.platform import Platform, Region


def is_api(platform: Platform) -> bool:
    """Whether it is API Gateway, and not a load balancer."""
    return platform.settings.ingress == "api-gateway"


def address(platform: Platform, region: Region, host: str) -> str:
    """The name by which AWS knows what answers to one of the deployment's names."""
    if is_api(platform):
        domain = platform.client("apigateway", region).get_domain_name(domainName=host)
        return str(domain["regionalDomainName"])
    (balancer,) = platform.client("elbv2", region).describe_load_balancers(
        LoadBalancerArns=[region.outputs["load_balancer_arn"]]
    )["LoadBalancers"]
    return str(balancer["DNSName"])


def invoker(platform: Platform, region: Region) -> tuple[str, str]:
    """The service that invokes the functions, and what the ARN of what does so on its behalf contains."""
    if is_api(platform):
        return "apigateway.amazonaws.com", region.outputs["api_id"]
    return "elasticloadbalancing.amazonaws.com", f":targetgroup/{platform.settings.naming.prefix}-"


def log_groups(platform: Platform, region: Region) -> set[str]:
    """Where it writes to in CloudWatch Logs; a load balancer keeps its log in S3."""
    if not is_api(platform):
        return set()
    api, stage = region.outputs["api_id"], region.outputs["api_stage"]
    found = platform.client("apigateway", region).get_stage(restApiId=api, stageName=stage)
    access = found["accessLogSettings"]["destinationArn"].partition(":log-group:")[2].removesuffix(":*")
    return {access, f"API-Gateway-Execution-Logs_{api}/{stage}"}
