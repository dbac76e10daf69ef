"""SES: identities of a domain, and who may send from them."""

import pytest
from botocore.exceptions import ClientError

from tests.unit.embedded.clouds import EAST, WEST, Cloud, closes, unique
from tests.unit.embedded.test_iam_actions_gaps import under_a_role


def domain() -> str:
    return f"{unique('mail')}.tap.example"


@closes("keys_of_each_region")
def test_each_region_has_keys_of_its_own_and_tells_their_length(cloud: Cloud) -> None:
    name, found = domain(), []
    for region in (EAST, WEST):
        ses = cloud.client("sesv2", region)
        ses.create_email_identity(EmailIdentity=name, DkimSigningAttributes={"NextSigningKeyLength": "RSA_2048_BIT"})
        found.append(ses.get_email_identity(EmailIdentity=name)["DkimAttributes"])
    east, west = ({*each["Tokens"]} for each in found)
    assert len(east) == len(west) == 3
    assert not east & west
    assert {each["NextSigningKeyLength"] for each in found} == {"RSA_2048_BIT"}


def send(ses: object, sender: str) -> None:
    ses.send_email(  # type: ignore[attr-defined]
        FromEmailAddress=sender,
        Destination={"ToAddresses": ["customer@tap.example"]},
        Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    )


@closes("sender_is_judged")
def test_a_role_that_may_send_from_one_identity_may_send_from_no_other(cloud: Cloud) -> None:
    own, other = domain(), domain()
    for name in (own, other):
        cloud.client("sesv2").create_email_identity(EmailIdentity=name)
    arn = f"arn:aws:ses:{EAST}:000000000000:identity/{own}"
    condition = {"StringEquals": {"ses:FromAddress": f"payments@{own}"}}
    ses = under_a_role(cloud, "sesv2", "ses:SendEmail", on=arn, when=condition)
    send(ses, f"payments@{own}")
    for refused in (f"somebody@{own}", f"payments@{other}"):
        with pytest.raises(ClientError, match="AccessDenied"):
            send(ses, refused)
