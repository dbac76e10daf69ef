"""Route 53's health checkers: they probe what is deployed, as the deployed checks say, and keep each check's status.

Nothing is checked until ``POST /_embedded/checks/start/<factor>``. The configured intervals are divided by the factor;
what a probe may take is not. There is one checker for each check, where Route 53 has many: a change is seen one
threshold of intervals after it, at the latest.
``GET /_embedded/checks`` tells each status, ``POST /_embedded/checks/stop`` ends it, and
``GET /_embedded/dns/<name>`` answers a query for the name.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

import dataclasses
import http.client
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from typing import Any

from embedded.server.config import ServerConfig
from embedded.server.dns import Answer, NoAnswerError, Resolver
from embedded.server.gate import ADDRESSED
from embedded.server.outage import Outage
from embedded.server.patching import Answer as ApiAnswer
from embedded.server.patching import Gap, Service, around, close_gaps

Config = Mapping[str, Any]
"""A health check's configuration, as MiniStack keeps it."""

RELIES_ON = ("_health_checks", "_zones", "_records", "handle_request", "_error_response", "_normalise_name")
CONNECT_SECONDS = 4.0
ANSWER_SECONDS = 2.0
SEARCHED = 5_120  # bytes of the body in which a string must begin
DEFAULT_INTERVAL, DEFAULT_THRESHOLD = 30, 3
FASTEST, SLOWEST = 1.0, 100.0
TICK_SECONDS = 0.02
_PROBES = {"HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH"}

logger = logging.getLogger("embedded.health_checks")


@dataclass
class Endpoint:
    """What the checker has seen of one endpoint. A new one counts as healthy until enough was seen."""

    passing: bool = True
    streak: int = 0  # observations in a row that contradict `passing`
    observations: int = 0
    reason: str = "not checked yet"
    changed: float = 0.0  # Unix seconds; 0: never

    def observe(self, passed: bool, reason: str, threshold: int) -> None:
        """Count an observation; ``threshold`` in a row that say the contrary change the status."""
        self.observations += 1
        self.reason = reason
        self.streak = 0 if passed == self.passing else self.streak + 1
        if self.streak >= threshold:
            self.passing, self.streak, self.changed = passed, 0, time.time()


class Verdicts:
    """The status of every check, from what was seen of endpoints and alarms."""

    def __init__(self, alarm_state: Callable[[str, str], str | None]) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        self._alarm_state = alarm_state
        self._last_known: dict[str, bool] = {}

    def endpoint(self, check: str) -> Endpoint:
        """What was seen of a check's endpoint."""
        return self.endpoints.setdefault(check, Endpoint())

    def healthy(self, check: str, configs: Mapping[str, Config]) -> bool:
        """A check's status; one that does not exist is not healthy."""
        config = configs.get(check)
        if config is None:
            return False
        raw = True if flag(config, "Disabled") else self._raw(check, config, configs)
        return raw != flag(config, "Inverted")

    def _raw(self, check: str, config: Config, configs: Mapping[str, Config]) -> bool:
        if config["Type"] == "CALCULATED":
            healthy = sum(self.healthy(child, configs) for child in config.get("ChildHealthChecks", ()))
            return healthy >= int(config.get("HealthThreshold", 0))
        if config["Type"] == "CLOUDWATCH_METRIC":
            return self._by_alarm(check, config)
        return self.endpoint(check).passing

    def _by_alarm(self, check: str, config: Config) -> bool:
        """Like the alarm's data; without any, as the check wishes: by default like the last time."""
        alarm = config["AlarmIdentifier"]
        state = self._alarm_state(alarm["Region"], alarm["Name"])
        if state in ("OK", "ALARM"):
            self._last_known[check] = state == "OK"
            return state == "OK"
        wish = config.get("InsufficientDataHealthStatus", "LastKnownStatus")
        return self._last_known.get(check, True) if wish == "LastKnownStatus" else wish == "Healthy"


def flag(config: Config, name: str) -> bool:
    """A boolean, which MiniStack keeps as one or as its text."""
    return str(config.get(name, "")).lower() == "true"


