"""What must hold after every fault: read from the device's own truth, and held against the audit in the database.

The simulated battery (`voltherm validator`) writes down what it was told and what it did; the service writes down what
it sends before it sends it. The functions here take both and fail with the commands that contradict them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import httpx2

from voltherm.adapters.store.database import Database
from voltherm.application.outlook import column_of
from voltherm.domain.assets import Battery
from voltherm.domain.device import CommandStage, DeviceCommand
from voltherm.ports.store import CommandEvent

EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
ENDS = frozenset({"replaced", "expired", "released", "suspended", "restarted"})
ANSWERS = {CommandStage.ACKNOWLEDGED: "accepted", CommandStage.REFUSED: "refused"}
SOC_SLACK = 1e-3
"""What rounding and the standing loss of a battery at rest may take beyond its band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the battery's truth log, as `GET /api/log` tells it."""

    number: int
    at: datetime
    event: str
    device_id: str
    verdict: str | None
    command_id: str
    epoch: int | None
    sequence: int | None
    power_kw: float | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Site and battery at an instant as the meter has them; without the power where an interval has just begun."""

    at: datetime
    grid_kw: float | None
    soc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The commands of a site with their events, oldest first, and what is wrong with the chain of hashes."""

    commands: tuple[tuple[DeviceCommand, tuple[CommandEvent, ...]], ...]
    problems: tuple[str, ...]

    @property
    def by_id(self) -> dict[str, DeviceCommand]:
        """The commands by their id."""
        return {command.id: command for command, _ in self.commands}

    def stages(self, command_id: str) -> list[CommandStage]:
        """What became of a command, in order."""
        return [event.stage for command, events in self.commands if command.id == command_id for event in events]


def truth_log(validator_url: str) -> list[Entry]:
    """Return everything that the battery has written down, oldest first."""
    entries: list[Entry] = []
    names = Entry.__dataclass_fields__
    with httpx2.Client(base_url=validator_url, trust_env=False, timeout=30) as http:
        while True:
            last = entries[-1].number if entries else 0
            told = http.get("/api/log", params={"after": str(last)}).raise_for_status().json()
            if not told["entries"]:
                return entries
            for raw in told["entries"]:
                at = datetime.fromisoformat(raw["at"])
                entries.append(Entry(**{**{name: raw[name] for name in names}, "at": at}))


def metered(validator_url: str, battery_id: str) -> list[Seen]:
    """Return all metering intervals that are over."""
    with httpx2.Client(base_url=validator_url, trust_env=False, timeout=30) as http:
        told = http.get("/api/meter/intervals").raise_for_status().json()
    return [
        Seen(at=datetime.fromisoformat(raw["start"]), grid_kw=raw["grid_kw"], soc=raw["soc"][battery_id])
        for raw in told["intervals"]
    ]


async def audit_in(database_url: str, site_id: str) -> Audit:
    """Return the audit of a site as it stands in the database."""
    database = Database.at(database_url, column_of=column_of, timeout_s=30)
    try:
        commands = await database.commands.commands(site_id, *EVER)
        return Audit(commands=commands, problems=await database.commands.verify(site_id))
    finally:
        await database.close()


