"""The event source mapping that hands a queue's messages to a function, held on or off."""

from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

_ON: Final = ("Enabled", "Enabling")
_OFF: Final = ("Disabled", "Disabling")
# Only a mapping that Lambda is not busy with can be switched.
_SETTLED: Final = ("Enabled", "Disabled")
# https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
_BUSY: Final = ("ResourceInUseException", "ResourceConflictException")


@dataclass(frozen=True)
class Held:
    """What was found, whether that was wrong, and whether it was switched."""

    found: str
    differs: bool
    switched: bool


class Consumer:
    """One event source mapping of this region."""

    def __init__(self, client: Any, mapping: str) -> None:
        self._client, self._mapping = client, mapping

    def hold(self, *, on: bool) -> Held:
        """Switch it if it is not so already; what Lambda is still busy with is left to the next time.

        Raises what botocore raises.
        """
        found = str(self._client.get_event_source_mapping(UUID=self._mapping)["State"])
        differs = found not in (_ON if on else _OFF)
        return Held(found, differs, switched=differs and found in _SETTLED and self._switch(on))

    def _switch(self, on: bool) -> bool:
        try:
            self._client.update_event_source_mapping(UUID=self._mapping, Enabled=on)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _BUSY:
                raise
            return False
        return True
