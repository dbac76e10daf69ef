"""A parameter that repeats what the control item says, for whoever cannot read the item."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from domain.log import logger


class Mirror:
    """One parameter of this region."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def hold(self, value: str) -> bool:
        """Write ``value`` if it is not there yet; whether it is there now.

        A mirror that cannot be written stops nobody: what decides is the item, and the next run tries again.
        """
        try:
            if self._client.get_parameter(Name=self._name)["Parameter"]["Value"] != value:
                self._client.put_parameter(Name=self._name, Value=value, Overwrite=True)
        except (ClientError, BotoCoreError) as error:
            logger.error("the mirror of the active region cannot be kept", parameter=self._name, reason=str(error))
            return False
        return True
