"""State machines."""

import json

from tests.unit.embedded.clouds import Cloud, closes, unique

DEFINITION = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}}]}
)


def role(cloud: Cloud) -> str:
    """A role for a state machine."""
    made = cloud.client("iam").create_role(RoleName=unique("states"), AssumeRolePolicyDocument=TRUST)
    return str(made["Role"]["Arn"])


@closes("tracing")
class TestTracing:
    def test_is_kept_from_the_creation_on(self, cloud: Cloud) -> None:
        states = cloud.client("stepfunctions")
        arn = states.create_state_machine(
            name=unique("traced"), definition=DEFINITION, roleArn=role(cloud), tracingConfiguration={"enabled": True}
        )["stateMachineArn"]
        assert states.describe_state_machine(stateMachineArn=arn)["tracingConfiguration"] == {"enabled": True}

    def test_is_changed_by_an_update(self, cloud: Cloud) -> None:
        states = cloud.client("stepfunctions")
        arn = states.create_state_machine(name=unique("later"), definition=DEFINITION, roleArn=role(cloud))[
            "stateMachineArn"
        ]
        states.update_state_machine(stateMachineArn=arn, tracingConfiguration={"enabled": True})
        assert states.describe_state_machine(stateMachineArn=arn)["tracingConfiguration"] == {"enabled": True}
