"""A request counts only when its signature fits it, was made lately, and was made with the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.signature import TOLERANCE_SECONDS, SignatureError, sign, verify

NOW = 1_800_000_000
KEYS = st.binary(min_size=1, max_size=64)
CONTENT = st.binary(max_size=200)


@given(content=CONTENT, key=KEYS)
def test_what_was_signed_is_accepted(content: bytes, key: bytes) -> None:
    verify(sign(content, key=key, timestamp=NOW), content, keys=[key], now=NOW)


@given(content=CONTENT, other=CONTENT, key=KEYS)
def test_other_content_is_refused(content: bytes, other: bytes, key: bytes) -> None:
    if other != content:
        with pytest.raises(SignatureError):
            verify(sign(content, key=key, timestamp=NOW), other, keys=[key], now=NOW)


@given(content=CONTENT, data=st.data())
def test_any_other_header_is_refused(content: bytes, data: st.DataObject) -> None:
    """One character replaced, removed or added: there is one way to write a signature."""
    header = sign(content, key=b"key", timestamp=NOW)
    place = data.draw(st.integers(0, len(header)))
    removed = data.draw(st.integers(0, 1))
    tampered = header[:place] + data.draw(st.text(max_size=2)) + header[place + removed :]
    if tampered != header:
        with pytest.raises(SignatureError):
            verify(tampered, content, keys=[b"key"], now=NOW)


@given(content=CONTENT, key=KEYS, other=KEYS)
def test_another_key_is_refused(content: bytes, key: bytes, other: bytes) -> None:
    # HMAC pads keys with zeros: b"a" and b"a\0" are one key.
    if key.rstrip(b"\0") != other.rstrip(b"\0"):
        with pytest.raises(SignatureError):
            verify(sign(content, key=key, timestamp=NOW), content, keys=[other], now=NOW)


@given(content=CONTENT, moved=st.integers(-10, 10))
def test_the_timestamp_is_part_of_what_is_signed(content: bytes, moved: int) -> None:
    header = sign(content, key=b"key", timestamp=NOW).replace(f"t={NOW}", f"t={NOW + moved}")
    if moved:
        with pytest.raises(SignatureError):
            verify(header, content, keys=[b"key"], now=NOW)


@pytest.mark.parametrize("off", [-TOLERANCE_SECONDS, TOLERANCE_SECONDS])
def test_clocks_may_differ_by_the_tolerance(off: int) -> None:
    verify(sign(b"", key=b"key", timestamp=NOW + off), b"", keys=[b"key"], now=NOW)


@pytest.mark.parametrize("off", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1])
def test_clocks_may_not_differ_by_more(off: int) -> None:
    with pytest.raises(SignatureError, match="tolerance"):
        verify(sign(b"", key=b"key", timestamp=NOW + off), b"", keys=[b"key"], now=NOW)


def test_during_a_rotation_two_keys_count() -> None:
    header = sign(b"content", key=b"previous", timestamp=NOW)
    verify(header, b"content", keys=[b"current", b"previous"], now=NOW)


@pytest.mark.parametrize("header", [None, "", "v1=00", f"t={NOW}", f"t={NOW},v1={'0' * 63}", f"t={NOW},v1={'A' * 64}"])
def test_without_a_whole_signature_nothing_counts(header: str | None) -> None:
    with pytest.raises(SignatureError):
        verify(header, b"content", keys=[b"key"], now=NOW)


def test_without_a_key_nothing_counts() -> None:
    with pytest.raises(SignatureError):
        verify(sign(b"", key=b"key", timestamp=NOW), b"", keys=[], now=NOW)