def audit_of(database_url: str, site_id: str) -> Audit:
    """Return the same; works inside and outside of event loops."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(audit_in(database_url, site_id))).result()


# -- The invariants ---------------------------------------------------------------------------------------------------


def assert_all(
    entries: Sequence[Entry],
    audit: Audit,
    later: Sequence[Entry] | None = None,
    *,
    battery: Battery,
    seen: Iterable[Seen] = (),
    import_kw: float,
) -> None:
    """Assert every invariant.

    Parameters
    ----------
    entries : sequence of Entry
        The battery's truth log.
    audit : Audit
        What the service wrote down, read after the last entry.
    later : sequence of Entry, optional
        The truth log read once more after the audit, where the service went on; by default the first.
    battery : Battery
        Its band.
    seen : iterable of Seen
        What the meter had: means of metering intervals, and of running ones that are no longer young.
    import_kw : float
        Contract power and the guard's bound. [kW]
    """
    seen = tuple(seen)
    assert_one_holder_at_a_time(entries)
    assert_nothing_runs_after_its_end(entries, audit)
    assert_audit_tells_all(entries, audit, later)
    assert_soc_is_kept(seen, battery)
    assert_import_is_kept(seen, import_kw)


def assert_one_holder_at_a_time(entries: Iterable[Entry]) -> None:
    """Epoch and sequence of what the battery followed only grow, and no command came twice.

    Two holders of one epoch would count from one both; two of different epochs at a time would come in turns.
    """
    received = [entry for entry in entries if entry.event == "received"]
    accepted = [(entry.epoch or 0, entry.sequence or 0) for entry in received if entry.verdict == "accepted"]
    backwards = [(before, after) for before, after in pairwise(accepted) if after <= before]
    assert not backwards, f"(epoch, sequence) did not grow: {backwards}"
    twice = [entry for entry in received if entry.verdict == "repeated"]
    assert not twice, f"came twice: {twice}"


def assert_nothing_runs_after_its_end(entries: Iterable[Entry], audit: Audit) -> None:
    """No command began when it had expired, and none was followed beyond its end, by the battery's clock."""
    commands = audit.by_id
    for entry in entries:
        if entry.event == "started":
            assert entry.at < commands[entry.command_id].valid_until, f"began after its end: {entry}"
        elif entry.event in ENDS and entry.command_id:
            assert entry.at <= commands[entry.command_id].valid_until, f"was followed beyond its end: {entry}"


def assert_audit_tells_all(entries: Sequence[Entry], audit: Audit, later: Sequence[Entry] | None = None) -> None:
    """What the battery received stands in the audit as it was received, with the battery's own answer or none.

    Whatever was received before the audit was read must be in it; what the audit says of a command is held against
    the truth of later.
    """
    assert not audit.problems, audit.problems
    commands = audit.by_id
    assert len(commands) == len(audit.commands), "a command stands twice in the audit"
    first = [entry for entry in entries if entry.event == "received" and entry.command_id]
    unknown = [entry for entry in first if entry.command_id not in commands]
    assert not unknown, f"{len(unknown)} commands are not in the audit: {unknown[:5]}"
    later = entries if later is None else later
    received = {entry.command_id: entry for entry in later if entry.event == "received" and entry.command_id}
    n_unread = sum(entry.verdict == "malformed" for entry in later)  # refused before their id was read
    for command, events in audit.commands:
        entry = received.get(command.id)
        if entry is not None:
            told = (entry.epoch, entry.sequence, entry.power_kw)
            assert told == (command.epoch, command.sequence, command.power_kw), (entry, command)
        said = [ANSWERS[event.stage] for event in events if event.stage in ANSWERS]
        assert len(said) <= 1, f"was answered twice: {command.id}: {events}"
        if said and entry is not None:
            assert entry.verdict == said[0], f"the audit says {said[0]}: {entry}"
        elif said:
            assert said == ["refused"], f"was answered but never received: {command.id}"
            n_unread -= 1
    assert n_unread >= 0, "more commands were refused than came"


def assert_fate_is_known(audit: Audit, *, before: datetime) -> None:
    """Every command issued before an instant has come to an answer, a failure, or is known as orphaned."""
    silent = [command.id for command, events in audit.commands if not events and command.issued_at < before]
    assert not silent, f"nothing became of {silent}"


def assert_soc_is_kept(seen: Iterable[Seen], battery: Battery) -> None:
    """The battery stays within its band."""
    low, high = battery.soc_floor - SOC_SLACK, battery.soc_max + SOC_SLACK
    outside = [each for each in seen if not low <= each.soc <= high]
    assert not outside, f"SOC outside {battery.soc_floor} to {battery.soc_max}: {outside[:5]}"


def assert_import_is_kept(seen: Iterable[Seen], import_kw: float) -> None:
    """The meter never shows more than contract power and the guard's bound."""
    beyond = [each for each in seen if each.grid_kw is not None and each.grid_kw > import_kw]
    assert not beyond, f"beyond {import_kw} kW: {beyond[:5]}"


def followed_at(entries: Iterable[Entry], audit: Audit, moment: datetime) -> DeviceCommand | None:
    """Return the command that the battery follows at an instant; None while it rests."""
    followed: DeviceCommand | None = None
    for entry in entries:
        if entry.at > moment:
            break
        if entry.event == "started":
            followed = audit.by_id[entry.command_id]
        elif entry.event in ENDS or entry.event == "reverted":
            followed = None
    return None if followed is None or followed.valid_until <= moment else followed
