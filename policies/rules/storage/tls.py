"""Nobody talks to a bucket in the clear."""

from __future__ import annotations

from collections.abc import Iterator

from policies.model.deployment import Resource
from policies.model.iam import TRANSPORT, Statement, documents, refuses_plain
from policies.mutation import edit, remove
from policies.rule import Severity, kind, rule
from policies.rules.storage._buckets import BUCKET, POLICY, bucket_of, pair, plain_refused, replacing, settings


@rule(
    id="TAP_STORAGE_TLS",
    title="Every bucket refuses whoever comes without TLS",
    risk="S3 has an endpoint without TLS too: a client that is set up wrongly reads and writes in the clear.",
    remediation=f'Add a policy that denies s3:* on the bucket and its objects while "{TRANSPORT}" is "false".',
    severity=Severity.HIGH,
    controls=["PCI-DSS-4.0:4.2.1", "NIST-800-53:SC-8", "NIST-800-53:SC-8(1)", "WA-REL:REL13-BP04"],
    judges=kind(BUCKET),
    passes=[pair(), pair(policy={"policy": plain_refused("home", Resource="*", Principal={"AWS": "*"})})],
    fails=[
        pair(policy=None),
        pair(policy={"policy": plain_refused("home", Effect="Allow")}),
        pair(policy={"policy": plain_refused("home", Action="s3:GetObject")}),
        pair(policy={"policy": plain_refused("home", Resource=f"${{{BUCKET}.home.arn}}/*")}),
        pair(policy={"policy": plain_refused("home", Resource=f"${{{BUCKET}.home.arn}}")}),
        pair(policy={"policy": plain_refused("home", Condition={"Bool": {TRANSPORT: "true"}})}),
        pair(policy={"policy": plain_refused("there")}),
    ],
    mutations=[
        remove("without the policy", POLICY, seen_on=bucket_of),
        edit("allowed and not denied", replacing('"Deny"', '"Allow"'), POLICY, seen_on=bucket_of),
        edit("for one action only", replacing('"s3:*"', '"s3:GetObject"'), POLICY, seen_on=bucket_of),
        edit("with TLS instead of without", replacing('"false"', '"true"'), POLICY, seen_on=bucket_of),
        edit("not for the objects", replacing('/*"]', '/none/*"]'), POLICY, seen_on=bucket_of),
    ],
)
def storage_tls(bucket: Resource) -> Iterator[str]:
    """The refusal must be for everybody, everything, the bucket and its objects, and depend on nothing else."""
    places = [bucket, *settings(bucket, POLICY)]
    statements = [s for place in places for document in documents(place) for s in document.statements]
    if not any(refuses_plain(statement, "s3") and _is_for_all(bucket, statement) for statement in statements):
        yield f"none of its {len(statements)} policy statements denies s3:* to everybody who comes without TLS"


def _is_for_all(bucket: Resource, statement: Statement) -> bool:
    if "*" in statement.resources:
        return True
    objects = [resource.removesuffix("/*") for resource in statement.resources if resource.endswith("/*")]
    return _names(bucket, statement.resources) and _names(bucket, objects)


def _names(bucket: Resource, resources: list[str] | tuple[str, ...]) -> bool:
    return any(_is_called(bucket, resource) for resource in resources)


def _is_called(bucket: Resource, resource: str) -> bool:
    literal = bucket.literal("bucket")
    written = f"arn:aws:s3:::{literal}" if literal else None
    return resource == written or bucket.deployment.target(bucket.stack, resource) is bucket
