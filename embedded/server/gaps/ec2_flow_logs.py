"""EC2, flow logs: the role that writes them, format, interval, tags."""

import re
from typing import Any

from embedded.server.patching import Answer, Service, around, gap, text

_DEFAULT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)


@gap("services.ec2", "_ACTION_MAP[CreateFlowLogs]", "_flow_logs", "_p", "_parse_tag_specs")
def flow_log_settings_at_create(ec2: Service) -> None:
    """CreateFlowLogs drops role, interval, format, and tags under the resource type that AWS calls them by."""

    @around(ec2, "_ACTION_MAP[CreateFlowLogs]")
    def create(original: Any, parameters: Any) -> Any:
        before = set(ec2._flow_logs)
        answer = original(parameters)
        for created in set(ec2._flow_logs) - before:
            ec2._flow_logs[created].update(
                DeliverLogsPermissionArn=ec2._p(parameters, "DeliverLogsPermissionArn"),
                MaxAggregationInterval=ec2._p(parameters, "MaxAggregationInterval") or "600",
                LogFormat=ec2._p(parameters, "LogFormat") or _DEFAULT_FORMAT,
            )
            ec2._parse_tag_specs(parameters, "vpc-flow-log", created)
        return answer


@gap("services.ec2", "_ACTION_MAP[DescribeFlowLogs]", "_flow_logs")
def flow_log_settings_described(ec2: Service) -> None:
    """DescribeFlowLogs shows none of them, nor the log group's name."""

    def described(found: re.Match[str]) -> str:
        flow_log = ec2._flow_logs.get(found[1]) or {}
        destination = flow_log.get("LogDestination", "")
        group = destination.split(":log-group:")[-1].rstrip(":*") if ":log-group:" in destination else ""
        fields = "".join(
            f"<{name[0].lower()}{name[1:]}>{flow_log[name]}</{name[0].lower()}{name[1:]}>"
            for name in ("DeliverLogsPermissionArn", "MaxAggregationInterval", "LogFormat")
            if flow_log.get(name)
        )
        return f"{found[0]}{fields}" + (f"<logGroupName>{group}</logGroupName>" if group else "")

    @around(ec2, "_ACTION_MAP[DescribeFlowLogs]")
    def describe(original: Any, parameters: Any) -> Answer:
        status, headers, body = original(parameters)
        return status, headers, re.sub(r"<flowLogId>(.*?)</flowLogId>", described, text(body)).encode()
