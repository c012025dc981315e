"""Failures of a statement, in the words of Athena."""


class QueryError(Exception):
    """A statement failed. `code` is Trino's error name; `str(error)` is Athena's StateChangeReason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code


def not_supported(what: str) -> QueryError:
    """Return the failure for what Trino has and this engine has not: loud, and by its name."""
    return QueryError("NOT_SUPPORTED", f"{what} is not supported by the local Athena")


class QueryCancelled(Exception):  # noqa: N818 - not a failure: the user stopped the query
    """The query was stopped by StopQueryExecution."""


class CutOff(QueryCancelled):
    """The query would have scanned more than its work group allows; `limit` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__("Bytes scanned limit was exceeded")
        self.limit = limit


class RequestError(Exception):
    """A call that Athena refuses, with the code of its error."""

    def __init__(self, message: str, code: str = "InvalidRequestException") -> None:
        super().__init__(message)
        self.code = code
