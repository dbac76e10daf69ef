"""Blocks in lists keep their keys of several words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.model.deployment import Resource
from policies.mutation import edit
from policies.rule import Severity, kind, rule
from policies.rules.least_surprise._walk import has_listed_objects, listed_objects

_SOURCES: Final = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups", "self")
_TRAFFIC: Final = (("from_port",), ("to_port",), _SOURCES)
_ENTRY: Final = (("rule_no",), ("from_port",), ("to_port",), ("cidr_block", "ipv6_cidr_block"))
_DESTINATIONS: Final = ("cidr_block", "ipv6_cidr_block", "destination_prefix_list_id")
_GATEWAYS: Final = (
    "carrier_gateway_id",
    "core_network_arn",
    "egress_only_gateway_id",
    "gateway_id",
    "local_gateway_id",
    "nat_gateway_id",
    "network_interface_id",
    "transit_gateway_id",
    "vpc_endpoint_id",
    "vpc_peering_connection_id",
)
_ACTIONS: Final = (
    "target_group_arn",
    "forward",
    "redirect",
    "fixed_response",
    "authenticate_cognito",
    "authenticate_oidc",
)
_LIFECYCLE: Final = (
    "expiration",
    "transition",
    "noncurrent_version_expiration",
    "noncurrent_version_transition",
    "abort_incomplete_multipart_upload",
)

NEEDS: Final[Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]] = {
    ("aws_security_group", "ingress"): _TRAFFIC,
    ("aws_security_group", "egress"): _TRAFFIC,
    ("aws_default_security_group", "ingress"): _TRAFFIC,
    ("aws_default_security_group", "egress"): _TRAFFIC,
    ("aws_network_acl", "ingress"): _ENTRY,
    ("aws_network_acl", "egress"): _ENTRY,
    ("aws_default_network_acl", "ingress"): _ENTRY,
    ("aws_default_network_acl", "egress"): _ENTRY,
    ("aws_route_table", "route"): (_DESTINATIONS, _GATEWAYS),
    ("aws_default_route_table", "route"): (_DESTINATIONS, _GATEWAYS),
    ("aws_lb_listener", "default_action"): (_ACTIONS,),
    ("aws_alb_listener", "default_action"): (_ACTIONS,),
    ("aws_lb_listener_rule", "action"): (_ACTIONS,),
    ("aws_alb_listener_rule", "action"): (_ACTIONS,),
    ("aws_s3_bucket_lifecycle_configuration", "rule"): (_LIFECYCLE,),
    ("aws_s3_bucket_server_side_encryption_configuration", "rule"): (("apply_server_side_encryption_by_default",),),
    ("aws_s3_bucket_notification", "lambda_function"): (("lambda_function_arn",),),
    ("aws_s3_bucket_notification", "queue"): (("queue_arn",),),
    ("aws_s3_bucket_notification", "topic"): (("topic_arn",),),
    ("aws_dynamodb_table", "global_secondary_index"): (("hash_key",), ("projection_type",)),
    ("aws_dynamodb_table", "local_secondary_index"): (("range_key",), ("projection_type",)),
    ("aws_dynamodb_table", "replica"): (("region_name",),),
    ("aws_secretsmanager_secret", "replica"): (("kms_key_id",),),
    ("aws_rds_cluster_parameter_group", "parameter"): (("apply_method",),),
    ("aws_db_parameter_group", "parameter"): (("apply_method",),),
    ("aws_backup_plan", "rule"): (("rule_name",), ("target_vault_name",)),
    ("aws_budgets_budget", "notification"): (
        ("comparison_operator",),
        ("subscriber_email_addresses", "subscriber_sns_topic_arns"),
    ),
    ("aws_cloudfront_distribution", "origin"): (("domain_name",), ("origin_id",)),
    ("aws_wafv2_web_acl", "rule"): (("visibility_config",),),
    ("aws_wafv2_rule_group", "rule"): (("visibility_config",),),
    ("aws_ecs_service", "load_balancer"): (("container_name",), ("container_port",)),
    ("aws_autoscaling_group", "tag"): (("propagate_at_launch",),),
    ("aws_launch_template", "block_device_mappings"): (("device_name", "no_device", "virtual_name"),),
    ("aws_instance", "ebs_block_device"): (("device_name",),),
    ("aws_cognito_user_pool", "schema"): (("attribute_data_type",),),
}
"""Blocks that say nothing, or something else than was meant, without one key of each group.

The replica of a secret falls back to AWS's own key, a parameter to immediate application, a lifecycle rule to nothing.
https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs
"""

_INDEX: Final = re.compile(r"\[\d+\]")


def _words_kept(keys: Mapping[str, Any], *, null: bool) -> dict[str, Any]:
    """The block as CDKTF writes it if its keys were snake_case in Python."""
    return {key: None if "_" in key else value for key, value in keys.items() if null or "_" not in key}


def _corrupted(*, null: bool, last: bool = False) -> Any:
    """Corrupts the lists of blocks in a body: all of them, or only the last block."""

    def change(body: dict[str, Any], resource: Resource) -> bool:
        changed = False
        for name, value in body.items():
            blocks = value if isinstance(value, list) else []
            groups = NEEDS.get((resource.type, name), ())
            for number, block in enumerate(blocks):
                several = isinstance(block, dict) and any("_" in key and block[key] is not None for key in block)
                if not several or (last and number != len(blocks) - 1):
                    continue
                kept = _words_kept(block, null=null)
                # What is left may mean something by itself, as a lifecycle rule does that only expires.
                if null or any(all(kept.get(key) is None for key in group) for group in groups):
                    blocks[number] = kept
                    changed = True
        return changed

    return change


@rule(
    id="TAP_BLOCK_KEYS",
    title="Blocks in lists keep their keys of several words",
    risk="A dictionary in a list block loses them in silence: a rule without ports, an index without a key, a replica "
    "under another key.",
    remediation="Pass the provider's structs, such as SecurityGroupIngress(from_port=…), instead of dictionaries.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:6.2.3", "NIST-800-53:SI-10", "WA-REL:REL08-BP02"],
    judges=kind("*", modes=("resource", "data", "ephemeral"), where=has_listed_objects),
    passes=[
        {
            "aws_security_group": {
                "structs": {
                    "ingress": [
                        {
                            "cidr_blocks": ["10.0.0.0/8"],
                            "description": None,
                            "from_port": 443,
                            "ipv6_cidr_blocks": None,
                            "protocol": "tcp",
                            "self": None,
                            "to_port": 443,
                        }
                    ]
                }
            },
            "aws_s3_bucket_lifecycle_configuration": {
                "rules": {"rule": [{"id": "x", "status": "Enabled", "noncurrent_version_expiration": [{"days": 3}]}]}
            },
            "aws_dynamodb_table": {"one_word": {"attribute": [{"name": "pk", "type": "S"}]}},
        }
    ],
    fails=[
        {
            "aws_security_group": {
                "dictionary": {
                    "ingress": [
                        {
                            "cidr_blocks": None,
                            "description": None,
                            "from_port": None,
                            "ipv6_cidr_blocks": None,
                            "prefix_list_ids": None,
                            "protocol": "tcp",
                            "security_groups": None,
                            "self": None,
                            "to_port": None,
                        }
                    ]
                }
            }
        },
        {"aws_new_thing": {"unknown_type": {"entry": [{"name": "x", "first_port": None, "last_port": None}]}}},
        {"aws_s3_bucket_lifecycle_configuration": {"rules": {"rule": [{"id": "x", "status": "Enabled"}]}}},
        {"aws_lb_listener": {"web": {"default_action": [{"type": "forward"}]}}},
        {"data.aws_iam_policy_document": {"d": {"statement": [{"actions": ["s3:GetObject"], "not_actions": None}]}}},
    ],
    mutations=[
        edit("keys of several words null in every list", _corrupted(null=True)),
        edit("keys of several words null in the last block of each list", _corrupted(null=True, last=True)),
        edit("keys of several words gone", _corrupted(null=False)),
    ],
)
def block_keys(block: Resource) -> Iterator[str]:
    """Fails a block whose keys of several words are all null, and one without a key that it means nothing without."""
    for path, keys in listed_objects(block.body):
        several = [key for key in keys if "_" in key]
        lost = [key for key in several if keys[key] is None]
        if lost and len(lost) == len(several):
            yield f"{path}: {', '.join(sorted(lost))} are all null, as if the block was written as a dictionary"
            continue
        for group in NEEDS.get((block.type, _INDEX.sub("", path)), ()):
            if block.mode == "resource" and all(keys.get(key) is None for key in group):
                yield f"{path} has no {' or '.join(group)}, as if the block was written as a dictionary"
