"""The validator as a process."""

from __future__ import annotations

import structlog
import uvicorn
from fastapi import FastAPI

from voltherm.interfaces.api.listening import require_free_port
from voltherm.interfaces.api.logs import configure_logs

_log = structlog.get_logger(__name__)


def run(app: FastAPI, host: str, port: int) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    app : FastAPI
        The validator.
    host, port
        Where to listen.

    Raises
    ------
    InvalidInputError
        When the place is taken.
    """
    configure_logs()
    require_free_port(host, port)
    _log.info("listening", url=f"http://{host}:{port}")
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)
