"""``voltherm probe``: is a service healthy; what a container asks, which has no other program for it."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from voltherm.domain.errors import VolthermError

PATIENCE_S: Final = 3.0
"""How long a service may take to answer, from the look-up of its name on."""
OK: Final = 200


class ProbeError(VolthermError):
    """An address that cannot be asked."""


def probe(
    url: Annotated[str, typer.Argument(metavar="URL", help="Such as http://127.0.0.1:8001/health.")],
    ready: Annotated[bool, typer.Option("--ready", help="Ask URL/ready: can the service do its work?")] = False,
) -> None:
    """Ask a service how it is: exit code 0 for an answer of 200 within 3 s, else 1 and the reason."""
    from threading import Thread

    found = ["no answer within 3 s"]

    def ask() -> None:
        found[0] = problem_at(f"{url.rstrip('/')}/ready" if ready else url)

    _require_http(url)
    asking = Thread(target=ask, daemon=True)  # a look-up of a name, or an answer that drips in, knows no time-out
    asking.start()
    asking.join(PATIENCE_S)
    if found[0]:
        typer.echo(f"{url}: {found[0]}", err=True)
        raise typer.Exit(code=1)


def problem_at(url: str) -> str:
    """Return what is wrong with the answer of ``url``, empty when it is 200. Redirects and proxies are not followed."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return "" if status == OK else f"answers {status}"


def _require_http(url: str) -> None:
    """Refuse what is no address of a service.

    Raises
    ------
    ProbeError
        When it is none.
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        is_http = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_http = False
    if not is_http or not url.isascii() or not url.isprintable() or " " in url:
        raise ProbeError(f"URL: {url!r} is no http or https address; write it as http://127.0.0.1:8001/health")
