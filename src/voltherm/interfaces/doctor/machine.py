"""The machine and what stands by it: clocks, database, folder of logs, port."""

from __future__ import annotations

import asyncio
import errno
import shutil
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, Protocol

from voltherm.interfaces.doctor.finding import Finding, fail, ok, warn
from voltherm.ports.clock import Clock
from voltherm.ports.store import LeaseStore

DATE_RESOLUTION_S: Final = 0.5
"""A Date header leaves out the fraction of its second."""
OFFSET_WARN_S: Final = 2.0
"""Metering intervals want clocks well within a second; a Date header cannot show less than this."""
OFFSET_FAIL_S: Final = 30.0
"""Half of a command's usual validity: such a device sees commands that have nearly expired, or never do."""
NAP_S: Final = 0.02
LEAST_FREE_BYTES: Final = 200_000_000
PROBE: Final = "doctor"


class ExaminesDatabase(Protocol):
    """A database that can be looked at."""

    @property
    def name(self) -> str:
        """Its address without the password."""
        ...

    @property
    def leases(self) -> LeaseStore:
        """Where leases are kept: writing one proves what the control needs."""
        ...

    async def revisions(self) -> tuple[str | None, str]:
        """Return the version of its tables, None without tables, and the one that this program needs."""
        ...

    async def now(self) -> datetime:
        """Return the time by its clock, in UTC."""
        ...


async def check_steady_clock(clock: Clock) -> tuple[Finding, ...]:
    """Return whether the clock that ages are counted by goes forward."""
    before_s, before = clock.monotonic_s(), clock.now()
    await asyncio.sleep(NAP_S)
    passed_s, passed = clock.monotonic_s() - before_s, clock.now() - before
    what = "clock"
    if passed_s <= 0:
        finding = f"the monotonic clock went {passed_s:g} s in {NAP_S:g} s"
        return (fail(what, finding, "unset VOLTHERM_CLOCK_FILE; else the machine's timer is broken: restart it"),)
    if abs(passed.total_seconds() - passed_s) > OFFSET_WARN_S:
        finding = "the wall clock was moved while it was looked at"
        return (warn(what, finding, "let one program alone set the time, slowly"),)
    return (ok(what, f"{before.isoformat(timespec='seconds')}, and the monotonic clock goes"),)


async def check_clock_of(
    what: str, date_of: Callable[[], Awaitable[datetime | None]], clock: Clock
) -> tuple[Finding, ...]:
    """Return how far another service's clock is from ours.

    Parameters
    ----------
    what : str
        How to name it.
    date_of : callable
        Returns the ``Date`` header of an answer; None without one.
    clock : Clock
        Ours.
    """
    before = clock.now()
    date = await date_of()
    after = clock.now()
    if date is None:
        return (warn(what, "sends no Date header", "compare its clock by hand"),)
    offset_s = (date - before - (after - before) / 2).total_seconds() + DATE_RESOLUTION_S
    return (_offset(what, offset_s, (after - before).total_seconds() / 2 + DATE_RESOLUTION_S),)


def _offset(what: str, offset_s: float, doubt_s: float) -> Finding:
    least_s = max(0.0, abs(offset_s) - doubt_s)
    said = f"its clock is {offset_s:+.1f} s from ours (±{doubt_s:.1f} s)"
    remedy = "set up time synchronisation on both machines"
    if least_s > OFFSET_FAIL_S:
        return fail(what, said, remedy)
    return warn(what, said, remedy) if least_s > OFFSET_WARN_S else ok(what, said)


async def check_database(database: ExaminesDatabase, clock: Clock) -> tuple[Finding, ...]:
    """Return whether the database answers, has our tables, takes a write, and tells our time."""
    what = "database"
    found_revision, wanted = await database.revisions()
    before = clock.now()
    offset_s = (await database.now() - before).total_seconds()
    found = [_offset(what, offset_s, (clock.now() - before).total_seconds())]
    if found_revision is None:
        finding = f"{database.name} answers and has no tables yet"
        return (warn(what, finding, "nothing to do: voltherm serve makes them at its start"), *found)
    if found_revision != wanted:
        finding = f"{database.name} has tables of version {found_revision}, this program those of {wanted}"
        remedy = "an older one is brought up to date at the start: keep a backup; a newer one needs a newer program"
        return (warn(what, finding, remedy), *found)
    lease = await database.leases.acquire(PROBE, PROBE, timedelta(seconds=1))
    if lease is not None:
        await database.leases.give_up(lease)
    return (ok(what, f"{database.name} answers, has tables of version {wanted} and takes writes"), *found)


def check_log_dir(folder: Path | None) -> tuple[Finding, ...]:
    """Return whether logs can be written."""
    what = "logs"
    if folder is None:
        return (ok(what, "to the console only"),)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            file.write(b"doctor")
            file.flush()
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        finding = f"{folder} cannot be written: {error.strerror}"
        return (fail(what, finding, "correct LOG_DIR or the rights of the folder; the service runs without a file"),)
    if free_bytes < LEAST_FREE_BYTES:
        finding = f"{folder} has {free_bytes / 1e6:.0f} MB left"
        return (warn(what, finding, "free space: logs take up to 110 MB, and the database may lie there too"),)
    return (ok(what, f"{folder} can be written, {free_bytes / 1e9:.1f} GB free"),)


def check_port(host: str, port: int) -> tuple[Finding, ...]:
    """Return whether the service could listen."""
    what = f"port {port}"
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            finding = f"is taken on {host}"
            return (
                warn(
                    what, finding, "nothing to do if that is the service; else stop what listens, or set SERVICE_PORT"
                ),
            )
        return (fail(what, f"cannot be used on {host}: {error.strerror}", "correct SERVICE_HOST or SERVICE_PORT"),)
    return (ok(what, f"is free on {host}"),)
