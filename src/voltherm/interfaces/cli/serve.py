"""``voltherm serve``: the HTTP service, and the sites that it controls."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; by default SERVICE_HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port; by default SERVICE_PORT.")] = None,
) -> None:
    """Serve plans over HTTP and control the sites of the settings; / tells where to look."""
    from voltherm.interfaces.api.start import start
    from voltherm.settings import load_settings

    start(load_settings(), host, port)
