"""Load balancers: reached by the names that lead to them, wherever they are."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from tests.unit.embedded.clouds import EAST, WEST, Cloud, closes, unique
from tests.unit.embedded.test_lambda_gaps import made_function

ECHO = """
import json

def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["multiValueQueryStringParameters"])}
"""


def balancer(cloud: Cloud, region: str, says: str) -> Any:
    """A load balancer that answers each request with the same text."""
    elb = cloud.client("elbv2", region)
    made = elb.create_load_balancer(Name=unique("lb"), Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": says}}
    elb.create_listener(LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[answer])
    return made


def lead(cloud: Cloud, name: str, *balancers: Any) -> None:
    """Records of a name, one for each load balancer."""
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name=f"{unique('zone')}.example", CallerReference=unique("zone"))["HostedZone"]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": name,
                "Type": "A",
                "SetIdentifier": str(number),
                "Weight": number,
                "AliasTarget": {
                    "DNSName": each["DNSName"],
                    "HostedZoneId": "Z35SXDOTRQ7X7K",
                    "EvaluateTargetHealth": False,
                },
            },
        }
        for number, each in enumerate(balancers)
    ]
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": changes})


def ask(cloud: Cloud, host: str, path: str = "/", **headers: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(cloud.emulator.endpoint).netloc, timeout=10)
    connection.request("GET", path, headers={"Host": host, **headers})
    return connection.getresponse().read().decode()


@closes("load_balancers_by_name")
class TestALoadBalancer:
    def test_answers_to_a_name_of_route_53(self, cloud: Cloud) -> None:
        name = f"{unique('pay')}.example"
        lead(cloud, name, balancer(cloud, EAST, "east"))
        assert ask(cloud, name) == "east"

    def test_answers_to_its_own_name_in_any_region(self, cloud: Cloud) -> None:
        assert ask(cloud, balancer(cloud, WEST, "west")["DNSName"]) == "west"

    def test_of_two_that_share_a_name_the_addressed_one_answers(self, cloud: Cloud) -> None:
        name = f"{unique('pay')}.example"
        lead(cloud, name, balancer(cloud, EAST, "east"), balancer(cloud, WEST, "west"))
        assert ask(cloud, name, **{"X-Embedded-Region": WEST}) == "west"
        assert ask(cloud, name, **{"X-Embedded-Region": EAST}) == "east"


@closes("queries_as_sent")
def test_a_function_gets_a_query_as_it_was_sent(cloud: Cloud) -> None:
    elb = cloud.client("elbv2")
    group = elb.create_target_group(Name=unique("tg"), TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
    several = {"Key": "lambda.multi_value_headers.enabled", "Value": "true"}
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[several])
    function = cloud.client("lambda").get_function(FunctionName=made_function(cloud, ECHO))
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": function["Configuration"]["FunctionArn"]}])
    made = elb.create_load_balancer(Name=unique("lb"), Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    elb.create_listener(LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=forward)
    assert json.loads(ask(cloud, made["DNSName"], "/?a=x%20y&a=%2B")) == {"a": ["x%20y", "%2B"]}


@closes("groups_of_functions")
def test_a_group_of_functions_has_neither_port_nor_network(cloud: Cloud) -> None:
    elb = cloud.client("elbv2")
    elb.create_target_group(Name=unique("tg"), TargetType="lambda")
    (of_addresses,) = elb.create_target_group(Name=unique("tg"), TargetType="ip", Port=81, VpcId="vpc-1")[
        "TargetGroups"
    ]
    groups = elb.describe_target_groups()["TargetGroups"]
    of_functions = [each for each in groups if each["TargetType"] == "lambda"]
    assert of_functions
    assert not [each for each in of_functions if {"Protocol", "Port", "VpcId"} & each.keys()]
    assert (of_addresses["Port"], of_addresses["VpcId"]) == (81, "vpc-1")


@closes("listener_certificates")
def test_a_listener_shows_more_certificates_than_its_own(cloud: Cloud) -> None:
    elb = cloud.client("elbv2")
    first, second = (f"arn:aws:acm:us-east-1:000000000000:certificate/{unique('c')}" for _ in range(2))
    made = elb.create_load_balancer(Name=unique("lb"), Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
    refusal = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    listener = elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": first}],
        DefaultActions=refusal,
    )["Listeners"][0]["ListenerArn"]

    def shown() -> list[tuple[str, bool]]:
        found = elb.describe_listener_certificates(ListenerArn=listener)["Certificates"]
        return [(each["CertificateArn"], each["IsDefault"]) for each in found]

    elb.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    assert shown() == [(first, True), (second, False)]
    elb.remove_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": second}])
    assert shown() == [(first, True)]
