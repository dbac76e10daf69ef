"""After ``make destroy`` nothing of the deployment is left, in either region.

On the embedded AWS the account is ours alone, so nothing at all may be left but what bootstrap made. In a real account
others live too: there it is our names that must be gone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from deployment import places, session, target
from deployment.aws import client
from deployment.bootstrap import LOGGING_ROLE
from lib.settings import Settings
from tests.integration.leftovers import GLOBAL, REGIONAL, listed

pytestmark = pytest.mark.after_destroy


@pytest.fixture(scope="module")
def settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """What was deployed; the outputs are gone with the deployment."""
    before = dict(os.environ)
    problem = attach()
    if problem:
        request.session.shouldfail = problem  # once is enough
        pytest.fail(problem, pytrace=False)
    yield session.settings()
    os.environ.clear()
    os.environ.update(before)


def attach() -> str | None:
    """Become a client of the target on which a deployment was destroyed; or say why that cannot be, and what to do."""
    if places.outputs().exists():
        return f"{places.shown(places.outputs())} says that something is deployed: destroy first"
    if target.attach(target.chosen()) is None:
        return (
            "There is no embedded AWS to look at: `.venv/bin/python -m deployment destroy --keep-emulator` leaves one"
        )
    return None


def belongs_to_bootstrap(settings: Settings, name: str) -> bool:
    """The account's singletons, which outlive every deployment."""
    return name in (settings.effective_state_bucket, f"{settings.prefix}-{LOGGING_ROLE}")


def ours(settings: Settings, found: list[str]) -> list[str]:
    """What of it is this deployment's."""
    left = [name for name in found if not belongs_to_bootstrap(settings, name)]
    if target.chosen() == "embedded":
        return left
    marks = (
        f"-{settings.environment_suffix}",
        settings.environment_domain,
        f"environment {settings.environment_suffix}",
    )
    return [
        n for n in left if settings.environment_domain in n or (settings.prefix in n and any(m in n for m in marks))
    ]


@pytest.mark.parametrize("kind", REGIONAL)
@pytest.mark.parametrize("role", ["primary", "standby"])
def test_nothing_is_left_in_either_region(settings: Settings, role: str, kind: str) -> None:
    region = settings.primary_region if role == "primary" else settings.standby_region
    service, lister = REGIONAL[kind]

    assert ours(settings, listed(client(service, region), lister)) == []


@pytest.mark.parametrize("kind", GLOBAL)
def test_nothing_is_left_of_what_has_no_region(settings: Settings, kind: str) -> None:
    service, lister = GLOBAL[kind]

    assert ours(settings, listed(client(service, settings.primary_region), lister)) == []


@pytest.mark.parametrize("role", ["primary", "standby"])
def test_the_keys_are_on_their_way_out(settings: Settings, role: str) -> None:
    """The one thing that AWS deletes only after a while: at least 7 days."""
    region = settings.primary_region if role == "primary" else settings.standby_region
    kms = client("kms", region)
    states = [
        described["KeyState"]
        for page in kms.get_paginator("list_keys").paginate()
        for key in page["Keys"]
        if (described := kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"])["Description"].endswith(
            f"environment {settings.environment_suffix}"
        )
    ]

    assert set(states) <= {"PendingDeletion", "PendingReplicaDeletion"}


def test_no_state_is_left(settings: Settings) -> None:
    s3 = client("s3", settings.effective_state_region)
    found = s3.list_objects_v2(Bucket=settings.effective_state_bucket, Prefix=f"{settings.environment_suffix}/").get(
        "Contents", []
    )

    assert [entry["Key"] for entry in found] == []
