"""The deployment's parameters, validated before anything is synthesized.

They come from the environment (``ENVIRONMENT_SUFFIX``, ``TAP_*``), then CDKTF context, then the profile
``tap.toml``; the first that names a parameter wins.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from lib.naming import Naming, longest_suffix
from lib.topology import GLOBAL_SUFFIX, REGIONS, SUPPORTED_PAIRS, Role, roles

PROFILE: Final = Path("tap.toml")
LOG_RETENTION_DAYS: Final = (30, 60, 90, 120, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""What CloudWatch Logs accepts, from a month up.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""

OLDEST_AURORA_MINOR: Final = 17
DEFAULT_DOMAIN: Final = "tap.example"
"""Reserved by RFC 2606, so it can never be registered: good for the embedded AWS, refused for a real account."""

RECONCILER_CONCURRENCY: Final = 2
"""The run of the schedule, and one on demand."""

WATCHER_CONCURRENCY: Final = 2
"""The same for the guard of the consumers, and for the probe of the other region."""

NOTIFIER_CONCURRENCY: Final = 20
"""SES sends 14 mails a second unless more are asked for; events beyond that wait in Lambda."""

MIGRATE_CONCURRENCY: Final = 1
WORKFLOW_CONCURRENCY: Final = 2
"""The failover workflow's own functions: one execution, and one that is started beside it."""

LONGEST_CERTIFIED_NAME: Final = 64
"""The common name of a certificate.

https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
"""

RDS_TRUST_BUNDLE: Final = Path(__file__).parent / "trust" / "rds-global-bundle.pem"

_SUFFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_PREFIX = re.compile(r"[a-z][a-z0-9]{1,7}")
_DOMAIN = re.compile(r"(?=.{4,190}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_INSTANCE_CLASS = re.compile(r"db\.[a-z0-9]+\.[a-z0-9]+")
_ENVIRONMENT = {"environment_suffix": "ENVIRONMENT_SUFFIX"}
_OTHER_VARIABLES = {"TAP_OUTDIR", "TAP_EMBEDDED_PORT", "TAP_POSTGRES_BIN", "TAP_PROVIDER_MIRROR", "TAP_ASSUME_YES"}
"""Of the tools around the app, not of the deployment; every other ``TAP_*`` is a setting or a typing mistake."""


def _known_region(value: str) -> str:
    if value not in REGIONS:
        raise ValueError(f"the regions are {', '.join(sorted(REGIONS))}")
    return value


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or ".." in value:
        raise ValueError(f"{value!r} is not an e-mail address (name@domain)")
    return value


def _vpc_range(value: IPv4Network) -> IPv4Network:
    # AWS allows /16 to /28 for a VPC; /20 leaves each of the nine subnets 251 addresses for Lambda's interfaces.
    if not 16 <= value.prefixlen <= 20:
        raise ValueError("it must be a /16 to /20: smaller ranges leave too few addresses, AWS allows no larger ones")
    if not any(value.subnet_of(IPv4Network(n)) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")):
        raise ValueError("it must lie in the private ranges 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)")
    return value


RegionName = Annotated[str, AfterValidator(_known_region)]
Email = Annotated[str, AfterValidator(_email)]
VpcRange = Annotated[IPv4Network, AfterValidator(_vpc_range)]
Concurrency = Annotated[int, Field(ge=1, le=10_000)]

# What recovery may take and lose at most, in seconds. The lower bounds are what the platform can keep at all: detection
# by Route 53 and the TTL of its alias records for ingest, the workflow on top for settlement, S3's replication time
# control for receipts.
IngestRto = Annotated[int, Field(ge=180, le=3_600)]
SettlementRto = Annotated[int, Field(ge=660, le=14_400)]
LedgerRpo = Annotated[int, Field(ge=1, le=3_600)]
SessionsRpo = Annotated[int, Field(ge=10, le=3_600)]
ReceiptsRpo = Annotated[int, Field(ge=900, le=86_400)]


class CdktfContext(PydanticBaseSettingsSource):
    """CDKTF's context: ``CDKTF_CONTEXT_JSON`` (what the CLI passes on), else the ``context`` of ``cdktf.json``."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Unused by :meth:`__call__`, but abstract in the base class."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        raw = os.environ.get("CDKTF_CONTEXT_JSON")
        if raw:
            context = json.loads(raw)
        elif Path("cdktf.json").is_file():
            context = json.loads(Path("cdktf.json").read_text(encoding="utf-8")).get("context", {})
        else:
            context = {}
        fields = self.settings_cls.model_fields
        return {str(fields[name].validation_alias or name): context[name] for name in fields if name in context}


class Settings(BaseSettings):
    """All that distinguishes one deployment from another.

    What the mission fixes (health checks every 30 s, 1,024 MB, on-demand billing, point-in-time recovery, the lag
    alarm at 1,000 ms, destroyable) is a constant beside the resource it belongs to, and not a setting.
    """

    model_config = SettingsConfigDict(env_prefix="TAP_", extra="forbid", frozen=True, toml_file=PROFILE)

    environment_suffix: str = Field("dev", validation_alias="ENVIRONMENT_SUFFIX")
    prefix: str = "tap"
    primary_region: RegionName = "us-east-1"
    standby_region: RegionName = "us-west-2"
    primary_cidr: VpcRange = IPv4Network("10.20.0.0/16")
    standby_cidr: VpcRange = IPv4Network("10.30.0.0/16")
    nat: Literal["per-zone", "single"] = "per-zone"
    ingress: Literal["api-gateway", "load-balancer"] = "api-gateway"
    routing: Literal["failover", "weighted"] = "failover"
    primary_weight: int = Field(100, ge=1, le=255)
    standby_weight: int = Field(0, ge=0, le=255)
    domain: str = DEFAULT_DOMAIN
    hosted_zone_id: str | None = Field(None, pattern=r"^Z[A-Z0-9]{1,31}$")
    alert_emails: Annotated[tuple[Email, ...], NoDecode] = Field(("alerts@tap.example",), min_length=1)
    account_id: str = Field("000000000000", pattern=r"^\d{12}$")
    state_bucket: str | None = None
    state_region: RegionName | None = None
    aurora_version: str = "14.20"
    aurora_capacity: Literal["provisioned", "serverless-v2"] = "provisioned"
    aurora_instance_class: str = "db.r6g.large"
    aurora_min_acu: float = Field(8, ge=2, le=256, multiple_of=0.5)
    aurora_max_acu: float = Field(64, ge=2, le=256, multiple_of=0.5)
    backup_retention_days: int = Field(7, ge=7, le=35)
    credentials_version: int = Field(1, ge=1)
    database_trust_bundle: Path = RDS_TRUST_BUNDLE
    log_retention_days: int = 365
    webhook_concurrency: Concurrency = 400
    payments_concurrency: Concurrency = 100
    # SQS starts two at least; 500 in each region stay below the connections of the smallest instance class.
    settlement_concurrency: int = Field(50, ge=2, le=500)
    health_concurrency: Concurrency = 20
    automatic_failover: Literal["off", "on"] = "off"
    ingest_rto_seconds: IngestRto = 300
    settlement_rto_seconds: SettlementRto = 900
    ledger_rpo_seconds: LedgerRpo = 60
    sessions_rpo_seconds: SessionsRpo = 60
    receipts_rpo_seconds: ReceiptsRpo = 900

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments (tests), then environment, then context, then profile. No ``.env``: one way to do a thing."""
        profile = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, CdktfContext(settings_cls), profile

    @property
    def reserved_concurrency(self) -> int:
        """What all functions of a region reserve together."""
        return (
            self.webhook_concurrency
            + self.payments_concurrency
            + 2 * self.health_concurrency
            + self.settlement_concurrency
            + RECONCILER_CONCURRENCY
            + 2 * WATCHER_CONCURRENCY
            + NOTIFIER_CONCURRENCY
            + MIGRATE_CONCURRENCY
            + 2 * WORKFLOW_CONCURRENCY
        )

    @field_validator("alert_emails", mode="before")
    @classmethod
    def _addresses_by_comma(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("prefix")
    @classmethod
    def _prefix_fits(cls, value: str) -> str:
        if not _PREFIX.fullmatch(value):
            raise ValueError("it may hold a-z and 0-9, must begin with a letter and have 2 to 8 characters")
        return value

    @field_validator("domain")
    @classmethod
    def _domain_is_a_name(cls, value: str) -> str:
        if not _DOMAIN.fullmatch(value):
            raise ValueError("it must be a domain name in lower case, such as pay.example.com")
        return value

    @field_validator("aurora_version")
    @classmethod
    def _aurora_is_14(cls, value: str) -> str:
        major, _, minor = value.partition(".")
        if major != "14" or not minor.isdigit() or int(minor) < OLDEST_AURORA_MINOR:
            raise ValueError(f"it must be Aurora PostgreSQL 14.{OLDEST_AURORA_MINOR} or a later 14.x")
        return value

    @field_validator("aurora_instance_class")
    @classmethod
    def _instances_can_be_global(cls, value: str) -> str:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-getting-started.html
        if not _INSTANCE_CLASS.fullmatch(value) or value.startswith("db.t"):
            raise ValueError("it must be a class such as db.r6g.large; global databases have no burstable (db.t…) ones")
        return value

    @field_validator("log_retention_days")
    @classmethod
    def _retention_is_known(cls, value: int) -> int:
        if value not in LOG_RETENTION_DAYS:
            raise ValueError(f"CloudWatch Logs accepts {', '.join(map(str, LOG_RETENTION_DAYS))}")
        return value

    @field_validator("database_trust_bundle")
    @classmethod
    def _bundle_is_readable(cls, value: Path) -> Path:
        if not value.is_file() or "BEGIN CERTIFICATE" not in value.read_text(encoding="utf-8", errors="replace"):
            raise ValueError(
                "it must be a file of PEM certificates that the database's certificate is verified against"
            )
        return value.absolute()

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        longest = longest_suffix(self.prefix)
        if not _SUFFIX.fullmatch(self.environment_suffix) or "--" in self.environment_suffix:
            raise ValueError("environment_suffix: it may hold a-z, 0-9 and single inner hyphens")
        if len(self.environment_suffix) > longest:
            raise ValueError(
                f"environment_suffix: at most {longest} characters, "
                "because it ends the name of a load balancer (32 characters in all)"
            )
        if len(f"{GLOBAL_SUFFIX}.{self.environment_domain}") > LONGEST_CERTIFIED_NAME:
            raise ValueError(
                f"domain: {GLOBAL_SUFFIX}.{self.environment_domain} would have more than {LONGEST_CERTIFIED_NAME} "
                "characters, the most that a certificate can be issued for"
            )
        if frozenset((self.primary_region, self.standby_region)) not in SUPPORTED_PAIRS:
            pairs = " or ".join(sorted(" and ".join(sorted(pair)) for pair in SUPPORTED_PAIRS))
            raise ValueError(
                f"standby_region: {self.primary_region} with {self.standby_region} is no pair; "
                f"the region pairs are {pairs}"
            )
        if self.primary_cidr.overlaps(self.standby_cidr):
            raise ValueError(
                f"standby_cidr: {self.standby_cidr} overlaps primary_cidr {self.primary_cidr}; peered networks must not"
            )
        if self.effective_state_region == self.primary_region:
            raise ValueError("state_region: the state must not live in the primary region, or it is lost with it")
        if self.aurora_max_acu < self.aurora_min_acu:
            raise ValueError(f"aurora_max_acu: it must be at least aurora_min_acu ({self.aurora_min_acu:g})")
        if self.settlement_rto_seconds < self.ingest_rto_seconds:
            raise ValueError(
                f"settlement_rto_seconds: it must be at least ingest_rto_seconds ({self.ingest_rto_seconds}), "
                "because nothing is settled in a region before payments are led there"
            )
        if not _BUCKET.fullmatch(self.effective_state_bucket):
            raise ValueError("state_bucket: 3 to 63 characters of a-z, 0-9 and inner hyphens")
        return self

    @property
    def naming(self) -> Naming:
        """The names of this deployment."""
        return Naming(self.prefix, self.environment_suffix)

    @property
    def roles(self) -> tuple[Role, Role]:
        """Primary and secondary."""
        return roles(self.primary_region, self.standby_region)

    @property
    def environment_domain(self) -> str:
        """The deployment's own domain, below which all its names lie."""
        return f"{self.environment_suffix}.{self.domain}"

    @property
    def recovery_budgets(self) -> dict[str, int]:
        """Seconds by promise and objective, as the policies read them from the deployment's outputs."""
        return {
            "ingest_rto": self.ingest_rto_seconds,
            "settlement_rto": self.settlement_rto_seconds,
            "ledger_rpo": self.ledger_rpo_seconds,
            "sessions_rpo": self.sessions_rpo_seconds,
            "receipts_rpo": self.receipts_rpo_seconds,
        }

    @property
    def effective_state_region(self) -> str:
        """Where the Terraform state lives: the standby, unless said otherwise."""
        return self.state_region or self.standby_region

    @property
    def effective_state_bucket(self) -> str:
        """The bucket that ``make bootstrap`` owns; an account's deployments share it, so it carries no suffix."""
        region = REGIONS[self.effective_state_region].suffix
        return self.state_bucket or f"{self.prefix}-state-{region}-{self.account_id}"


class SettingsError(ValueError):
    """Settings that cannot be used; the message names field, value and rule for the person who set them."""


def load(**overrides: Any) -> Settings:
    """Settings from all sources.

    Raises SettingsError.
    """
    known = {_variable(field) for field in Settings.model_fields} | _OTHER_VARIABLES
    unknown = sorted(name for name in os.environ if name.startswith("TAP_") and name not in known)
    if unknown:
        raise SettingsError(
            f"settings: {', '.join(unknown)} in the environment is no setting\n  there are {', '.join(sorted(known))}"
        )
    try:
        return Settings(**overrides)
    except ValidationError as invalid:
        # An item refused leaves its list too short: the first error of a field is the one that its author made.
        first = {str(error["loc"][:1]): error for error in reversed(invalid.errors())}
        raise SettingsError("\n".join(_explain(error) for error in reversed(first.values()))) from None
    except tomllib.TOMLDecodeError as unreadable:
        raise SettingsError(f"settings: {PROFILE} is not TOML: {unreadable}") from None
    except json.JSONDecodeError as unreadable:
        source = "CDKTF_CONTEXT_JSON" if os.environ.get("CDKTF_CONTEXT_JSON") else "cdktf.json"
        raise SettingsError(f"settings: {source} is not JSON: {unreadable}") from None
    except ValueError as unreadable:
        raise SettingsError(f"settings: {unreadable}") from None


def _variable(field: str) -> str:
    """The environment variable of a setting."""
    return _ENVIRONMENT.get(field, f"TAP_{field.upper()}")


def _explain(error: Any) -> str:
    """One validation error as field, value, rule and where to set it."""
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["loc"]:
        field, value = str(error["loc"][0]).lower().removeprefix("tap_"), error["input"]
    else:
        field, _, message = message.partition(": ")
        value = error["input"].get(field, error["input"].get(field.upper(), "")) if error["input"] else ""
    if error["type"] == "extra_forbidden":
        message = f"there is no such setting; there are {', '.join(sorted(Settings.model_fields))}"
    if error["type"] == "ip_v4_network":
        message = "it must be a network such as 10.20.0.0/16, with no bit set beyond the prefix"
    shown = "" if value == "" else f" = {json.dumps(value, default=str)}"
    where = f"set it with {_variable(field)} or {field} in {PROFILE}"
    return f"settings: {field}{shown} is not usable\n  {message}\n  {where}"
