"""What stands before an ingress: a web ACL that refuses known attacks and floods, and keeps what it refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from cdktf_cdktf_provider_aws.wafv2_web_acl import (
    Wafv2WebAcl,
    Wafv2WebAclCustomResponseBody,
    Wafv2WebAclDefaultAction,
    Wafv2WebAclDefaultActionAllow,
    Wafv2WebAclRule,
    Wafv2WebAclRuleAction,
    Wafv2WebAclRuleActionBlock,
    Wafv2WebAclRuleActionBlockCustomResponse,
    Wafv2WebAclRuleActionBlockCustomResponseResponseHeader,
    Wafv2WebAclRuleOverrideAction,
    Wafv2WebAclRuleOverrideActionNone,
    Wafv2WebAclRuleVisibilityConfig,
    Wafv2WebAclVisibilityConfig,
)
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation
from cdktf_cdktf_provider_aws.wafv2_web_acl_logging_configuration import (
    Wafv2WebAclLoggingConfiguration,
    Wafv2WebAclLoggingConfigurationLoggingFilter,
    Wafv2WebAclLoggingConfigurationLoggingFilterFilter,
    Wafv2WebAclLoggingConfigurationLoggingFilterFilterCondition,
    Wafv2WebAclLoggingConfigurationLoggingFilterFilterConditionActionCondition,
    Wafv2WebAclLoggingConfigurationRedactedFields,
    Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader,
)
from constructs import Construct

from lib.constructs.alerts import AlertTopic, Metric
from lib.constructs.context import RegionContext
from lib.constructs.log_group import Logging

WINDOW_SECONDS: Final = 60
"""The shortest over which WAF counts an address's requests.

https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html
"""

UNSIGNED_REQUESTS: Final = 1_000
"""Per address and window, without a signature: a Route 53 health checker sends six, the peer's probe a few."""

BLOCKED_ALARM: Final = 100
"""Refused requests a minute: scanners send a few at any time, this for five minutes is an attack or an error."""

SIGNATURE_HEADER: Final = "tap-signature"
HEALTH_PATHS: Final = "/health/"

_NOT_OURS_TO_REFUSE: Final = (
    # The API takes bodies of 16,384 bytes and refuses larger ones itself; WAF's limit is 8,192.
    "SizeRestrictions_BODY",
    # Free text that only a sender with the key can have written, and that is never interpreted. A payment must not be
    # refused for a word in its description.
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    # Programs send webhooks, and need not call themselves anything.
    "NoUserAgent_HEADER",
)
"""Rules of the common rule set that count instead of block.

https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
"""

_TOO_MANY: Final = "too-many-requests"
_TEXT: Final = [{"priority": 0, "type": "NONE"}]


