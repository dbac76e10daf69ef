"""What can be set, where, and what is said to whoever sets it wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

import tap
from lib.naming import LIMITS, longest_suffix
from lib.settings import Settings, SettingsError, load
from tests.unit.app import ROOT
from tests.unit.surroundings import environment, nothing_set


@pytest.fixture(autouse=True)
def outside(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """Nothing set but by the test; the working directory is empty."""
    with nothing_set(tmp_path) as patch:
        yield patch


REFUSED = [
    # variable, value, setting, a part of the rule
    ("ENVIRONMENT_SUFFIX", "Prod", "environment_suffix", "a-z, 0-9 and single inner hyphens"),
    ("ENVIRONMENT_SUFFIX", "pr_7", "environment_suffix", "a-z, 0-9 and single inner hyphens"),
    ("ENVIRONMENT_SUFFIX", "-dev", "environment_suffix", "a-z, 0-9 and single inner hyphens"),
    ("ENVIRONMENT_SUFFIX", "dev-", "environment_suffix", "a-z, 0-9 and single inner hyphens"),
    ("ENVIRONMENT_SUFFIX", "a--b", "environment_suffix", "a-z, 0-9 and single inner hyphens"),
    ("ENVIRONMENT_SUFFIX", "an-endless-name", "environment_suffix", "at most 13 characters"),
    ("TAP_PREFIX", "T", "prefix", "2 to 8 characters"),
    ("TAP_PREFIX", "ninechars", "prefix", "2 to 8 characters"),
    ("TAP_PREFIX", "7up", "prefix", "must begin with a letter"),
    ("TAP_PRIMARY_REGION", "eu-west-1", "primary_region", "us-east-1, us-east-2, us-west-2"),
    ("TAP_STANDBY_REGION", "mars", "standby_region", "us-east-1, us-east-2, us-west-2"),
    ("TAP_STANDBY_REGION", "us-east-1", "standby_region", "the region pairs are"),
    ("TAP_PRIMARY_CIDR", "10.20.0.0", "primary_cidr", "/16 to /20"),
    ("TAP_PRIMARY_CIDR", "10.0.0.0/8", "primary_cidr", "/16 to /20"),
    ("TAP_PRIMARY_CIDR", "10.20.0.0/24", "primary_cidr", "/16 to /20"),
    ("TAP_PRIMARY_CIDR", "10.20.0.1/16", "primary_cidr", "a network such as 10.20.0.0/16"),
    ("TAP_PRIMARY_CIDR", "everything", "primary_cidr", "a network such as 10.20.0.0/16"),
    ("TAP_STANDBY_CIDR", "8.8.0.0/16", "standby_cidr", "RFC 1918"),
    ("TAP_STANDBY_CIDR", "10.20.128.0/20", "standby_cidr", "overlaps primary_cidr 10.20.0.0/16"),
    ("TAP_NAT", "none", "nat", "'per-zone' or 'single'"),
    ("TAP_INGRESS", "cdn", "ingress", "'api-gateway' or 'load-balancer'"),
    ("TAP_ROUTING", "latency", "routing", "'failover' or 'weighted'"),
    ("TAP_PRIMARY_WEIGHT", "0", "primary_weight", "greater than or equal to 1"),
    ("TAP_STANDBY_WEIGHT", "256", "standby_weight", "less than or equal to 255"),
    ("TAP_AURORA_CAPACITY", "serverless", "aurora_capacity", "'provisioned' or 'serverless-v2'"),
    ("TAP_AURORA_MIN_ACU", "1", "aurora_min_acu", "greater than or equal to 2"),
    ("TAP_AURORA_MAX_ACU", "64.3", "aurora_max_acu", "multiple of 0.5"),
    ("TAP_AURORA_MAX_ACU", "4", "aurora_max_acu", "at least aurora_min_acu (8)"),
    ("TAP_DOMAIN", "Pay.Example.com", "domain", "a domain name in lower case"),
    ("TAP_DOMAIN", "localhost", "domain", "a domain name in lower case"),
    ("TAP_DOMAIN", f"{'a' * 50}.example", "domain", "64 characters, the most that a certificate can be issued for"),
    ("TAP_HOSTED_ZONE_ID", "example.com", "hosted_zone_id", "^Z[A-Z0-9]"),
    ("TAP_ALERT_EMAILS", "", "alert_emails", "at least 1 item"),
    ("TAP_ALERT_EMAILS", "a..b@example.com", "alert_emails", "not an e-mail address"),
    ("TAP_ACCOUNT_ID", "1234", "account_id", "12"),
    ("TAP_STATE_REGION", "us-east-1", "state_region", "must not live in the primary region"),
    ("TAP_STATE_BUCKET", "State.Bucket", "state_bucket", "3 to 63 characters of a-z, 0-9"),
    ("TAP_AURORA_VERSION", "15.4", "aurora_version", "14.17 or a later 14.x"),
    ("TAP_AURORA_VERSION", "14.16", "aurora_version", "14.17 or a later 14.x"),
    ("TAP_AURORA_INSTANCE_CLASS", "db.t4g.medium", "aurora_instance_class", "no burstable"),
    ("TAP_BACKUP_RETENTION_DAYS", "6", "backup_retention_days", "greater than or equal to 7"),
    ("TAP_BACKUP_RETENTION_DAYS", "36", "backup_retention_days", "less than or equal to 35"),
    ("TAP_CREDENTIALS_VERSION", "0", "credentials_version", "greater than or equal to 1"),
    ("TAP_DATABASE_TRUST_BUNDLE", "nowhere.pem", "database_trust_bundle", "a file of PEM certificates"),
    ("TAP_LOG_RETENTION_DAYS", "7", "log_retention_days", "CloudWatch Logs accepts 30, 60,"),
    ("TAP_WEBHOOK_CONCURRENCY", "0", "webhook_concurrency", "greater than or equal to 1"),
    ("TAP_HEALTH_CONCURRENCY", "many", "health_concurrency", "valid integer"),
    ("TAP_SETTLEMENT_CONCURRENCY", "1", "settlement_concurrency", "greater than or equal to 2"),
    ("TAP_SETTLEMENT_CONCURRENCY", "501", "settlement_concurrency", "less than or equal to 500"),
    ("TAP_INGEST_RTO_SECONDS", "179", "ingest_rto_seconds", "greater than or equal to 180"),
    ("TAP_INGEST_RTO_SECONDS", "3601", "ingest_rto_seconds", "less than or equal to 3600"),
    ("TAP_SETTLEMENT_RTO_SECONDS", "659", "settlement_rto_seconds", "greater than or equal to 660"),
    ("TAP_AUTOMATIC_FAILOVER", "yes", "automatic_failover", "'off' or 'on'"),
    ("TAP_LEDGER_RPO_SECONDS", "0", "ledger_rpo_seconds", "greater than or equal to 1"),
    ("TAP_SESSIONS_RPO_SECONDS", "9", "sessions_rpo_seconds", "greater than or equal to 10"),
    ("TAP_RECEIPTS_RPO_SECONDS", "899", "receipts_rpo_seconds", "greater than or equal to 900"),
]


class TestABadSetting:
    @pytest.mark.parametrize(
        ("variable", "value", "setting", "rule"), REFUSED, ids=[f"{row[2]}={row[1]}" for row in REFUSED]
    )
    def test_is_explained_and_nothing_is_written(
        self,
        outside: pytest.MonkeyPatch,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        variable: str,
        value: str,
        setting: str,
        rule: str,
    ) -> None:
        outside.setenv(variable, value)
        outside.setenv("TAP_OUTDIR", str(tmp_path / "out"))
        assert tap.main() == 2
        said = capsys.readouterr().err
        assert f"settings: {setting}" in said
        assert value in said
        assert rule in said
        assert f"set it with {variable} or {setting} in tap.toml" in said
        assert list(tmp_path.iterdir()) == []

    def test_ends_the_process_with_two(self, tmp_path: Path) -> None:
        ended = subprocess.run(
            [sys.executable, ROOT / "tap.py"],
            env=environment(ENVIRONMENT_SUFFIX="Prod", TAP_OUTDIR=str(tmp_path / "out")),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.splitlines() == [
            'settings: environment_suffix = "Prod" is not usable',
            "  it may hold a-z, 0-9 and single inner hyphens",
            "  set it with ENVIRONMENT_SUFFIX or environment_suffix in tap.toml",
        ]
        assert list(tmp_path.iterdir()) == []

    def test_is_named_among_several_addresses(self, outside: pytest.MonkeyPatch) -> None:
        outside.setenv("TAP_ALERT_EMAILS", "oncall@example.com, nobody, somebody@example.com")
        with pytest.raises(SettingsError) as refused:
            load()
        assert "'nobody' is not an e-mail address" in str(refused.value)
        assert "example.com" not in str(refused.value)

    def test_is_reported_together_with_the_others(self, outside: pytest.MonkeyPatch) -> None:
        outside.setenv("TAP_NAT", "none")
        outside.setenv("TAP_DOMAIN", "localhost")
        with pytest.raises(SettingsError, match=r"nat(.|\n)*domain"):
            load()


class TestATypingMistake:
    @pytest.mark.parametrize("variable", ["TAP_ALERT_EMAIL", "TAP_ENVIRONMENT_SUFFIX", "TAP_REGION"])
    def test_in_a_variable_is_refused_with_those_that_there_are(
        self, outside: pytest.MonkeyPatch, variable: str
    ) -> None:
        outside.setenv(variable, "anything")
        with pytest.raises(SettingsError, match=f"{variable} in the environment is no setting") as refused:
            load()
        there_are = str(refused.value).partition("there are ")[2].split(", ")
        assert {"ENVIRONMENT_SUFFIX", "TAP_ALERT_EMAILS", "TAP_PRIMARY_REGION"} <= set(there_are)
        assert variable not in there_are

    def test_in_the_profile_is_refused_with_those_that_there_are(self, tmp_path: Path) -> None:
        (tmp_path / "tap.toml").write_text('alert_email = "oncall@example.com"\n')
        with pytest.raises(SettingsError, match=r"alert_email = (.|\n)*there is no such setting(.|\n)*alert_emails"):
            load()

    def test_in_the_profiles_syntax_names_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "tap.toml").write_text("nat = single\n")
        with pytest.raises(SettingsError, match=r"tap\.toml is not TOML.*line 1"):
            load()

    def test_in_the_contexts_syntax_names_its_source(self, outside: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "cdktf.json").write_text("{")
        with pytest.raises(SettingsError, match=r"cdktf\.json is not JSON"):
            load()
        outside.setenv("CDKTF_CONTEXT_JSON", "{")
        with pytest.raises(SettingsError, match="CDKTF_CONTEXT_JSON is not JSON"):
            load()


class TestSources:
    """The first that names a setting wins: environment, context, profile, default."""

    @pytest.mark.parametrize(
        ("setting", "variable", "values"),
        [
            ("environment_suffix", "ENVIRONMENT_SUFFIX", ("env", "context", "profile")),
            ("prefix", "TAP_PREFIX", ("env", "context", "profile")),
        ],
    )
    def test_each_gives_way_to_the_one_before_it(
        self, outside: pytest.MonkeyPatch, tmp_path: Path, setting: str, variable: str, values: tuple[str, str, str]
    ) -> None:
        environment_value, context_value, profile_value = values
        default = getattr(load(), setting)
        (tmp_path / "tap.toml").write_text(f'{setting} = "{profile_value}"\n')
        assert getattr(load(), setting) == profile_value != default
        (tmp_path / "cdktf.json").write_text(json.dumps({"context": {setting: context_value}}))
        assert getattr(load(), setting) == context_value
        outside.setenv(variable, environment_value)
        assert getattr(load(), setting) == environment_value

    def test_the_clis_context_stands_for_the_files(self, outside: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "cdktf.json").write_text(json.dumps({"context": {"nat": "per-zone"}}))
        outside.setenv("CDKTF_CONTEXT_JSON", json.dumps({"nat": "single", "excludeStackIdFromLogicalIds": True}))
        assert load().nat == "single"

    def test_they_add_up(self, outside: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "tap.toml").write_text('nat = "single"\nprimary_cidr = "10.40.0.0/16"\n')
        outside.setenv("ENVIRONMENT_SUFFIX", "pr7")
        both = load()
        assert (both.nat, both.primary_cidr, both.environment_suffix) == ("single", IPv4Network("10.40.0.0/16"), "pr7")

    def test_variables_of_the_tools_around_the_app_are_no_mistakes(self, outside: pytest.MonkeyPatch) -> None:
        outside.setenv("TAP_PROVIDER_MIRROR", "mirror")
        assert load() == Settings()


class TestGoodSettings:
    def test_the_defaults_are_enough_for_the_embedded_aws(self) -> None:
        defaults = load()
        assert (defaults.primary_region, defaults.standby_region) == ("us-east-1", "us-west-2")
        assert defaults.environment_domain == "dev.tap.example"
        assert defaults.effective_state_region == "us-west-2"
        assert defaults.effective_state_bucket == "tap-state-usw2-000000000000"

    @pytest.mark.parametrize("value", ["a@x.example,b@y.example", " a@x.example , b@y.example ,"])
    def test_addresses_are_separated_by_commas(self, outside: pytest.MonkeyPatch, value: str) -> None:
        outside.setenv("TAP_ALERT_EMAILS", value)
        assert load().alert_emails == ("a@x.example", "b@y.example")

    def test_a_profile_lists_addresses_in_its_own_way(self, tmp_path: Path) -> None:
        (tmp_path / "tap.toml").write_text('alert_emails = ["a@x.example", "b@y.example"]\n')
        assert load().alert_emails == ("a@x.example", "b@y.example")

    @pytest.mark.parametrize(
        ("primary", "standby"),
        [
            ("us-east-1", "us-west-2"),
            ("us-west-2", "us-east-1"),
            ("us-east-1", "us-east-2"),
            ("us-east-2", "us-east-1"),
        ],
    )
    def test_either_side_of_a_pair_may_be_the_primary(self, primary: str, standby: str) -> None:
        chosen = load(primary_region=primary, standby_region=standby)
        first, second = chosen.roles
        assert (first.region.name, first.initial_state, first.creates_database) == (primary, "active", True)
        assert (second.region.name, second.initial_state, second.creates_database) == (standby, "standby", False)
        assert chosen.effective_state_region == standby

    def test_settlement_may_recover_with_ingest_and_not_before_it(self) -> None:
        both = load(ingest_rto_seconds=700, settlement_rto_seconds=700)
        assert (both.recovery_budgets["ingest_rto"], both.recovery_budgets["settlement_rto"]) == (700, 700)
        with pytest.raises(SettingsError, match=r"settlement_rto_seconds(.|\n)*at least ingest_rto_seconds"):
            load(ingest_rto_seconds=701, settlement_rto_seconds=700)

    def test_the_budgets_are_those_of_the_promises(self) -> None:
        assert load().recovery_budgets == {
            "ingest_rto": 300,
            "settlement_rto": 900,
            "ledger_rpo": 60,
            "sessions_rpo": 60,
            "receipts_rpo": 900,
        }

    def test_a_suffix_may_have_exactly_the_derived_length(self) -> None:
        assert longest_suffix("tap") == 13
        assert load(environment_suffix="s" * 13).environment_suffix == "s" * 13
        assert longest_suffix("payments") == 8
        with pytest.raises(SettingsError, match="at most 8 characters"):
            load(environment_suffix="s" * 9, prefix="payments")

    def test_the_longest_suffix_fills_the_tightest_name(self) -> None:
        resource, limit = min(LIMITS.items(), key=lambda item: item[1] - len(item[0]))
        assert (resource, limit) == ("ingress", 32)
        assert len(f"tap-{resource}-global-{'s' * longest_suffix('tap')}") == limit

    def test_a_domain_may_have_exactly_the_length_that_certificates_allow(self) -> None:
        fits = f"{'d' * 45}.example"
        assert len(f"global.dev.{fits}") == 64
        assert load(domain=fits).domain == fits
        with pytest.raises(SettingsError, match="64 characters"):
            load(domain=f"d{fits}")
