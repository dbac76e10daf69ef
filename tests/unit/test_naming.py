"""How things are called, and that no name is ever cut to fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.naming import LIMITS, UNBOUNDED, Naming, longest_suffix
from lib.topology import GLOBAL_SUFFIX, REGIONS

REGION_SUFFIXES = [GLOBAL_SUFFIX, *(region.suffix for region in REGIONS.values())]
PREFIXES = st.from_regex(r"[a-z][a-z0-9]{1,7}", fullmatch=True)


def test_a_name_is_prefix_resource_region_and_suffix() -> None:
    naming = Naming("tap", "dev")
    assert naming.name("webhook", "use1") == "tap-webhook-use1-dev"
    assert naming.name("sessions", "global") == "tap-sessions-global-dev"


@pytest.mark.parametrize("resource", LIMITS)
def test_a_name_at_its_limit_is_given_whole(resource: str) -> None:
    limit = LIMITS[resource]
    suffix = "s" * (limit - len(f"tap-{resource}-use1-"))
    name = Naming("tap", suffix).name(resource, "use1")
    assert name == f"tap-{resource}-use1-{suffix}"
    assert len(name) == limit


@pytest.mark.parametrize("resource", [*LIMITS, "anything-else"])
def test_a_name_beyond_its_limit_is_refused_and_never_cut(resource: str) -> None:
    limit = LIMITS.get(resource, UNBOUNDED)
    suffix = "s" * (limit - len(f"tap-{resource}-use1-") + 1)
    with pytest.raises(ValueError, match=rf"has {limit + 1} characters; AWS allows {limit} for '{resource}'"):
        Naming("tap", suffix).name(resource, "use1")


@given(prefix=PREFIXES, resource=st.sampled_from(sorted(LIMITS)), region=st.sampled_from(REGION_SUFFIXES))
def test_the_longest_suffix_fits_every_resource_in_every_region(prefix: str, resource: str, region: str) -> None:
    longest = longest_suffix(prefix)
    name = Naming(prefix, "s" * longest).name(resource, region)
    assert name.endswith("s" * longest)


@given(prefix=PREFIXES)
def test_one_character_more_would_not_fit_somewhere(prefix: str) -> None:
    naming = Naming(prefix, "s" * (longest_suffix(prefix) + 1))
    tightest = min(LIMITS, key=lambda resource: LIMITS[resource] - len(resource))
    with pytest.raises(ValueError, match="AWS allows"):
        naming.name(tightest, GLOBAL_SUFFIX)