class Firewall(Construct):
    """A region's web ACL. ``protect`` puts it before an ingress of the region.

    ``requests_per_second`` is what the region takes in all. One sender of payments may send all of it from one
    address, so that no address is held to less, as long as it signs.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        at: RegionContext,
        requests_per_second: int,
        logging: Logging,
        alerts: AlertTopic,
    ) -> None:
        super().__init__(scope, id_)
        self._at = at
        name = at.name("firewall")
        self._acl = Wafv2WebAcl(
            self,
            "web-acl",
            provider=at.provider,
            name=name,
            description="Known attacks and floods do not reach the payments API",
            scope="REGIONAL",
            default_action=Wafv2WebAclDefaultAction(allow=Wafv2WebAclDefaultActionAllow()),
            custom_response_body=[
                Wafv2WebAclCustomResponseBody(
                    key=_TOO_MANY,
                    content_type="APPLICATION_JSON",
                    content=json.dumps({"type": "about:blank", "title": "Too Many Requests", "status": 429}),
                )
            ],
            rule=[
                _managed(
                    0,
                    "AWSManagedRulesAmazonIpReputationList",
                    # A list of others that errs must not make a region look dead.
                    scope_down=_not(_path_begins(HEALTH_PATHS)),
                ),
                _managed(
                    1,
                    "AWSManagedRulesAnonymousIpList",
                    # Where senders of webhooks run.
                    count=["HostingProviderIPList"],
                    scope_down=_not(_path_begins(HEALTH_PATHS)),
                ),
                _managed(2, "AWSManagedRulesKnownBadInputsRuleSet"),
                _managed(3, "AWSManagedRulesCommonRuleSet", count=_NOT_OURS_TO_REFUSE),
                _rate(4, "unsigned", UNSIGNED_REQUESTS, scope_down=_unsigned()),
                _rate(5, "every-address", requests_per_second * WINDOW_SECONDS),
            ],
            visibility_config=Wafv2WebAclVisibilityConfig(
                cloudwatch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
            ),
            tags=at.tags("firewall"),
        )
        self._log(logging)
        alerts.watch(
            self,
            "firewall-blocked",
            Metric("AWS/WAFV2", "BlockedRequests", "Sum", {"WebACL": name, "Region": at.region.name, "Rule": "ALL"}),
            threshold=BLOCKED_ALARM,
            periods=5,
            description=f"The firewall refused more than {BLOCKED_ALARM} requests a minute for five minutes",
        )

    def protect(self, resource: str, arn: str) -> None:
        """Put it before ``arn``, a stage of an API or a load balancer; ``resource`` says which."""
        Wafv2WebAclAssociation(
            self,
            f"before-{resource}",
            provider=self._at.provider,
            resource_arn=arn,
            web_acl_arn=self._acl.arn,
        )

    def _log(self, logging: Logging) -> None:
        at = self._at
        # AWS takes no other beginning for the name.
        # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
        group = logging.group(self, "log", at=at, name=f"aws-waf-logs-{at.name('firewall')}")
        Wafv2WebAclLoggingConfiguration(
            self,
            "logging",
            provider=at.provider,
            resource_arn=self._acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[
                Wafv2WebAclLoggingConfigurationRedactedFields(
                    single_header=Wafv2WebAclLoggingConfigurationRedactedFieldsSingleHeader(name=SIGNATURE_HEADER)
                )
            ],
            # What it let through is in the ingress's own log, and what only counted may quote a body.
            logging_filter=Wafv2WebAclLoggingConfigurationLoggingFilter(
                default_behavior="DROP",
                filter=[
                    Wafv2WebAclLoggingConfigurationLoggingFilterFilter(
                        behavior="KEEP",
                        requirement="MEETS_ANY",
                        condition=[
                            Wafv2WebAclLoggingConfigurationLoggingFilterFilterCondition(
                                action_condition=Wafv2WebAclLoggingConfigurationLoggingFilterFilterConditionActionCondition(
                                    action="BLOCK"
                                )
                            )
                        ],
                    )
                ],
            ),
        )


def _managed(
    priority: int, group: str, *, count: Sequence[str] = (), scope_down: dict[str, Any] | None = None
) -> Wafv2WebAclRule:
    """A rule group of AWS's, whose rules block; those in ``count`` only count."""
    statement: dict[str, Any] = {"vendor_name": "AWS", "name": group}
    if count:
        statement["rule_action_override"] = [{"name": name, "action_to_use": {"count": {}}} for name in count]
    if scope_down:
        statement["scope_down_statement"] = scope_down
    return Wafv2WebAclRule(
        name=group,
        priority=priority,
        override_action=Wafv2WebAclRuleOverrideAction(none=Wafv2WebAclRuleOverrideActionNone()),
        statement={"managed_rule_group_statement": statement},
        visibility_config=_visibility(group),
    )


def _rate(priority: int, name: str, limit: int, *, scope_down: dict[str, Any] | None = None) -> Wafv2WebAclRule:
    """No more than ``limit`` requests in a window from one address; 429 to what is beyond."""
    statement: dict[str, Any] = {
        "limit": limit,
        "aggregate_key_type": "IP",
        "evaluation_window_sec": WINDOW_SECONDS,
    }
    if scope_down:
        statement["scope_down_statement"] = scope_down
    return Wafv2WebAclRule(
        name=name,
        priority=priority,
        action=Wafv2WebAclRuleAction(
            block=Wafv2WebAclRuleActionBlock(
                custom_response=Wafv2WebAclRuleActionBlockCustomResponse(
                    response_code=429,
                    custom_response_body_key=_TOO_MANY,
                    response_header=[
                        Wafv2WebAclRuleActionBlockCustomResponseResponseHeader(
                            name="Retry-After", value=str(WINDOW_SECONDS)
                        )
                    ],
                )
            )
        ),
        statement={"rate_based_statement": statement},
        visibility_config=_visibility(name),
    )


def _unsigned() -> dict[str, Any]:
    """Requests without the header that holds a signature; WAF matches nothing to a header that is missing."""
    present = {
        "field_to_match": {"single_header": {"name": SIGNATURE_HEADER}},
        "comparison_operator": "GE",
        "size": 1,
        "text_transformation": _TEXT,
    }
    return _not({"size_constraint_statement": present})


def _path_begins(prefix: str) -> dict[str, Any]:
    return {
        "byte_match_statement": {
            "field_to_match": {"uri_path": {}},
            "positional_constraint": "STARTS_WITH",
            "search_string": prefix,
            "text_transformation": _TEXT,
        }
    }


def _not(statement: dict[str, Any]) -> dict[str, Any]:
    return {"not_statement": {"statement": statement}}


def _visibility(metric: str) -> Wafv2WebAclRuleVisibilityConfig:
    # A sample shows a request with its signature, which no redaction covers.
    return Wafv2WebAclRuleVisibilityConfig(
        cloudwatch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )
