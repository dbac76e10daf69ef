"""Terraform is not told to leave something behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.model.deployment import Resource
from policies.mutation import add, put
from policies.rule import Severity, kind, rule
from policies.rules.destroyability._settings import Setting, Settings

_STAYS: Final = "Terraform forgets it, and it stays"
_DISK: Final = "the disk stays when its machine is gone"

_RETAINED: Final = Settings(
    [
        Setting("skip_destroy", harmless=False, otherwise=_STAYS),
        Setting("retain_on_delete", harmless=False, otherwise=_STAYS),
        Setting("retain_stack", harmless=False, otherwise="the stack in the other account stays"),
        Setting("retain_stacks", harmless=False, otherwise="the stacks in other accounts stay"),
        Setting("retain_physical_resources", harmless=False, otherwise="what the product made stays"),
        Setting("root_block_device.delete_on_termination", harmless=True, otherwise=_DISK),
        Setting("ebs_block_device.delete_on_termination", harmless=True, otherwise=_DISK),
        Setting("block_device_mappings.ebs.delete_on_termination", harmless=True, otherwise=_DISK),
        Setting("data_deletion_policy", "DELETE", "what was read into the knowledge base stays"),
    ],
    {
        "aws_eks_addon": [Setting("preserve", harmless=False, otherwise="what the add-on runs stays")],
        "aws_synthetics_canary": [
            Setting(
                "delete_lambda",
                harmless=True,
                otherwise="the function and layer that AWS made for it stay",
                may_be_absent=False,
            )
        ],
    },
)


@rule(
    id="TAP_DESTROY_RETAINED",
    title="Terraform is not told to leave something behind",
    risk="What stays is in no state any more: nobody sees it in a plan, it costs money, and the next deployment of the "
    "same name fails on it.",
    remediation="Leave skip_destroy and the retain flags out, or set them to false.",
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:3.2.1", "NIST-800-53:SI-12(3)", "NIST-800-53:CM-8", "WA-REL:REL08-BP04"],
    judges=kind("*", where=_RETAINED.concern),
    passes=[
        {
            "aws_cloudwatch_log_group": {"logs": {"skip_destroy": False}},
            "aws_instance": {"bastion": {"root_block_device": [{"delete_on_termination": True}, {"volume_size": 8}]}},
            "aws_synthetics_canary": {"probe": {"delete_lambda": True}},
        }
    ],
    fails=[
        {"aws_cloudwatch_log_group": {"logs": {"skip_destroy": True}}},
        {"aws_lambda_layer_version": {"shared": {"skip_destroy": "${var.keep}"}}},
        {"aws_cloudfront_distribution": {"site": {"retain_on_delete": True}}},
        {"aws_instance": {"disks": {"ebs_block_device": [{"volume_size": 8}, {"delete_on_termination": False}]}}},
        {"aws_synthetics_canary": {"silent": {}}},
    ],
    mutations=[
        put("skip_destroy", value=True),
        put("skip_destroy", "${var.keep}"),
        put("skip_destroy", True, "aws_lambda_function"),
        add("aws_lambda_layer_version.shared", {"skip_destroy": True}),
        add("aws_synthetics_canary.probe", {"name": "probe"}),
    ],
)
def destroy_retained(resource: Resource) -> Iterator[str]:
    """Any type that has such a flag; what keeps something by default must be told not to."""
    yield from _RETAINED.faults(resource)
