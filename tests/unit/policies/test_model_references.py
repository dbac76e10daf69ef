"""What strings of Terraform's refer to."""

from __future__ import annotations

import pytest

from policies.model.references import Reference, expressions, references, single, whole


def found(text: str) -> list[tuple[str, str, str | None]]:
    return [(r.address, r.attribute, r.instance) for r in references(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${aws_vpc.main.id}", [("aws_vpc.main", "id", None)]),
        ("arn:${aws_sqs_queue.work.arn}/*", [("aws_sqs_queue.work", "arn", None)]),
        ("${aws_a.b.c}-${data.aws_d.e.f}", [("aws_a.b", "c", None), ("data.aws_d.e", "f", None)]),
        ("${ephemeral.aws_secret.password.value}", [("ephemeral.aws_secret.password", "value", None)]),
        ("${local.tags.Name}", [("local.tags", "Name", None)]),
        ("${var.zones[0]}", [("var.zones", "0", None)]),
        ("${module.net.vpc.id}", [("module.net", "vpc.id", None)]),
        ("${aws_vpc.main}", [("aws_vpc.main", "", None)]),
        ("${~ aws_vpc.main.id ~}", [("aws_vpc.main", "id", None)]),
    ],
)
def test_a_reference_is_an_address_and_an_attribute(text: str, expected: object) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${aws_subnet.a[0].id}", ("aws_subnet.a", "id", "0")),
        ("${aws_subnet.a.0.id}", ("aws_subnet.a", "id", "0")),
        ('${aws_subnet.a["west b"].id}', ("aws_subnet.a", "id", "west b")),
        ("${aws_subnet.a[*].id}", ("aws_subnet.a", "id", "*")),
        ("${aws_subnet.a.*.id}", ("aws_subnet.a", "id", "*")),
        ("${aws_subnet.a[count.index].id}", ("aws_subnet.a", "id", "*")),
        ('${module.net["west"].vpc}', ("module.net", "vpc", "west")),
    ],
)
def test_brackets_after_the_address_choose_an_instance(text: str, expected: object) -> None:
    assert found(text) == [expected]


def test_brackets_after_an_attribute_belong_to_the_attribute() -> None:
    assert found("${aws_eks_cluster.c.identity[0].oidc[0].issuer}") == [
        ("aws_eks_cluster.c", "identity.0.oidc.0.issuer", None)
    ]
    assert found('${data.terraform_remote_state.net.outputs["vpc-id"]}') == [
        ("data.terraform_remote_state.net", "outputs.vpc-id", None)
    ]


def test_what_stands_in_brackets_is_referred_to_as_well() -> None:
    assert found("${aws_subnet.a[local.zones[var.n]].id}") == [
        ("var.n", "", None),
        ("local.zones", "*", None),
        ("aws_subnet.a", "id", "*"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('${join(",", [aws_a.b.c, "aws_not.a.reference"])}', [("aws_a.b", "c", None)]),
        ('${replace(aws_a.b.c, "}", "${aws_d.e.f}")}', [("aws_a.b", "c", None), ("aws_d.e", "f", None)]),
        ('${jsonencode({"Resource" = "${aws_a.b.arn}/*"})}', [("aws_a.b", "arn", None)]),
        ("${provider::aws::arn_parse(aws_a.b.arn)}", [("aws_a.b", "arn", None)]),
        ("${tolist(aws_cert.c.options).0.name}", [("aws_cert.c", "options", None)]),
        ("${var.on ? aws_a.b.c : null}", [("var.on", "", None), ("aws_a.b", "c", None)]),
        ("${1.5 * aws_a.b.size}", [("aws_a.b", "size", None)]),
        ('{"a": "${join(\\",\\", aws_x.y.z)}"}', [("aws_x.y", "z", None)]),
    ],
)
def test_functions_and_operators_are_looked_into_and_literals_are_not(text: str, expected: object) -> None:
    assert found(text) == expected


def test_directives_refer_to_things_too() -> None:
    assert found("%{ if aws_a.b.on }x%{ endif }") == [("aws_a.b", "on", None)]


def test_the_variable_of_a_loop_is_nothing_that_exists() -> None:
    assert found("${[for s in aws_subnet.a : s.id if s.public]}") == [("aws_subnet.a", "", None)]
    assert found("${{for k, v in aws_a.b : k => v.arn}}") == [("aws_a.b", "", None)]


@pytest.mark.parametrize("text", ["each.value.id", "count.index", "self.arn", "path.module", "terraform.workspace"])
def test_what_terraform_provides_itself_is_no_object(text: str) -> None:
    assert found(f"${{{text}}}") == []


@pytest.mark.parametrize("text", ["$${aws_a.b.c}", "%%{ if aws_a.b.c }", "aws_a.b.c", "$ {aws_a.b.c}", ""])
def test_an_escape_and_plain_text_refer_to_nothing(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    ["${", "${aws_a.b", '${"', '${aws_a.b.c"', "${aws_a.b[", "${aws_a.b[0", "%{", "}}${{{", '${"${"${"', "${a.b}}"],
)
def test_what_is_not_closed_is_read_as_far_as_it_goes(text: str) -> None:
    assert single(text) is None
    assert whole(text) is None
    assert all(isinstance(reference, Reference) for reference in references(text))


@pytest.mark.parametrize(
    "text",
    ['${"' * 5000, "${" * 5000, "${a[" + "a[" * 5000, "{" * 5000, '${a.b["' * 3000],
    ids=["strings", "templates", "indexes", "braces", "keys"],
)
def test_a_bomb_of_brackets_is_survived(text: str) -> None:
    assert single(text) is None
    references(text)


@pytest.mark.parametrize(
    ("text", "is_single"),
    [
        ("${aws_a.b.c}", True),
        ("${ aws_a.b.c }", True),
        ("${aws_a.b[aws_d.e.f].c}", True),
        ("x${aws_a.b.c}", False),
        ("${aws_a.b.c}${aws_a.b.c}", False),
        ("${upper(aws_a.b.c)}", False),
        ('${"aws_a.b.c"}', False),
        ("${each.value.id}", False),
        ("${each.value[local.x]}", False),
    ],
)
def test_a_single_reference_is_nothing_else_beside(text: str, is_single: bool) -> None:
    assert (single(text) is not None) is is_single
    if is_single:
        assert single(text) in references(text)


def test_the_extent_of_an_expression_ignores_brackets_in_strings() -> None:
    text = 'a${f("}", {x = "${g("{")}"})}b%{if c}d'
    assert [text[start:end] for start, end in expressions(text)] == ['f("}", {x = "${g("{")}"})', "if c"]
