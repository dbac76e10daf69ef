"""A region's way in: a REST API made from the OpenAPI document, under the shared name and a name of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final

from cdktf import Fn, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.api_gateway_base_path_mapping import ApiGatewayBasePathMapping
from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
from cdktf_cdktf_provider_aws.api_gateway_domain_name import (
    ApiGatewayDomainName,
    ApiGatewayDomainNameEndpointConfiguration,
)
from cdktf_cdktf_provider_aws.api_gateway_method_settings import (
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
)
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi, ApiGatewayRestApiEndpointConfiguration
from cdktf_cdktf_provider_aws.api_gateway_stage import ApiGatewayStage, ApiGatewayStageAccessLogSettings
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric, Statistic
from lib.constructs.certificate import CertifiedName, watch_expiry
from lib.constructs.context import RegionContext
from lib.constructs.dashboard import Graph
from lib.constructs.firewall import Firewall
from lib.constructs.log_group import Logging
from lib.constructs.openapi import PublicApi, operations
from lib.constructs.routing import AliasTarget

REQUESTS_PER_SECOND: Final = 10_000
BURST: Final = 5_000
"""The account's default quota, stated so that a lower stage limit cannot creep in.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

_ACCESS_LOG: Final = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "requestTime": "$context.requestTime",
    "httpMethod": "$context.httpMethod",
    "resourcePath": "$context.resourcePath",
    "status": "$context.status",
    "responseLatency": "$context.responseLatency",
    "integrationError": "$context.integrationErrorMessage",
}


class ApiIngress(Construct):
    """A regional REST API whose only ways in are its custom domains."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        api: PublicApi,
        firewall: Firewall,
        logging: Logging,
        alerts: AlertTopic,
    ) -> None:
        super().__init__(scope, id_)
        self._at, self._logging = at, logging
        # AWS ends the name of the execution log with it, so it has to tell region and suffix like every other name.
        self.stage = at.name("payments")
        body = json.dumps(_with_integrations(api, title=at.name("payments")), sort_keys=True)
        self._api = ApiGatewayRestApi(
            self,
            "api",
            provider=at.provider,
            name=at.name("payments"),
            body=body,
            put_rest_api_mode="overwrite",
            # The shared name must be the way in, or a failover of DNS would not move everybody.
            disable_execute_api_endpoint=True,
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=["REGIONAL"]),
            tags=at.tags("payments"),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self._stage = self._deploy()
        self.arn = self._stage.arn
        self.description = {"api_id": self._api.id, "api_stage": self.stage}
        firewall.protect("stage", self.arn)
        self.failover_target = self._domain("failover", api.failover_name)
        self.regional_target = self._domain("regional", api.regional_name)
        self._let_api_invoke(api)
        self._watch(alerts, api.names)

    def _deploy(self) -> ApiGatewayStage:
        at = self._at
        deployment = ApiGatewayDeployment(
            self,
            "deployment",
            provider=at.provider,
            rest_api_id=self._api.id,
            triggers={"document": Fn.sha256(self._api.body)},
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        access_log = self._logging.group(
            self, "access-log", at=at, name=f"/aws/apigateway/{at.name('payments-access')}"
        )
        # API Gateway would make this group itself, without retention or key, and leave it behind.
        execution_log = self._logging.group(
            self, "execution-log", at=at, name=f"API-Gateway-Execution-Logs_{self._api.id}/{self.stage}"
        )
        stage = ApiGatewayStage(
            self,
            "stage",
            provider=at.provider,
            rest_api_id=self._api.id,
            deployment_id=deployment.id,
            stage_name=self.stage,
            xray_tracing_enabled=True,
            access_log_settings=ApiGatewayStageAccessLogSettings(
                destination_arn=access_log.arn, format=json.dumps(_ACCESS_LOG, sort_keys=True)
            ),
            tags=at.tags("payments"),
            depends_on=[execution_log],
        )
        ApiGatewayMethodSettings(
            self,
            "settings",
            provider=at.provider,
            rest_api_id=self._api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings=ApiGatewayMethodSettingsSettings(
                metrics_enabled=True,
                logging_level="ERROR",
                # Bodies are payments; they have no place in a log.
                data_trace_enabled=False,
                caching_enabled=False,
                throttling_rate_limit=REQUESTS_PER_SECOND,
                throttling_burst_limit=BURST,
            ),
        )
        return stage

    def _domain(self, which: str, name: CertifiedName) -> AliasTarget:
        """A custom domain that leads to the API's stage, as what a record can point at."""
        domain = ApiGatewayDomainName(
            self,
            f"{which}-domain",
            provider=self._at.provider,
            domain_name=name.host,
            regional_certificate_arn=name.certificate_arn,
            security_policy="TLS_1_2",
            endpoint_configuration=ApiGatewayDomainNameEndpointConfiguration(types=["REGIONAL"]),
            tags=self._at.tags(f"payments-{which}"),
        )
        ApiGatewayBasePathMapping(
            self,
            f"{which}-mapping",
            provider=self._at.provider,
            domain_name=domain.domain_name,
            api_id=self._api.id,
            stage_name=self._stage.stage_name,
        )
        return AliasTarget(dns_name=domain.regional_domain_name, zone_id=domain.regional_zone_id)

    def _let_api_invoke(self, api: PublicApi) -> None:
        for path, method, operation in operations(api.document):
            # In an execution ARN a path parameter is a wildcard of that one segment.
            segments = "/".join("*" if part.startswith("{") else part for part in path.split("/"))
            api.routes[operation["operationId"]].allow_invocation(
                id_=operation["operationId"],
                service="apigateway.amazonaws.com",
                source_arn=f"{self._api.execution_arn}/{self.stage}/{method.upper()}{segments}",
            )

    @property
    def graphs(self) -> list[Graph]:
        """What a region's page shows of the API."""
        return [
            Graph(
                "API: requests and errors", [self._metric(name, "Sum") for name in ("Count", "4XXError", "5XXError")]
            ),
            Graph("API: latency, ms", [self._metric("Latency", each) for each in ("Average", "Maximum")]),
        ]

    def _metric(self, metric: str, statistic: Statistic) -> Metric:
        return Metric("AWS/ApiGateway", metric, statistic, {"ApiName": self._at.name("payments"), "Stage": self.stage})

    def _watch(self, alerts: AlertTopic, names: Sequence[CertifiedName]) -> None:
        alerts.watch(
            self,
            "payments-5xx",
            self._metric("5XXError", "Sum"),
            threshold=0,
            description="The API answered a request with a server error",
        )
        watch_expiry(self, names, alerts=alerts)