class Checker:
    """Probes every endpoint at its interval while it is started."""

    def __init__(
        self, configs: Callable[[], Mapping[str, Config]], probe: Callable[[Config], tuple[bool, str]]
    ) -> None:
        self._configs, self._probe = configs, probe
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.factor = 0.0  # 0: stopped

    def start(self, factor: float, verdicts: Verdicts) -> None:
        """Begin to check, with every interval divided by ``factor``."""
        self.stop()
        self.factor, self._stop = factor, threading.Event()
        self._thread = threading.Thread(target=self._run, args=(factor, verdicts, self._stop), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; what is being probed is forgotten."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._thread, self.factor = None, 0.0

    def _run(self, factor: float, verdicts: Verdicts, stop: threading.Event) -> None:
        due: dict[str, float] = {}
        busy: set[str] = set()
        with ThreadPoolExecutor(16, thread_name_prefix="health-checker") as pool:
            while not stop.wait(TICK_SECONDS):
                now = time.monotonic()
                for check, config in self._configs().items():
                    probed = config["Type"] not in ("CALCULATED", "CLOUDWATCH_METRIC") and not flag(config, "Disabled")
                    if not probed or check in busy or due.get(check, now) > now:
                        continue
                    due[check] = now + int(config.get("RequestInterval", DEFAULT_INTERVAL)) / factor
                    busy.add(check)
                    pool.submit(self._observe, check, config, verdicts, busy)

    def _observe(self, check: str, config: Config, verdicts: Verdicts, busy: set[str]) -> None:
        try:
            passed, reason = self._probe(config)
            threshold = int(config.get("FailureThreshold", DEFAULT_THRESHOLD))
            before = verdicts.endpoint(check).passing
            verdicts.endpoint(check).observe(passed, reason, threshold)
            if verdicts.endpoint(check).passing != before:
                logger.warning("%s %s: %s", config.get("FullyQualifiedDomainName"), config.get("ResourcePath"), reason)
        except Exception:
            logger.exception("the check %s", check)
        finally:
            busy.discard(check)


class Route53:
    """The data plane of Route 53: statuses and answers, from the deployed checks and records."""

    def __init__(self, config: ServerConfig, outage: Outage, seed: str) -> None:
        self._port, self._outage = config.port, outage
        self._api: Any = None
        self._cloudwatch: Any = None
        self._verdicts = Verdicts(self._alarm_state)
        self._checker = Checker(self._configs, self._probe)
        self._chance = random.Random(f"{seed}/dns")  # noqa: S311 - the same answers again with the same seed

    def attach(self, route53: Service) -> None:
        """Read MiniStack's records, and answer GetHealthCheckStatus."""
        self._api = route53

        @around(route53, "handle_request")
        async def handle_request(original: Any, method: str, path: str, *rest: Any) -> ApiAnswer:
            matched = re.fullmatch(r"/2013-04-01/healthcheck/([^/]+)/status", path)
            answer: ApiAnswer = self._status(matched[1]) if matched else await original(method, path, *rest)
            return answer

    def attach_alarms(self, cloudwatch: Service) -> None:
        """Follow an alarm's data, which ``SetAlarmState`` does not change."""
        self._cloudwatch = cloudwatch

        @around(cloudwatch, "_set_alarm_state")
        def set_state(original: Any, *arguments: Any) -> Any:
            states = {key: alarm["StateValue"] for key, alarm in cloudwatch._alarms.all_items()}
            answer = original(*arguments)
            for key, alarm in cloudwatch._alarms.all_items():
                if states.get(key, alarm["StateValue"]) != alarm["StateValue"]:
                    alarm.setdefault("_by_data", states[key])
            return answer

        judged: list[bool] = []

        @around(cloudwatch, "_calc_stats")
        def statistics(original: Any, *arguments: Any) -> Any:
            judged.append(True)
            return original(*arguments)

        @around(cloudwatch, "_evaluate_alarm")
        def evaluate(original: Any, alarm: dict[str, Any]) -> None:
            judged.clear()
            original(alarm)
            if judged:  # there was data, which the state follows again
                alarm.pop("_by_data", None)

    def checks(self, method: str, rest: str) -> tuple[int, object]:
        """The route ``/_embedded/checks``."""
        if method == "POST" and rest == "stop":
            self._checker.stop()
        elif method == "POST" and rest.startswith("start/"):
            factor = _factor(rest.removeprefix("start/"))
            if factor is None:
                return 400, {"message": f"start/<factor>: from {FASTEST:g} (as on AWS) to {SLOWEST:g} times as fast"}
            self._verdicts = Verdicts(self._alarm_state)
            self._checker.start(factor, self._verdicts)
        elif method != "GET" or rest:
            return 404, {"message": "GET /_embedded/checks, POST /_embedded/checks/start/<factor> or .../stop"}
        return 200, {"factor": self._checker.factor, "checks": self._tell()}

    def dns(self, method: str, rest: str) -> tuple[int, object]:
        """The route ``/_embedded/dns/<name>[/<type>]``."""
        name, _, kind = rest.partition("/")
        if method != "GET" or not name:
            return 404, {"message": "GET /_embedded/dns/<name>[/<type>]"}
        try:
            return 200, dataclasses.asdict(self.resolve(name, kind or "A"))
        except NoAnswerError as error:
            return 404, {"message": str(error)}

    def resolve(self, name: str, kind: str = "A") -> Answer:
        """Answer a query from the deployed records. Raises NoAnswerError."""
        zones: dict[str, list[Any]] = {}
        records = dict(self._api._records._data)
        for key, zone in list(self._api._zones._data.items()):
            if not zone.get("private"):
                zones.setdefault(zone["name"], []).extend(records.get(key, ()))
        configs = self._configs()
        resolver = Resolver(
            zones=zones,
            healthy=lambda check: self._verdicts.healthy(check, configs),
            target_healthy=self._target_healthy,
            choose=lambda weights: self._chance.choices(range(len(weights)), weights)[0],
        )
        return resolver.resolve(name, kind)

    def _target_healthy(self, target: str) -> bool:
        """Route 53 takes API Gateway for healthy always; of a load balancer here counts only that its region lives."""
        region = re.search(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.elb\.", target)
        return region is None or self._outage.lives(region[1])

    def _configs(self) -> dict[str, Config]:
        return {check["id"]: check["config"] for check in list(self._api._health_checks._data.values())}

    def _alarm_state(self, region: str, name: str) -> str | None:
        """An alarm's state by its data; None if there is no alarm, or nothing comes from its region."""
        if not self._outage.lives(region):
            return None
        found = (alarm for key, alarm in self._cloudwatch._alarms.all_items() if key[1:] == (region, name))
        return next((str(alarm.get("_by_data", alarm["StateValue"])) for alarm in found), None)

    def _tell(self) -> dict[str, object]:
        configs = self._configs()
        told: dict[str, object] = {}
        for check, config in configs.items():
            healthy = self._verdicts.healthy(check, configs)
            seen = self._verdicts.endpoints.get(check)
            told[check] = {
                "healthy": healthy,
                "type": config["Type"],
                "name": config.get("FullyQualifiedDomainName"),
                "path": config.get("ResourcePath"),
                "interval": config.get("RequestInterval"),
                "threshold": config.get("FailureThreshold"),
                "observations": seen.observations if seen else 0,
                "reason": seen.reason if seen else None,
            }
        return told

    def _probe(self, config: Config) -> tuple[bool, str]:
        """Ask an endpoint as Route 53 does; the emulator's names are served here, without TLS."""
        if config["Type"] not in _PROBES or "FullyQualifiedDomainName" not in config:
            return False, f"Failure: {config['Type']} checks without a name over HTTP are not modelled."
        name = config["FullyQualifiedDomainName"]
        try:
            region = self.resolve(name).region or ""
        except NoAnswerError:
            return False, "Failure: DNS resolution failed."
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
            connection.sock.settimeout(ANSWER_SECONDS)
            headers = {"Host": name, ADDRESSED: region, "User-Agent": "Amazon-Route53-Health-Check-Service"}
            connection.request("GET", config.get("ResourcePath") or "/", headers=headers)
            return _judged(connection.getresponse(), config)
        except TimeoutError:
            return False, "Failure: The health checker did not get an answer in time."
        except (OSError, http.client.HTTPException):
            return False, "Failure: The health checker could not establish a connection within the timeout limit."
        finally:
            connection.close()

    def _status(self, check: str) -> ApiAnswer:
        """GetHealthCheckStatus, from the one checker that there is."""
        config = self._configs().get(check, {"Type": None})
        refusal = {
            None: ("NoSuchHealthCheck", f"No health check has the id {check}.", 404),
            "CALCULATED": ("InvalidInput", "A calculated check has no observations.", 400),
            "CLOUDWATCH_METRIC": ("InvalidInput", "An alarm's check has no observations.", 400),
        }.get(config["Type"])
        if refusal is not None:
            refused: ApiAnswer = self._api._error_response(*refusal)
            return refused
        seen = self._verdicts.endpoints.get(check)
        observed = ""
        if seen is not None:
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            report = f"<Status>{escape(seen.reason)}</Status><CheckedTime>{now}</CheckedTime>"
            place = "<Region>us-east-1</Region><IPAddress>127.0.0.1</IPAddress>"
            observed = f"<HealthCheckObservation>{place}<StatusReport>{report}</StatusReport></HealthCheckObservation>"
        body = (
            '<GetHealthCheckStatusResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
            f"<HealthCheckObservations>{observed}</HealthCheckObservations></GetHealthCheckStatusResponse>"
        )
        return 200, {"Content-Type": "text/xml"}, body.encode()


def _judged(response: http.client.HTTPResponse, config: Config) -> tuple[bool, str]:
    told = f"HTTP Status Code {response.status}, {response.reason}"
    if not 200 <= response.status < 400:
        return False, f"Failure: {told}."
    if config["Type"].endswith("_STR_MATCH") and config["SearchString"].encode() not in response.read(SEARCHED):
        return False, f"Failure: {told}, without the string that is searched for."
    return True, f"Success: {told}."


def _factor(text: str) -> float | None:
    try:
        factor = float(text)
    except ValueError:
        return None
    return factor if FASTEST <= factor <= SLOWEST else None


def install(config: ServerConfig, outage: Outage, seed: str) -> Route53:
    """Serve Route 53's data plane. Raises MissingNameError from another MiniStack."""
    served = Route53(config, outage, seed)
    alarms = ("_alarms", "_set_alarm_state", "_evaluate_alarm", "_calc_stats")
    close_gaps(
        [
            Gap("services.route53", RELIES_ON, served.attach),
            Gap("services.cloudwatch", alarms, served.attach_alarms),
        ]
    )
    return served
