"""Configuration from the environment; the stacks set it, and every function reads only its own variables."""

import os


class ConfigurationError(RuntimeError):
    """A variable of the environment is missing or unusable; the message names it."""


def required(name: str) -> str:
    """Return the variable's value. Raises ConfigurationError when it is missing or empty."""
    value = os.environ.get(name, "")
    if not value:
        raise ConfigurationError(f"the environment variable {name} is not set; the function's stack sets it")
    return value


def required_port(name: str) -> int:
    """Return a TCP port. Raises ConfigurationError."""
    value = required(name)
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise ConfigurationError(f"the environment variable {name} is not a TCP port (1-65535)")
    return int(value)


def seconds(name: str) -> float:
    """Return a duration in seconds, 0 or more. Raises ConfigurationError."""
    value = required(name)
    try:
        duration = float(value)
    except ValueError:
        duration = -1.0
    if not 0 <= duration <= 3600:
        raise ConfigurationError(f"the environment variable {name} is not a number of seconds from 0 to 3600")
    return duration


def region() -> str:
    """Return the region that the function runs in; the Lambda runtime sets it. Raises ConfigurationError."""
    return required("AWS_REGION")
