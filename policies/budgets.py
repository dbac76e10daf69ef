"""Recovery objectives as sums: what the configuration adds up to in the worst case, part by part.

``sums`` adds up what a deployment states; ``unstated`` names the promises that nothing in it keeps or breaks yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from policies.model.alarms import ALARM, Metric, metrics, watch
from policies.model.choices import leads_normally
from policies.model.deployment import Deployment, Resource
from policies.model.values import Block
from policies.model.workflows import MACHINE, definition, promotes

Objective = Literal["RTO", "RPO"]


@dataclass(frozen=True)
class Term:
    """One part of a sum, and the attribute or the page that its seconds come from.

    ``seconds`` is None if nothing in the configuration says how long it takes.
    """

    label: str
    seconds: float | None
    origin: str

    @property
    def shown(self) -> str:
        """The seconds for people: ``90 s``, or ``unknown``."""
        return "unknown" if self.seconds is None else f"{self.seconds:g} s"


@dataclass(frozen=True)
class Sum:
    """A promise's worst case for one ``subject`` (a construct path).

    ``outside`` are named terms that do not count, such as the time a person needs.
    """

    promise: str
    objective: Objective
    budget_seconds: float
    terms: tuple[Term, ...]
    outside: tuple[Term, ...] = ()
    subject: str = ""

    @property
    def seconds(self) -> float:
        """What the known terms add up to."""
        return sum(term.seconds for term in self.terms if term.seconds is not None)

    @property
    def complete(self) -> bool:
        """Whether every term is known; what is not cannot be promised."""
        return bool(self.terms) and all(term.seconds is not None for term in self.terms)

    @property
    def within_budget(self) -> bool:
        """Whether the promise holds."""
        return self.complete and self.seconds <= self.budget_seconds

    def __str__(self) -> str:
        """The whole sum as a sentence."""
        parts = " + ".join(f"{term.shown} ({term.label}: {term.origin})" for term in self.terms) or "nothing is known"
        total = f"{self.seconds:g} s" if self.complete else f"{self.seconds:g} s and what is not known"
        return f"{self.promise} {self.objective} is {total}, the budget {self.budget_seconds:g} s: {parts}"


PUBLISHED_AS: Final = "recovery_budgets"
"""The output by which a deployment publishes its budgets: a map of seconds, by the names below."""

DEFAULT_SECONDS: Final[Mapping[str, float]] = {
    "ingest_rto": 300,
    "settlement_rto": 900,
    "ledger_rpo": 60,
    "sessions_rpo": 60,
    "receipts_rpo": 900,
}
"""Budgets of a deployment that publishes none."""

ALIAS_TTL_SECONDS: Final = 60
ALIAS_TTL_PAGE: Final = "https://aws.amazon.com/route53/faqs/"
"""Alias records to AWS resources have a fixed TTL."""

HEALTH_PAGE: Final = (
    "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html"
)
_ANSWER_SECONDS: Final = {"HTTP": 6, "HTTPS": 6, "HTTP_STR_MATCH": 8, "HTTPS_STR_MATCH": 8, "TCP": 10}
"""How long a health checker waits: 4 s to connect, 2 s for a status, 2 s for a body; 10 s for TCP. The interval begins
when it has its answer: https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html
"""

_DEFAULT_INTERVAL: Final = 30
_DEFAULT_FAILURES: Final = 3
"""What Route 53 takes where nothing is written: the same page."""

_NESTED_CHECKS: Final = 8
"""Calculated checks within calculated checks; Route 53 allows none, so more is a circle."""

CACHES: Final = {
    "VERDICT_CACHE_SECONDS": "health functions repeat an earlier verdict",
    "CONTROL_CACHE_SECONDS": "functions go on with a region's old state",
}
"""Variables by which functions are told how long they may use what they have read, and what that means."""

REPLICATION_TIME_PAGE: Final = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html"

LEDGER_LAG: Final = ("AWS/RDS", "AuroraGlobalDBReplicationLag")
SESSIONS_LAG: Final = ("AWS/DynamoDB", "ReplicationLatency")
"""Both in milliseconds."""


def is_primary_record(resource: Resource) -> bool:
    """Whether payments are led by it while all is well, so that a failover leads away from it."""
    return resource.type == "aws_route53_record" and leads_normally(resource)


def is_failover_workflow(resource: Resource) -> bool:
    """Whether it is a state machine that makes another member of a global database the writer."""
    return resource.type == MACHINE and promotes(resource.text("definition") or "")


def is_ledger_member(resource: Resource) -> bool:
    """Whether it is a member of a global database."""
    return resource.type == "aws_rds_cluster" and "global_cluster_identifier" in resource


def is_global_table(resource: Resource) -> bool:
    """Whether it is a table with replicas in other regions."""
    return resource.type == "aws_dynamodb_table" and bool(resource.blocks("replica"))


def is_bucket_replication(resource: Resource) -> bool:
    """Whether it replicates a bucket."""
    return resource.type == "aws_s3_bucket_replication_configuration"


RECOVERS_IN_TIME: Final = ("aws_route53_record", "aws_sfn_state_machine")
RECOVERS_TO_A_POINT: Final = ("aws_rds_cluster", "aws_dynamodb_table", "aws_s3_bucket_replication_configuration")


def sums(deployment: Deployment) -> tuple[Sum, ...]:
    """What each promise adds up to, as far as something is deployed that it is about."""
    subjects = deployment.resources(*RECOVERS_IN_TIME, *RECOVERS_TO_A_POINT)
    return tuple(sum_ for subject in subjects for sum_ in sums_of(subject))


def sums_of(resource: Resource) -> tuple[Sum, ...]:
    """The sums that are about one resource; none if nothing is promised about it."""
    return tuple(found for applies, add_up in _KINDS if applies(resource) for found in add_up(resource))


def unstated(deployment: Deployment) -> tuple[str, ...]:
    """The promises that have a budget and no sum, each as a sentence that says what is not deployed."""
    stated = {f"{found.promise}_{found.objective}".lower() for found in sums(deployment)}
    sentences = []
    for name, absent in _ABSENT.items():
        if name not in stated:
            promise, _, objective = name.partition("_")
            budget = _budget(deployment, promise, "RTO" if objective == "rto" else "RPO")
            sentences.append(f"{promise} {objective.upper()} ({budget:g} s) adds up to nothing yet: {absent}")
    return tuple(sentences)


_ABSENT: Final = {
    "ingest_rto": "no record with failover or weighted routing is deployed",
    "settlement_rto": "no workflow that promotes the other region's database is deployed",
    "ledger_rpo": "no member of a global database is deployed",
    "sessions_rpo": "no table with replicas is deployed",
    "receipts_rpo": "no bucket is replicated",
}


def _budget(deployment: Deployment, promise: str, objective: Objective) -> float:
    """The published budget, else the default. One that is published but no number allows nothing."""
    name = f"{promise}_{objective}".lower()
    published = Block(deployment.setting(PUBLISHED_AS))
    return (published.number(name) or 0.0) if name in published else DEFAULT_SECONDS[name]


def _ingest(record: Resource) -> Iterator[Sum]:
    """From the death of the primary to payments in the standby."""
    budget = _budget(record.deployment, "ingest", "RTO")
    check = record.target("health_check_id")
    switches = [] if check is None else [child for child in check.targets("child_healthchecks") if _is_switch(child)]
    outside = tuple(Term("a person decides to throw the switch", None, switch.path) for switch in switches)
    yield Sum("ingest", "RTO", budget, tuple(_redirection(record)), outside, record.path)


def _is_switch(check: Resource) -> bool:
    """Whether somebody can lead payments away by making the check succeed."""
    return check.flag("invert_healthcheck") is True


def _settlement(workflow: Resource) -> Iterator[Sum]:
    """From the death of the primary to settled payments: redirection, whatever starts the workflow, the workflow."""
    deployment = workflow.deployment
    records = [record for record in deployment.resources("aws_route53_record") if is_primary_record(record)]
    redirections = [tuple(_redirection(record)) for record in records]
    redirection = max(redirections, key=_weight, default=())
    started, outside = _start(workflow)
    longest = definition(workflow).number("TimeoutSeconds")
    limit = Term("the workflow's longest path", longest, f"{workflow.path} TimeoutSeconds")
    yield Sum(
        "settlement",
        "RTO",
        _budget(deployment, "settlement", "RTO"),
        (*redirection, *started, limit),
        outside,
        workflow.path,
    )


def _ledger(cluster: Resource) -> Iterator[Sum]:
    """What a member of the global database may lack of what was written in the other region."""
    lags = [metric for metric in watch(cluster.deployment).on(cluster) if metric.is_called(*LEDGER_LAG)]
    yield _lag_sum(cluster, "ledger", lags, cluster.path)


def _sessions(table: Resource) -> Iterator[Sum]:
    """What a replica may lack of what was written in another, for each direction."""
    replicas = [replica.text("region_name") for replica in table.blocks("replica")]
    places = [table.region, *replicas]
    lags = [metric for metric in watch(table.deployment).on(table) if metric.is_called(*SESSIONS_LAG)]
    for source in places:
        for receiver in places:
            if source != receiver:
                own = [m for m in lags if m.alarm.region == source and m.dimension("ReceivingRegion") == receiver]
                yield _lag_sum(table, "sessions", own, f"{table.path} from {source} to {receiver}")


def _lag_sum(resource: Resource, promise: str, lags: list[Metric], subject: str) -> Sum:
    """The lag up to which every alarm is silent, and beside the sum how long a stall goes unnoticed."""
    budget = _budget(resource.deployment, promise, "RPO")
    silent = [(term, metric) for metric in lags if (term := _silent_lag(metric)).seconds is not None]
    if not silent:
        why = "no alarm on the lag" if not lags else "no alarm that states a lag it allows"
        return Sum(promise, "RPO", budget, (Term(why, None, resource.path),), subject=subject)
    term, metric = min(silent, key=lambda pair: pair[0].seconds or 0.0)
    noticed = Term("until a stall is noticed", _evaluation(metric.alarm), f"{metric.alarm.path} period x periods")
    return Sum(promise, "RPO", budget, (term,), (noticed,), subject)


def _silent_lag(metric: Metric) -> Term:
    """The lag, in seconds, that an alarm allows without a word."""
    alarm = metric.alarm
    threshold = _number(alarm, "threshold")
    judges_it = "metric_name" in alarm and str(alarm.get("comparison_operator")).startswith("GreaterThan")
    seconds = threshold / 1000 if threshold is not None and judges_it else None
    return Term("lag below which the alarm is silent", seconds, f"{alarm.path} threshold")


def _receipts(replication: Resource) -> Iterator[Sum]:
    """What a replica of a bucket may lack: only replication time control promises anything."""
    rules = [rule for rule in replication.blocks("rule") if rule.text("status") != "Disabled"]
    terms = [_replication_time(replication, rule) for rule in rules]
    nothing = Term("no rule of it is enabled", None, replication.path)
    worst = max(terms, key=lambda term: _weight((term,)), default=nothing)
    budget = _budget(replication.deployment, "receipts", "RPO")
    yield Sum("receipts", "RPO", budget, (worst,), subject=replication.path)


def _replication_time(replication: Resource, rule: Block) -> Term:
    control = rule.block("destination").block("replication_time")
    minutes = control.block("time").number("minutes") if control.text("status") == "Enabled" else None
    seconds = None if minutes is None else minutes * 60
    label = "S3's replication time control" if seconds is not None else "S3 without replication time control"
    return Term(label, seconds, f"{replication.path} replication_time, {REPLICATION_TIME_PAGE}")


_KINDS: Final[tuple[tuple[Callable[[Resource], bool], Callable[[Resource], Iterator[Sum]]], ...]] = (
    (is_primary_record, _ingest),
    (is_failover_workflow, _settlement),
    (is_ledger_member, _ledger),
    (is_global_table, _sessions),
    (is_bucket_replication, _receipts),
)


def _redirection(record: Resource) -> Iterator[Term]:
    """How long payments still go to where a record leads, in the order in which the time passes."""
    check = record.target("health_check_id")
    caches = {term.label: term for term in _caches(record.deployment)}
    verdict, control = (caches.get(label) for label in CACHES.values())
    if verdict is not None:
        yield verdict
    if check is None or check.type != "aws_route53_health_check":
        yield Term(
            "until a health check fails", None, f"{record.path} health_check_id names no check of this deployment"
        )
    else:
        yield from _detection(check, _NESTED_CHECKS)
    yield _ttl(record, _NESTED_CHECKS)
    if control is not None:
        yield control


def _detection(check: Resource, depth: int) -> tuple[Term, ...]:
    """How long a health check takes to fail: the slowest of its children, if it asks others."""
    kind = check.text("type") or ""
    if kind in _ANSWER_SECONDS:
        return tuple(_probing(check, _ANSWER_SECONDS[kind]))
    if kind == "CALCULATED" and depth:
        children = [check.deployment.target(check.stack, child) for child in check.items("child_healthchecks")]
        known = [child for child in children if child is not None and child.type == check.type]
        if known and len(known) == len(children):
            return max((_detection(child, depth - 1) for child in known), key=_weight)
    if kind == "CLOUDWATCH_METRIC":
        alarm = _alarm_of(check)
        if alarm is not None:
            return (Term("the health check's alarm", _evaluation(alarm), f"{alarm.path} period x periods"),)
    return (Term("until the health check fails", None, f"{check.path} type {kind or 'unknown'}"),)


def _probing(check: Resource, answer: int) -> Iterator[Term]:
    interval = _number(check, "request_interval") if "request_interval" in check else _DEFAULT_INTERVAL
    failures = _number(check, "failure_threshold") if "failure_threshold" in check else _DEFAULT_FAILURES
    between = None if interval is None or failures is None else interval * failures
    waited = None if failures is None else answer * failures
    yield Term(
        f"{_shown(failures)} failed checks, {_shown(interval)} s apart",
        between,
        f"{check.path} request_interval x failure_threshold",
    )
    yield Term(f"each waits {answer} s for its answer", waited, HEALTH_PAGE)


def _alarm_of(check: Resource) -> Resource | None:
    """The alarm that a health check follows: by reference, or by its name."""
    target = check.target("cloudwatch_alarm_name")
    if target is not None:
        return target if target.type == ALARM else None
    name, region = check.literal("cloudwatch_alarm_name"), check.literal("cloudwatch_alarm_region")
    called = [a for a in check.deployment.resources(ALARM) if name and a.literal("alarm_name") == name]
    here = [alarm for alarm in called if alarm.region == region]
    return here[0] if len(here) == 1 else None


def _ttl(record: Resource, depth: int) -> Term:
    """How long resolvers keep an answer."""
    if "alias" not in record:
        return Term("resolvers keep the answer", _number(record, "ttl"), f"{record.path} ttl")
    targets = record.deployment.targets(record.stack, record.block("alias").get("name"))
    other = next((target for target in targets if target.type == record.type), None)
    if other is not None:
        # An alias to a record of the same zone has that record's TTL.
        return _ttl(other, depth - 1) if depth else Term("resolvers keep the answer", None, f"{record.path} alias")
    return Term("resolvers keep the answer of an alias", ALIAS_TTL_SECONDS, ALIAS_TTL_PAGE)


def _caches(deployment: Deployment) -> Iterator[Term]:
    """For each kind of cache the function that keeps it longest."""
    functions = deployment.resources("aws_lambda_function")
    for variable, label in CACHES.items():
        found = []
        for function in functions:
            variables = Block(function.block("environment").get("variables"))
            if variable in variables:
                text = deployment.literal(function.stack, variables.get(variable))
                found.append(Term(label, Block({variable: text}).number(variable), f"{function.path} {variable}"))
        if found:
            yield max(found, key=lambda term: _weight((term,)))


def _start(workflow: Resource) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """What starts the workflow: the alarm of an event rule as a term, or a person beside the sum."""
    rules = [rule for target in workflow.users("aws_cloudwatch_event_target") for rule in target.targets("rule")]
    if not rules:
        return (), (Term("a person decides to fail over", None, f"nothing starts {workflow.path} by itself"),)
    alarms = [alarm for rule in rules for alarm in rule.targets("event_pattern") if alarm.type == ALARM]
    terms = [Term("the alarm that starts it", _evaluation(alarm), f"{alarm.path} period x periods") for alarm in alarms]
    unknown = Term("what starts it", None, f"{rules[0].path} event_pattern names no alarm of this deployment")
    return (max(terms, key=lambda term: _weight((term,)), default=unknown),), ()


def _evaluation(alarm: Resource) -> float | None:
    """How long something must be wrong all the time before an alarm says so; of m in n periods these are the m."""
    periods = [metric.period for metric in metrics(alarm)]
    count = _number(alarm, "datapoints_to_alarm" if "datapoints_to_alarm" in alarm else "evaluation_periods")
    known = [period for period in periods if period is not None]
    return max(known) * count if known and len(known) == len(periods) and count is not None else None


def _number(resource: Resource, name: str) -> float | None:
    """A number, also one that a local or a variable holds."""
    return Block({name: resource.literal(name)}).number(name)


def _weight(terms: tuple[Term, ...]) -> float:
    """Seconds to compare by; what is unknown is worst."""
    return sum(float("inf") if term.seconds is None else term.seconds for term in terms)


def _shown(number: float | None) -> str:
    return "unknown" if number is None else f"{number:g}"
