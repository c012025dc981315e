"""The error tree, by who must act.

A known error is one sentence that says where and what, plus the next step (`hint`). Anything else
that reaches the top level is a bug: the error boundary in `cli/main.py` says so.
"""


class EngageError(Exception):
    """Base of every error that we expect. `message` is one sentence; `hint` is the next step."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UserError(EngageError):
    """The user must act: fix an argument, a file or a setting. Exit code 2."""

    exit_code = 2


class CloudError(EngageError):
    """The cloud or the data must act: a failed stack, a failed run, a refused call. Exit code 1."""

    exit_code = 1