def _with_integrations(api: PublicApi, *, title: str) -> dict[str, Any]:
    """The document with the function behind each operation, and API Gateway's own refusals as problem documents."""
    integrated = deepcopy(dict(api.document))
    # On import API Gateway takes its name from here.
    integrated["info"]["title"] = title
    # The functions verify signatures; as an "apiKey" scheme API Gateway might ask for one of its own keys instead.
    integrated["components"].pop("securitySchemes", None)
    for _, _, operation in operations(integrated):
        operation.pop("security", None)
        operation["x-amazon-apigateway-integration"] = {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": api.routes[operation["operationId"]].invoke_arn,
            "passthroughBehavior": "never",
        }
    integrated["x-amazon-apigateway-gateway-responses"] = {
        kind: {
            "statusCode": status,
            "responseParameters": {"gatewayresponse.header.Content-Type": "'application/problem+json'"},
            "responseTemplates": {
                "application/json": json.dumps({"type": "about:blank", "title": title_, "status": status})
            },
        }
        for kind, status, title_ in (
            ("BAD_REQUEST_BODY", 400, "Bad Request"),
            ("BAD_REQUEST_PARAMETERS", 400, "Bad Request"),
            ("MISSING_AUTHENTICATION_TOKEN", 404, "Not Found"),
            ("REQUEST_TOO_LARGE", 413, "Content Too Large"),
            ("THROTTLED", 429, "Too Many Requests"),
            ("WAF_FILTERED", 403, "Forbidden"),
            ("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported Media Type"),
            ("INTEGRATION_FAILURE", 503, "Service Unavailable"),
            ("INTEGRATION_TIMEOUT", 504, "Gateway Timeout"),
            ("DEFAULT_5XX", 500, "Internal Server Error"),
        )
    }
    return integrated
