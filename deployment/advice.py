"""What to do next, from a provider's or Terraform's message."""

from __future__ import annotations

import re

_RULES = (
    (
        r"Failed to (save|persist) state",
        "run the command again: it saves the state that is kept (see below) before anything else.",
    ),
    (r"Error releasing the state lock", "run the command again: it deals with the lock first."),
    (
        r"state lock|PreconditionFailed.*lock",
        "somebody else works on this stack, or a Terraform was killed; see below.",
    ),
    (
        r"ExpiredToken|InvalidClientTokenId|no valid credential|security token.*invalid",
        "renew your AWS credentials (such as `aws sso login`) and run the command again.",
    ),
    (
        r"AccessDenied|UnauthorizedOperation|not authorized to perform",
        "the credentials lack the permission that is named; deploy with a role that has it.",
    ),
    (
        r"LimitExceeded|QuotaExceeded|AddressLimitExceeded|limit.*(exceeded|reached)",
        "raise the quota that is named (console: Service Quotas), then run the command again.",
    ),
    (r"NoSuchBucket|bucket does not exist", "the state bucket is missing: `make bootstrap`, then the command again."),
    (
        r"CloudWatch Logs role ARN must be set",
        "API Gateway's logging role is missing: `make bootstrap`, then the command again.",
    ),
    (
        r"connection refused|connection reset|\bEOF\b|no such host|timeout while waiting for plugin",
        "the other side did not answer; run `make deploy` again, it goes on where it stopped.",
    ),
    (
        r"Failed to query available provider packages|could not connect to registry|Failed to install provider",
        "the AWS provider was not found: name a filesystem mirror in TAP_PROVIDER_MIRROR, or connect to the registry.",
    ),
    (
        r"already exists|AlreadyExists|EntityAlreadyExists",
        (
            "something of that name is there, and not in this state: remove it, or choose another ENVIRONMENT_SUFFIX; "
            "on the embedded AWS, `make destroy` and `make deploy` begin anew."
        ),
    ),
    (
        r"Unable to find remote state|no stored state|does not have (an attribute|the attribute)|Unsupported attribute",
        "a stack before this one is not applied yet, or from other code: run `make deploy`, then this command again.",
    ),
)
_OTHERWISE = "correct what the message names, then run the command again; it goes on where it stopped."


def advice(message: str) -> str:
    """The next step for this message."""
    for pattern, step in _RULES:
        if re.search(pattern, message, re.IGNORECASE | re.DOTALL):
            return step
    return _OTHERWISE
