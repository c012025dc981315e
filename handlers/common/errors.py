"""Errors of the handlers. Step Functions sees the class name as `errorType`, so the names are an interface.

`DataError`, `InputError`, `ConfigError` and `QueryError` mean that trying again cannot help;
only `TransientError` (and AWS's own service errors) is worth a retry.
"""


class HandlerError(Exception):
    """Base: `message` says where and what, `hint` the next step. Both reach the run's failure cause."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{message} Next: {hint}" if hint else message)
        self.message = message
        self.hint = hint


class DataError(HandlerError):
    """The data cannot be used as it is: a failed check, too little history, an empty table."""


class InputError(HandlerError):
    """The run's input or a request is wrong: the caller must change it."""


class ConfigError(HandlerError):
    """The function is deployed wrongly: an environment variable is missing or malformed."""


class QueryError(HandlerError):
    """Athena refused or failed a query and says that trying again will not help."""

    def __init__(self, message: str, *, query_id: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.query_id = query_id


class TransientError(HandlerError):
    """AWS had a passing problem (throttling, an exhausted engine): retry with backoff."""
