"""Who may move a device: whoever carries the token; without one, whoever is on this machine."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pydantic import SecretStr
from starlette.requests import Request

from voltherm.interfaces.api.problems import Refusal

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
"""Names by which a program on this machine calls us; any other may be a foreign page's that points here."""

FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""A proxy on this machine adds one of these to what it forwards for somebody else."""


class Access:
    """Decides who may write.

    Parameters
    ----------
    token : SecretStr or None
        What a writing request carries as ``Authorization: Bearer``; None lets in whoever is on this machine.
    """

    def __init__(self, token: SecretStr | None) -> None:
        self._token = token

    def require_writer(self, request: Request) -> None:
        """Let the request pass.

        Raises
        ------
        Refusal
            401 without the right token; 403 from elsewhere, or from a foreign page, where none is set.
        """
        if self._token is not None:
            if not carries_token(request.headers, self._token):
                detail = "Send the service's token as Authorization: Bearer."
                headers = {"WWW-Authenticate": "Bearer"}
                raise Refusal(HTTPStatus.UNAUTHORIZED, "not-authenticated", detail, headers=headers)
            return
        if not _is_local(request):
            detail = "Writing is open to this machine only; set API_TOKEN and send it as Authorization: Bearer."
            raise Refusal(HTTPStatus.FORBIDDEN, "not-allowed", detail)


def carries_token(headers: Mapping[str, str], token: SecretStr) -> bool:
    """Return whether the headers carry the token as ``Authorization: Bearer``; takes as long whatever they carry."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    is_equal = secrets.compare_digest(given.strip().encode("latin-1", "replace"), token.get_secret_value().encode())
    return is_equal and scheme.lower() == "bearer"


def _is_local(request: Request) -> bool:
    """Whether a program on this machine asks, and no page of another host in a browser on it."""
    host = "" if request.client is None else request.client.host
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    named = request.headers.get("host", "").rsplit(":", 1)[0].lower()
    is_foreign_page = request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    is_forwarded = any(name in request.headers for name in FORWARDED)
    return is_loopback and named in LOCAL_NAMES and not is_foreign_page and not is_forwarded
