"""Lambda: settings of asynchronous invocation."""

import json
from typing import Any

from embedded.server.patching import Answer, Service, around, gap, text

_AGE = "MaximumEventAgeInSeconds"


@gap("services.lambda_svc", "_put_event_invoke_config", "_functions", "_event_invoke_config")
def unset_event_age(lambda_: Service) -> None:
    """A maximum event age that was not set is answered as 21,600 s; AWS answers without it."""

    @around(lambda_, "_put_event_invoke_config")
    def put(original: Any, name: str, qualifier: str | None, data: dict[str, Any]) -> Answer:
        status, headers, body = original(name, qualifier, data)
        if status != 200 or _AGE in data:
            return status, headers, body
        lambda_._event_invoke_config(lambda_._functions[name], qualifier).pop(_AGE, None)
        answer = json.loads(text(body))
        answer.pop(_AGE, None)
        return status, headers, json.dumps(answer).encode()
