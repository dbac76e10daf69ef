"""The catalogues of controls that rules are filed under: their names, and where to read a control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_PILLAR: Final = "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar"


@dataclass(frozen=True)
class Framework:
    """A catalogue of controls. ``page`` is the stable address of the whole."""

    prefix: str
    name: str
    page: str


@dataclass(frozen=True)
class Control:
    """One control. ``page`` is empty where only the catalogue as a whole has a stable address."""

    framework: Framework
    id: str
    title: str
    page: str


FRAMEWORKS: Final = (
    Framework("PCI-DSS-4.0", "PCI DSS 4.0", "https://www.pcisecuritystandards.org/document_library/"),
    Framework("NIST-800-53", "NIST SP 800-53, revision 5", "https://doi.org/10.6028/NIST.SP.800-53r5"),
    Framework("WA-REL", "AWS Well-Architected, reliability pillar", f"{_PILLAR}/welcome.html"),
)

_PRACTICES: Final = {
    "REL01-BP01": ("Aware of service quotas and constraints", "manage_service_limits_aware_quotas_and_constraints"),
    "REL01-BP02": ("Manage service quotas across accounts and regions", "manage_service_limits_limits_considered"),
    "REL01-BP03": (
        "Accommodate fixed service quotas and constraints through architecture",
        "manage_service_limits_aware_fixed_limits",
    ),
    "REL01-BP04": ("Monitor and manage quotas", "manage_service_limits_monitor_manage_limits"),
    "REL01-BP05": ("Automate quota management", "manage_service_limits_automated_monitor_limits"),
    "REL01-BP06": (
        "Ensure that a sufficient gap exists between the current quotas and the maximum usage to accommodate failover",
        "manage_service_limits_suff_buffer_limits",
    ),
    "REL02-BP01": (
        "Use highly available network connectivity for your workload public endpoints",
        "planning_network_topology_ha_conn_users",
    ),
    "REL02-BP02": (
        "Provision redundant connectivity between private networks in the cloud and on-premises environments",
        "planning_network_topology_ha_conn_private_networks",
    ),
    "REL02-BP03": (
        "Ensure IP subnet allocation accounts for expansion and availability",
        "planning_network_topology_ip_subnet_allocation",
    ),
    "REL02-BP04": (
        "Prefer hub-and-spoke topologies over many-to-many mesh",
        "planning_network_topology_prefer_hub_and_spoke",
    ),
    "REL02-BP05": (
        "Enforce non-overlapping private IP address ranges in all private address spaces where they are connected",
        "planning_network_topology_non_overlap_ip",
    ),
    "REL03-BP01": ("Choose how to segment your workload", "service_architecture_monolith_soa_microservice"),
    "REL03-BP02": (
        "Build services focused on specific business domains and functionality",
        "service_architecture_business_domains",
    ),
    "REL03-BP03": ("Provide service contracts per API", "service_architecture_api_contracts"),
    "REL04-BP01": (
        "Identify the kind of distributed systems you depend on",
        "prevent_interaction_failure_identify",
    ),
    "REL04-BP02": (
        "Implement loosely coupled dependencies",
        "prevent_interaction_failure_loosely_coupled_system",
    ),
    "REL04-BP03": ("Do constant work", "prevent_interaction_failure_constant_work"),
    "REL04-BP04": ("Make mutating operations idempotent", "prevent_interaction_failure_idempotent"),
    "REL05-BP01": (
        "Implement graceful degradation to transform applicable hard dependencies into soft dependencies",
        "mitigate_interaction_failure_graceful_degradation",
    ),
    "REL05-BP02": ("Throttle requests", "mitigate_interaction_failure_throttle_requests"),
    "REL05-BP03": ("Control and limit retry calls", "mitigate_interaction_failure_limit_retries"),
    "REL05-BP04": ("Fail fast and limit queues", "mitigate_interaction_failure_fail_fast"),
    "REL05-BP05": ("Set client timeouts", "mitigate_interaction_failure_client_timeouts"),
    "REL05-BP06": ("Make systems stateless where possible", "mitigate_interaction_failure_stateless"),
    "REL05-BP07": ("Implement emergency levers", "mitigate_interaction_failure_emergency_levers"),
    "REL06-BP01": (
        "Monitor all components for the workload (Generation)",
        "monitor_aws_resources_monitor_resources",
    ),
    "REL06-BP02": (
        "Define and calculate metrics (Aggregation)",
        "monitor_aws_resources_notification_aggregation",
    ),
    "REL06-BP03": (
        "Send notifications (Real-time processing and alarming)",
        "monitor_aws_resources_notification_monitor",
    ),
    "REL06-BP04": (
        "Automate responses (Real-time processing and alarming)",
        "monitor_aws_resources_automate_response_monitor",
    ),
    "REL06-BP05": ("Analyze logs", "monitor_aws_resources_storage_analytics"),
    "REL06-BP06": ("Regularly review monitoring scope and metrics", "monitor_aws_resources_review_monitoring"),
    "REL06-BP07": (
        "Monitor end-to-end tracing of requests through your system",
        "monitor_aws_resources_end_to_end",
    ),
    "REL07-BP01": ("Use automation when obtaining or scaling resources", "adapt_to_changes_autoscale_adapt"),
    "REL07-BP02": (
        "Obtain resources upon detection of impairment to a workload",
        "adapt_to_changes_reactive_adapt_auto",
    ),
    "REL07-BP03": (
        "Obtain resources upon detection that more resources are needed for a workload",
        "adapt_to_changes_proactive_adapt_auto",
    ),
    "REL07-BP04": ("Load test your workload", "adapt_to_changes_load_tested_adapt"),
    "REL08-BP01": (
        "Use runbooks for standard activities such as deployment",
        "tracking_change_management_planned_changemgmt",
    ),
    "REL08-BP02": (
        "Integrate functional testing as part of your deployment",
        "tracking_change_management_functional_testing",
    ),
    "REL08-BP03": (
        "Integrate resiliency testing as part of your deployment",
        "tracking_change_management_resiliency_testing",
    ),
    "REL08-BP04": ("Deploy using immutable infrastructure", "tracking_change_management_immutable_infrastructure"),
    "REL08-BP05": ("Deploy changes with automation", "tracking_change_management_automated_changemgmt"),
    "REL09-BP01": (
        "Identify and back up all data that needs to be backed up, or reproduce the data from sources",
        "backing_up_data_identified_backups_data",
    ),
    "REL09-BP02": ("Secure and encrypt backups", "backing_up_data_secured_backups_data"),
    "REL09-BP03": ("Perform data backup automatically", "backing_up_data_automated_backups_data"),
    "REL09-BP04": (
        "Perform periodic recovery of the data to verify backup integrity and processes",
        "backing_up_data_periodic_recovery_testing_data",
    ),
    "REL10-BP01": ("Deploy the workload to multiple locations", "fault_isolation_multiaz_region_system"),
    "REL10-BP02": (
        "Automate recovery for components constrained to a single location",
        "fault_isolation_single_az_system",
    ),
    "REL10-BP03": ("Use bulkhead architectures to limit scope of impact", "fault_isolation_use_bulkhead"),
    "REL11-BP01": (
        "Monitor all components of the workload to detect failures",
        "withstand_component_failures_monitoring_health",
    ),
    "REL11-BP02": ("Fail over to healthy resources", "withstand_component_failures_failover2good"),
    "REL11-BP03": ("Automate healing on all layers", "withstand_component_failures_auto_healing_system"),
    "REL11-BP04": (
        "Rely on the data plane and not the control plane during recovery",
        "withstand_component_failures_avoid_control_plane",
    ),
    "REL11-BP05": (
        "Use static stability to prevent bimodal behavior",
        "withstand_component_failures_static_stability",
    ),
    "REL11-BP06": (
        "Send notifications when events impact availability",
        "withstand_component_failures_notifications_sent_system",
    ),
    "REL11-BP07": (
        "Architect your product to meet availability targets and uptime service level agreements (SLAs)",
        "withstand_component_failures_service_level_agreements",
    ),
    "REL12-BP01": ("Use playbooks to investigate failures", "testing_resiliency_playbook_resiliency"),
    "REL12-BP02": ("Perform post-incident analysis", "testing_resiliency_rca_resiliency"),
    "REL12-BP03": ("Test scalability and performance requirements", "testing_resiliency_test_non_functional"),
    "REL12-BP04": ("Test resiliency using chaos engineering", "testing_resiliency_failure_injection_resiliency"),
    "REL12-BP05": ("Conduct game days regularly", "testing_resiliency_game_days_resiliency"),
    "REL13-BP01": (
        "Define recovery objectives for downtime and data loss",
        "planning_for_recovery_objective_defined_recovery",
    ),
    "REL13-BP02": (
        "Use defined recovery strategies to meet the recovery objectives",
        "planning_for_recovery_disaster_recovery",
    ),
    "REL13-BP03": (
        "Test disaster recovery implementation to validate the implementation",
        "planning_for_recovery_dr_tested",
    ),
    "REL13-BP04": (
        "Manage configuration drift at the DR site or Region",
        "planning_for_recovery_config_drift",
    ),
    "REL13-BP05": ("Automate recovery", "planning_for_recovery_auto_recovery"),
}
"""AWS's title of each best practice, and the name of its page without ``rel_``."""


def control(written: str) -> Control | None:
    """The control that a rule names as ``framework:id``; None if the framework is not one of ours."""
    prefix, _, id_ = written.partition(":")
    framework = next((framework for framework in FRAMEWORKS if framework.prefix == prefix), None)
    if framework is None:
        return None
    title, page = _PRACTICES.get(id_, ("", "")) if prefix == "WA-REL" else ("", "")
    return Control(framework, id_, title, f"{_PILLAR}/rel_{page}.html" if page else "")


def in_order(id_: str) -> list[tuple[int, str]]:
    """A key to sort ids by, in which numbers count as numbers: 2.1 comes before 10.5."""
    parts = "".join(letter if letter.isdecimal() else f" {letter} " for letter in id_).split()
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
