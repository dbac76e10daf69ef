"""The one error of this package that is meant for a person."""


class EmbeddedError(Exception):
    """The embedded AWS cannot be installed, started or stopped; the message says what to do."""
