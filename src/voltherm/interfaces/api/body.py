"""The body of a request: JSON only, counted while it arrives."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from fastapi import Request
from starlette.requests import ClientDisconnect

from voltherm.interfaces.api.problems import Refusal

LONGEST_READ_S = 30.0
"""A body that takes longer to arrive is given up."""


async def read_json_body(request: Request, largest: int) -> bytes:
    """Return the body of a JSON request of at most ``largest`` bytes.

    Raises
    ------
    Refusal
        For another media type (415), a body too large (413), or one that does not arrive in time (408).
    """
    _require_json(request)
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > largest:
        raise _too_large(largest)
    content = bytearray()
    try:
        async with asyncio.timeout(LONGEST_READ_S):
            async for chunk in request.stream():
                content += chunk
                if len(content) > largest:
                    raise _too_large(largest)
    except TimeoutError:
        detail = f"The body did not arrive within {LONGEST_READ_S:g} s."
        raise Refusal(HTTPStatus.REQUEST_TIMEOUT, "too-slow", detail, headers=_CLOSE) from None
    except ClientDisconnect:
        raise Refusal(HTTPStatus.BAD_REQUEST, "incomplete", "The body ended early.") from None
    return bytes(content)


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        detail = "Send JSON with the header 'Content-Type: application/json'."
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        detail = "Send the body as it is, without compression."
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)


def _too_large(largest: int) -> Refusal:
    detail = f"The body is larger than {largest:,} bytes; send less at once."
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail, headers=_CLOSE)


_CLOSE = {"Connection": "close"}
