"""Why a request is refused: a status, and a body that says what happened and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping


class Refused(Exception):
    """A request is answered with an error.

    Args:
        status: The status of the answer.
        code: The stable name of the reason.
        message: What happened; a sentence that holds nothing of the body.
        hint: What to do.
        headers: Further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        hint: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """Return the answer, in the shape in which the command line tells errors."""
        told = {"code": self.code, "message": self.message, "hint": self.hint}
        return JSONResponse({"error": told}, status_code=self.status, headers=self.headers)
