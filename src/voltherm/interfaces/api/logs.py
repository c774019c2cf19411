"""Logs of the service: readable on a terminal, one JSON object a line elsewhere, and never a body or a secret."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, Literal, TextIO

import structlog
from starlette.types import Scope
from structlog.typing import EventDict, Processor

from voltherm.interfaces.api.redaction import forget_values, redact, redact_values

__all__ = ["LogFormat", "Logs", "configure_logs", "forget_values", "log_request", "redact_values"]

POLLED = ("/api/mpc/current_dispatch", "/api/mpc/status", "/api/battery/soc", "/api/battery/dispatch", "/api/meter")
QUIET_PATHS = frozenset({"/health", "/health/ready", "/metrics", *POLLED})
"""Asked every few seconds by whatever watches the service; logged at DEBUG."""
QUIET_LOGGERS: Final = ("alembic", "asyncio", "httpcore2", "httpx2", "purgatory", "sqlalchemy", "uvicorn")
"""They tell of each call, and below INFO of headers too; their warnings are enough."""

LOG_FILE: Final = "voltherm.log"
LARGEST_FILE_BYTES: Final = 10_000_000
OLD_FILES: Final = 10

LogFormat = Literal["auto", "console", "json"]

_log = structlog.get_logger(__name__)


class _Console(logging.StreamHandler[TextIO]):
    """Standard error; what it does not take is counted."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.n_dropped = 0

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - as logging calls it
        """Count a line that could not be written."""
        self.n_dropped += 1


class _File(RotatingFileHandler):
    """A file of limited size and its predecessors; a full or missing disk costs lines and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.n_dropped = 0
        super().__init__(
            folder / LOG_FILE, maxBytes=LARGEST_FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8", delay=True
        )

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - as logging calls it
        """Count a line that could not be written; the stream is opened anew for the next one."""
        self.n_dropped += 1
        stream, self.stream = self.stream, None
        _close(stream)


def _close(stream: TextIO | None) -> None:
    with suppress(OSError):  # what was buffered had no room: it is among the dropped lines
        if stream is not None:
            stream.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """Where the logs go.

    Parameters
    ----------
    console : _Console
        Standard error.
    file : _File or None
        The rotating file.
    """

    console: _Console
    file: _File | None

    @property
    def n_dropped(self) -> int:
        """Lines that could not be written since the start."""
        return self.console.n_dropped + (self.file.n_dropped if self.file else 0)


def configure_logs(level: str = "INFO", log_dir: Path | None = None, log_format: LogFormat = "auto") -> Logs:
    """Write the logs of the service and of its server to standard error, and into a file where a folder is given.

    Parameters
    ----------
    level : str
        ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
    log_dir : Path or None
        Folder of ``voltherm.log``, JSON lines, ten files of 10 MB before it; made when it is not there.
    log_format : {"auto", "console", "json"}
        Form on standard error; ``auto`` writes for reading where that is a terminal.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    readable = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    console, file = _Console(), None if log_dir is None else _File(log_dir)
    console.setFormatter(_formatter(shared, _for_readers() if readable else [structlog.processors.JSONRenderer()]))
    handlers: list[logging.Handler] = [console]
    if file is not None:
        file.setFormatter(_formatter(shared, [structlog.processors.JSONRenderer()]))
        handlers.append(file)
    logging.basicConfig(handlers=handlers, level=level, force=True)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    return Logs(console=console, file=file)


def _formatter(shared: list[Processor], last: list[Processor]) -> logging.Formatter:
    """Return a formatter that writes tracebacks without local variables, hides secrets, and ends with ``last``."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            *last,
        ],
    )


def _for_readers() -> list[Processor]:
    colours = sys.stderr.isatty()
    plain = structlog.dev.plain_traceback
    return [_on_one_line, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]


def _on_one_line(_logger: object, _method: str, entry: EventDict) -> EventDict:
    """Return the entry without what would begin a new line or move the cursor; tracebacks keep their lines."""
    return {key: _printable(value) if key not in {"exception", "stack"} else value for key, value in entry.items()}


def _printable(value: object) -> object:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in value)


def log_request(scope: Scope, status: int, elapsed_s: float) -> None:
    """Log method, path, status and time of a request."""
    log = _log.debug if scope["path"] in QUIET_PATHS else _log.info
    log("request", method=scope["method"], path=scope["path"], status=status, elapsed_ms=round(1e3 * elapsed_s, 1))
