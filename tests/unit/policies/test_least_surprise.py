"""What CDKTF makes of some mistakes, synthesized for real: seen in what it wrote, or known not to be seen there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lib import bindings
from policies import rules
from policies.judge import Verdict, judge
from policies.model.reading import read

GARBAGE = (
    "behind-a-hyphen", "upper", "title", "swapped", "beginning", "end", "last-five", "split", "doubled", "negative",
    "halved",
)  # fmt: skip
"""Constructs whose token was changed."""


def mistakes(outdir: Path) -> None:
    """An app with one mistake in each construct, and what there is to refer to."""
    bindings.install()
    from cdktf import App, AssetType, TerraformAsset, TerraformLocal, TerraformOutput, TerraformStack
    from cdktf_cdktf_provider_aws.lambda_function import LambdaFunction
    from cdktf_cdktf_provider_aws.provider import AwsProvider
    from cdktf_cdktf_provider_aws.route_table import RouteTable
    from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import S3BucketLifecycleConfiguration
    from cdktf_cdktf_provider_aws.secretsmanager_secret_version import SecretsmanagerSecretVersion
    from cdktf_cdktf_provider_aws.security_group import SecurityGroup
    from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
    from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue

    class Mistakes(TerraformStack):
        """The mistakes of a whole project, in one stack."""

        def __init__(self, app: App) -> None:
            super().__init__(app, "mistakes")
            self.here = AwsProvider(self, "here", region="us-east-1", alias="use1")
            self.queue = SqsQueue(self, "queue", name="tap-queue-use1-dev", provider=self.here)
            self.secret = SecretsmanagerSecretVersion(self, "secret", secret_id="x", provider=self.here)
            self.blocks()
            self.tokens()
            self.places()

        def blocks(self) -> None:
            entry: Any = {"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]}
            SecurityGroup(self, "null-keys", ingress=[entry], provider=self.here)
            route: Any = {"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}
            RouteTable(self, "null-route", vpc_id="vpc-1", route=[route], provider=self.here)
            rule: Any = {"id": "x", "status": "Enabled", "noncurrent_version_expiration": [{"noncurrent_days": 3}]}
            S3BucketLifecycleConfiguration(self, "gone-keys", bucket="b", rule=[rule], provider=self.here)

        def tokens(self) -> None:
            number, text = self.queue.visibility_timeout_seconds, self.queue.arn
            names = {
                "behind-a-hyphen": f"tap-{number}",
                "upper": text.upper(),
                "title": text.title(),
                "swapped": text.swapcase(),
                "beginning": text[:8],
                "end": text[3:],
                "last-five": text[-5:],
                "split": text.split(".")[0],
            }
            for id_, name in names.items():
                SnsTopic(self, id_, name=name, provider=self.here)
            for id_, delay in {"doubled": number * 2, "negative": -number, "halved": number // 2}.items():
                SqsQueue(self, id_, name="q", delay_seconds=delay, provider=self.here)
            SqsQueue(self, "one-more", name="q", delay_seconds=number + 1, provider=self.here)
            SnsTopic(self, "compared", name="equal" if text == "x" else "different", provider=self.here)
            TerraformLocal(self, "local", [number * 2])
            TerraformOutput(self, "output", value=f"x-{number}")
            TerraformOutput(self, "kept", value=text, precondition={"condition": "${false}", "error_message": "never"})

        def places(self) -> None:
            SnsTopic(self, "nowhere", name="tap-nowhere-use1-dev")
            folder = outdir / "code"
            folder.mkdir(parents=True)
            folder.joinpath("handler.py").write_text("")
            asset = TerraformAsset(self, "asset", path=str(folder), type=AssetType.ARCHIVE)
            code: dict[str, Any] = {"handler": "handler.handler", "runtime": "python3.13", "role": "r"}
            LambdaFunction(self, "no-hash", function_name="f", filename=asset.path, provider=self.here, **code)
            LambdaFunction(
                self,
                "absolute",
                function_name="g",
                filename=f"{folder}.zip",
                source_code_hash=f"{'0' * 43}=",
                provider=self.here,
                **code,
            )
            TerraformOutput(self, "dangling", value="${aws_sqs_queue.forgotten.arn}")
            SnsTopic(self, "dangling-local", name="${local.forgotten}", provider=self.here)

    class Reader(TerraformStack):
        """A stack that refers to the other one's secret."""

        def __init__(self, app: App, other: Mistakes) -> None:
            super().__init__(app, "reader")
            SnsTopic(self, "told", name=other.secret.secret_string, provider=AwsProvider(self, "p", region="us-east-1"))

    app = App(outdir=str(outdir))
    Reader(app, Mistakes(app))
    app.synth()


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """What the rules of this family say about the mistakes."""
    folder = tmp_path_factory.mktemp("mistakes")
    mistakes(folder)
    return judge(read(folder), [rule for rule in rules.every() if rule.family == "least_surprise"])


def faults(verdict: Verdict, path: str) -> set[str]:
    """The rules that find something wrong with a construct."""
    return {finding.rule.id for finding in verdict.findings if finding.resource.path == path}


@pytest.mark.parametrize(
    ("construct", "rule"),
    [
        *((name, "TAP_BLOCK_KEYS") for name in ("null-keys", "null-route", "gone-keys")),
        *((name, "TAP_TOKENS_RESOLVED") for name in GARBAGE),
        ("nowhere", "TAP_PROVIDER_NAMED"),
        ("no-hash", "TAP_CODE_HASH"),
        ("absolute", "TAP_PATHS_RELATIVE"),
        ("dangling-local", "TAP_REFERENCES_RESOLVE"),
    ],
)
def test_what_cdktf_writes_of_a_mistake_is_seen_on_its_construct(verdict: Verdict, construct: str, rule: str) -> None:
    assert faults(verdict, f"mistakes/{construct}") == {rule}


def test_what_is_wrong_beside_the_resources_is_seen_on_the_stack(verdict: Verdict) -> None:
    assert faults(verdict, "mistakes") == {
        "TAP_TOKENS_RESOLVED", "TAP_STATE_BACKEND", "TAP_REFERENCES_RESOLVE", "TAP_OUTPUT_WITHOUT_SECRET",
    }  # fmt: skip


def test_a_secret_that_goes_to_another_stack_becomes_an_output(verdict: Verdict) -> None:
    (finding,) = (found for found in verdict.findings if found.rule.id == "TAP_OUTPUT_WITHOUT_SECRET")
    assert finding.resource.path == "mistakes"
    assert "secret_string" in finding.message


def test_a_local_backend_holds_the_path_of_a_checkout(verdict: Verdict) -> None:
    judged = {resource.key for resource in verdict.judged["TAP_PATHS_RELATIVE"]}
    found = {f.resource.key for f in verdict.findings if f.rule.id == "TAP_PATHS_RELATIVE"}
    assert ("mistakes", "backend.local") in judged & found


@pytest.mark.parametrize("construct", ["one-more", "compared"])
def test_some_mistakes_leave_no_trace(verdict: Verdict, construct: str) -> None:
    """``token + 1`` is the token itself; a comparison was made before anything was known."""
    assert faults(verdict, f"mistakes/{construct}") == set()


def test_a_dropped_precondition_leaves_no_trace(verdict: Verdict) -> None:
    stack = verdict.deployment.stack("mistakes")
    assert stack is not None
    assert stack.content.map("output")["kept"].keys() == {"value"}
