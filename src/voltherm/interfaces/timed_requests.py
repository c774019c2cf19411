"""Middleware that times every answer and tells somebody."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Told = Callable[[Scope, int, float], None]
"""Told of a request, its status (500 where no answer was begun), and the time that it took [s]."""

NOT_ANSWERED = 500


class TimesRequests:
    """Middleware that times each answer.

    Parameters
    ----------
    app : ASGIApp
        What answers.
    told : Told
        Is told when the answer is out.
    """

    def __init__(self, app: ASGIApp, told: Told) -> None:
        self._app, self._told = app, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, and tell of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = NOT_ANSWERED
        began = perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._told(scope, status, perf_counter() - began)
