"""Functions to deploy in tests of the embedded AWS."""

import io
import json
import zipfile

from tests.unit.embedded.clouds import EAST, Cloud, unique

RUNTIME = "python3.13"


def role(cloud: Cloud) -> str:
    """A role that functions and workflows may take, with every permission."""
    iam, name = cloud.client("iam"), unique("role")
    principal = {"Service": ["lambda.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com"]}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    made = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=json.dumps(everything))
    return str(made["Role"]["Arn"])


def function(cloud: Cloud, code: str, *, region: str = EAST, timeout: int = 30) -> str:
    """Deploy Python code with a ``handler(event, context)``; the function's ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", code)
    made = cloud.client("lambda", region).create_function(
        FunctionName=unique("fn"),
        Role=role(cloud),
        Runtime=RUNTIME,
        Handler="main.handler",
        Timeout=timeout,
        Code={"ZipFile": packed.getvalue()},
    )
    return str(made["FunctionArn"])


def api_of(cloud: Cloud, function_arn: str, *, region: str = EAST, name: str | None = None) -> str:
    """A REST API whose every path calls the function, under a name of its own; the name."""
    gateway, name = cloud.client("apigateway", region), name or f"{unique('api')}.tap.example"
    api = gateway.create_rest_api(name=name)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    proxy = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    gateway.put_method(restApiId=api, resourceId=proxy, httpMethod="ANY", authorizationType="NONE")
    invocations = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    gateway.put_integration(
        restApiId=api,
        resourceId=proxy,
        httpMethod="ANY",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=invocations,
    )
    gateway.create_deployment(restApiId=api, stageName="live")
    certificate = f"arn:aws:acm:{region}:000000000000:certificate/1"
    gateway.create_domain_name(
        domainName=name, regionalCertificateArn=certificate, endpointConfiguration={"types": ["REGIONAL"]}
    )
    gateway.create_base_path_mapping(domainName=name, restApiId=api, stage="live")
    return name
