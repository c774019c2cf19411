"""The service as a process."""

from __future__ import annotations

import structlog
import uvicorn
from fastapi import FastAPI

from voltherm.interfaces.api.app import create_app
from voltherm.interfaces.api.logs import configure_logs

_log = structlog.get_logger(__name__)


def run(host: str, port: int, app: FastAPI | None = None) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    host, port
        Where to listen.
    app : FastAPI, optional
        What to serve; by default the service as it is.
    """
    configure_logs()
    _log.info("listening", url=f"http://{host}:{port}")
    uvicorn.run(
        create_app() if app is None else app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
    )
