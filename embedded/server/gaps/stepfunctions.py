"""Step Functions: tracing."""

from typing import Any

from embedded.server.patching import Answer, Service, around, gap

_TRACING = "tracingConfiguration"


@gap("services.stepfunctions", "_create_state_machine", "_update_state_machine", "_state_machines")
def tracing(stepfunctions: Service) -> None:
    """The tracing configuration is dropped, so that Terraform would set it again and again."""

    def keeping(data: dict[str, Any], answer: Answer, arn: str | None) -> Answer:
        machine = stepfunctions._state_machines.get(arn)
        if answer[0] == 200 and machine is not None and _TRACING in data:
            machine[_TRACING] = data[_TRACING]
        return answer

    @around(stepfunctions, "_create_state_machine")
    def create(original: Any, data: dict[str, Any]) -> Answer:
        answer: Answer = original(data)
        made = [arn for arn, machine in stepfunctions._state_machines.items() if machine["name"] == data.get("name")]
        return keeping(data, answer, made[0] if made else None)

    @around(stepfunctions, "_update_state_machine")
    def update(original: Any, data: dict[str, Any]) -> Answer:
        return keeping(data, original(data), data.get("stateMachineArn"))
