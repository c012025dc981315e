"""A refused call, in the form in which each service answers."""

import uuid
from xml.sax.saxutils import escape

Response = tuple[int, dict[str, str], bytes]


class Refused(Exception):  # noqa: N818 - raised where AWS refuses; it is an answer, not a fault
    """A call that AWS rejects: the error code, the message, and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def answer(refused: Refused, protocol: str) -> Response:
    """The error document of a protocol: json, rest-json, query or rest-xml."""
    if protocol in ("json", "rest-json"):
        from ministack.core.responses import error_response_json

        found: Response = error_response_json(refused.code, refused.message, refused.status)
        return found
    code, message, request = escape(refused.code), escape(refused.message), str(uuid.uuid4())
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if protocol == "rest-xml":
        text = f"<Error>{error}<RequestId>{request}</RequestId></Error>"
    else:
        sender = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>"
        text = f"{sender}<RequestId>{request}</RequestId></ErrorResponse>"
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
    return refused.status, {"Content-Type": "application/xml"}, document.encode()
