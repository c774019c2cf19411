"""A CSV file of series that is read once, and again when it has changed."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from voltherm.adapters.documents.series_csv import MeasurementFile, SeriesFileError, read_measurements
from voltherm.ports.errors import Malformed, Unavailable

MOST_FINDINGS_LOGGED: Final = 5

_log = structlog.get_logger(__name__)


class WatchedCsv:
    """Somebody puts tomorrow's values into a file while the service runs.

    Parameters
    ----------
    path : Path
        The file, with self-describing columns.
    zone : ZoneInfo
        Of a column ``time_local``.
    """

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self.path: Final = path
        self._zone = zone
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int], MeasurementFile] | None = None

    async def content(self) -> MeasurementFile:
        """Return what the file holds now.

        Raises
        ------
        OutsideError
            ``Unavailable`` where it is not there, ``Malformed`` where nothing sound can be made of it.
        """
        return await asyncio.to_thread(self.load)

    def load(self) -> MeasurementFile:
        """Return what the file holds now; for a thread, or for the start of the program.

        Raises
        ------
        OutsideError
            ``Unavailable`` where it is not there, ``Malformed`` where nothing sound can be made of it.
        """
        with self._lock:
            try:
                found = self.path.stat()
            except OSError as error:
                message = f"{self.path}: {(error.strerror or 'cannot be read').lower()}; check the name and rights"
                raise Unavailable(message) from error
            signature = (found.st_mtime_ns, found.st_size)
            if self._read is None or self._read[0] != signature:
                self._read = signature, self._parsed()
            return self._read[1]

    def _parsed(self) -> MeasurementFile:
        try:
            file = read_measurements(self.path, self._zone)
        except SeriesFileError as error:
            raise Malformed(f"{self.path}: {error}") from error
        for finding in file.findings[:MOST_FINDINGS_LOGGED]:
            _log.warning("series_file", file=str(self.path), finding=str(finding), n_findings=len(file.findings))
        return file
