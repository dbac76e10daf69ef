"""A body counts only when it is the strict JSON of a payment, as the published document describes it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payment import Payment, is_payment_id, parse_payment
from domain.problem import Problem

VALID: dict[str, Any] = {"id": "order-1", "amount": 1250, "currency": "EUR", "customer": {"reference": "customer-7"}}
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
TEXT = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]), max_size=140)


is_payment_id("the first call reads the schema, which no example's deadline is for")


def parse(content: Any) -> Payment:
    return parse_payment(json.dumps(content).encode())


def refusal(raw: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        parse_payment(raw)
    return caught.value


def pointer_of(content: Any) -> str:
    problem = refusal(json.dumps(content).encode())
    assert problem.status == 400
    assert problem.kind == "invalid-payment"
    return problem.errors[0].pointer


def changed(**changes: Any) -> dict[str, Any]:
    return {**VALID, **changes}


@given(
    payment_id=IDS, amount=st.integers(1, 99_999_999_999), currency=st.sampled_from(["EUR", "JPY", "USD"]), text=TEXT
)
def test_every_payment_as_described_is_taken(payment_id: str, amount: int, currency: str, text: str) -> None:
    payment = parse(changed(id=payment_id, amount=amount, currency=currency, description=text))
    assert (payment.id, payment.amount, payment.currency) == (payment_id, amount, currency)
    assert payment.description == text
    assert payment.customer_email is None


class TestTheSameContent:
    def test_has_the_same_hash_however_it_is_written(self) -> None:
        turned = json.dumps(dict(reversed(VALID.items())), indent=4).encode()
        assert parse_payment(turned).body_sha256 == parse(VALID).body_sha256

    @pytest.mark.parametrize(
        "other",
        [changed(amount=1251), changed(currency="USD"), changed(description=""), changed(customer={"reference": "c"})],
    )
    def test_is_told_from_any_other_by_its_hash(self, other: dict[str, Any]) -> None:
        assert parse(other).body_sha256 != parse(VALID).body_sha256


class TestWhatIsNoPayment:
    @pytest.mark.parametrize("field", sorted(VALID))
    def test_a_field_is_missing(self, field: str) -> None:
        assert pointer_of({name: value for name, value in VALID.items() if name != field}) == "#"

    @pytest.mark.parametrize("field", ["card_number", "cvv", "settled"])
    def test_a_field_is_unknown(self, field: str) -> None:
        assert pointer_of(changed(**{field: "4111111111111111"})) == "#"

    @pytest.mark.parametrize("amount", [0, -1, 100_000_000_000, "100", None, True, [1]])
    def test_the_amount_is_no_positive_integer_of_minor_units(self, amount: Any) -> None:
        assert pointer_of(changed(amount=amount)) == "#/amount"

    @pytest.mark.parametrize("currency", ["eur", "EURO", "", "ZZZ", "XXX", "HRK", 978, "EUR\n"])
    def test_the_currency_is_none_in_use(self, currency: Any) -> None:
        assert pointer_of(changed(currency=currency)) == "#/currency"

    @pytest.mark.parametrize("payment_id", ["", ".", "../x", "a" * 65, "a b", "a/b", "a%2Fb", "ä", "a\n", 7])
    def test_the_id_could_not_stand_in_a_path(self, payment_id: Any) -> None:
        assert pointer_of(changed(id=payment_id)) == "#/id"

    @pytest.mark.parametrize("email", ["", "a", "a@", "@b", "a b@c", "a@b@c", "a@" + "b" * 253, "a@b\x00"])
    def test_the_email_is_none(self, email: str) -> None:
        assert pointer_of(changed(customer={"reference": "c", "email": email})) == "#/customer/email"

    @pytest.mark.parametrize("text", ["a" * 141, "a\x00", "a\nb", "\x7f"])
    def test_the_description_holds_what_no_column_takes(self, text: str) -> None:
        assert pointer_of(changed(description=text)) == "#/description"

    @pytest.mark.parametrize("content", [[], [VALID], None, 1, "payment", True])
    def test_it_is_no_object(self, content: Any) -> None:
        assert pointer_of(content) == "#"


class TestWhatParsersDisagreeOn:
    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"{",
            b"\xff\xfe{}",
            json.dumps(VALID).encode("utf-16"),
            b"\xef\xbb\xbf" + json.dumps(VALID).encode(),
            json.dumps(VALID).encode() + b"{}",
            b"[" * 10_000,
            b'{"amount": ' + b"9" * 5_000 + b"}",
        ],
        ids=["empty", "cut", "no-utf8", "utf16", "bom", "two", "deep", "huge-number"],
    )
    def test_is_refused(self, raw: bytes) -> None:
        assert (refusal(raw).status, refusal(raw).kind) == (400, "malformed-body")

    @pytest.mark.parametrize("number", ["12.5", "1250.0", "1e3", "NaN", "Infinity", "-Infinity"])
    def test_a_number_is_an_integer(self, number: str) -> None:
        raw = json.dumps(VALID).replace("1250", number).encode()
        assert "integers" in refusal(raw).detail

    def test_a_key_stands_once(self) -> None:
        raw = json.dumps(VALID).replace('"amount"', '"amount": 1, "amount"').encode()
        assert "twice" in refusal(raw).detail

    def test_a_lone_surrogate_is_no_text(self) -> None:
        assert refusal(json.dumps(changed(description="\ud800")).encode()).kind == "malformed-body"


@given(text=st.text(min_size=12, max_size=40).map(lambda text: f"secret {text}"))
def test_a_refusal_repeats_nothing_of_the_body(text: str) -> None:
    for content in (changed(currency=text), changed(**{text: 1}), changed(id=text * 3), text):
        answer = refusal(json.dumps(content).encode()).response()
        assert answer.body is not None
        assert "secret" not in answer.body


@given(st.binary(max_size=60))
def test_bytes_are_a_payment_or_refused_and_nothing_else(raw: bytes) -> None:
    assert refusal(raw).status == 400


@pytest.mark.parametrize(("text", "expected"), [("order-1", True), ("a" * 65, False), ("", False), ("..", False)])
def test_an_id_is_told_from_what_is_none(text: str, expected: bool) -> None:
    assert is_payment_id(text) is expected
