"""``GET /redoc``: the reference to read; its script asks for a logo on another host unless it is told not to."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_redoc_html

LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
NO_LOGO = b"data:,"
SCRIPT = "/redoc.js"
OWN_SOURCES = "default-src 'self' 'unsafe-inline' data: blob:"
"""Makes the browser itself refuse any other host, whatever a later version of the script asks for."""


def redoc_router(title: str, openapi_url: str, favicon_url: str) -> APIRouter:
    """Return the page and its script.

    Parameters
    ----------
    title : str
        Of the page.
    openapi_url, favicon_url : str
        Paths of the service.
    """
    router = APIRouter(include_in_schema=False)
    page = get_redoc_html(
        openapi_url=openapi_url,
        title=title,
        redoc_js_url=SCRIPT,
        with_google_fonts=False,
        redoc_favicon_url=favicon_url,
    )

    @router.get("/redoc")
    async def redoc() -> Response:
        return Response(page.body, media_type="text/html", headers={"Content-Security-Policy": OWN_SOURCES})

    @router.get(SCRIPT)
    async def script() -> Response:
        return Response(_script(), media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})

    return router


@cache
def _script() -> bytes:
    return files("fastapi_offline").joinpath("static", "redoc.standalone.js").read_bytes().replace(LOGO, NO_LOGO)
