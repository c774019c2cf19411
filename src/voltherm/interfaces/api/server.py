"""The service as a process."""

from __future__ import annotations

import structlog
import uvicorn
from fastapi import FastAPI

from voltherm.interfaces.api.app import create_app
from voltherm.interfaces.api.listening import require_free_port

_log = structlog.get_logger(__name__)


def run(host: str, port: int, app: FastAPI | None = None) -> None:
    """Serve until interrupted; the logs are set up by the caller.

    Parameters
    ----------
    host, port
        Where to listen.
    app : FastAPI, optional
        What to serve; by default the service as it is.

    Raises
    ------
    InvalidInputError
        When the place is taken.
    """
    require_free_port(host, port)
    _log.info("listening", url=f"http://{host}:{port}")
    uvicorn.run(
        create_app() if app is None else app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
    )
