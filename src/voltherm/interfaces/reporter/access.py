"""Who may ask: everybody, or whoever carries the token."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from voltherm.interfaces.api.access import carries_token
from voltherm.interfaces.api.problems import problem_response

GUARDED: Final = "/api/"
"""Paths that begin so want the token."""
_DETAIL = "Send the reporter's token as 'Authorization: Bearer ...'; its operator has set it as REPORTER_TOKEN."


class WantsToken:
    """Middleware that turns requests without the token away.

    Parameters
    ----------
    app : ASGIApp
        What is guarded.
    token : SecretStr
        What they must carry.
    """

    def __init__(self, app: ASGIApp, token: SecretStr) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, or 401."""
        is_guarded = scope["type"] == "http" and scope["path"].startswith(GUARDED)
        if is_guarded and not carries_token(Headers(scope=scope), self._token):
            refused = problem_response(
                HTTPStatus.UNAUTHORIZED, "unauthorized", _DETAIL, headers={"WWW-Authenticate": "Bearer"}
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)
