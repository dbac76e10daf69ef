"""Topics as all of the platform's are: encrypted with its key, and closed to whoever publishes in the clear."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from constructs import Construct

from lib.constructs.context import RegionContext
from lib.constructs.policy import Statement, document, refuse_plain


def encrypted_topic(
    scope: Construct,
    *,
    at: RegionContext,
    key_arn: str,
    resource: str,
    allowing: Callable[[str], Sequence[Statement]] = lambda _: (),
) -> SnsTopic:
    """The topic of ``scope``, and its policy.

    ``allowing`` makes, of its ARN, what services may do with it beside the permissions of roles.
    """
    topic = SnsTopic(scope, "topic", provider=at.provider, name=at.name(resource), kms_master_key_id=key_arn)
    # A topic's policy may name few actions and no wildcard; publishing is the one that carries anything.
    refusal = refuse_plain("sns:Publish", on=topic.arn)
    SnsTopicPolicy(
        scope, "policy", provider=at.provider, arn=topic.arn, policy=document([refusal, *allowing(topic.arn)])
    )
    return topic
