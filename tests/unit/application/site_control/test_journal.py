"""The journal: what the database does not take now waits, what it will never take holds up nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from voltherm.application.site_control.journal import Journal
from voltherm.domain.device import CommandKind, CommandSource, CommandStage, DeviceCommand
from voltherm.ports.errors import Malformed, Unavailable
from voltherm.ports.store import CommandEvent

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)


def command(sequence: int, *, epoch: int = 1, device: str = "bess", at: datetime = NOW) -> DeviceCommand:
    return DeviceCommand(
        id=f"site/{device}/{epoch}/{sequence}",
        site_id="site",
        device_id=device,
        epoch=epoch,
        sequence=sequence,
        kind=CommandKind.SETPOINT,
        power_kw=5.0,
        planned_kw=None,
        issued_at=at,
        valid_until=at + timedelta(seconds=60),
        source=CommandSource.PLAN,
        reason="idle",
    )


def answer(of: str) -> CommandEvent:
    return CommandEvent(command_id=of, at=NOW, stage=CommandStage.ACKNOWLEDGED)


class Log:
    """An audit that knows its commands, in memory; it may be away, or refuse a command."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[DeviceCommand, list[CommandEvent]]] = {}
        self.is_away = False
        self.never = ""

    async def append(self, site_id, rows):
        if self.is_away:
            raise Unavailable("away")
        known = {**self.rows}
        for row in rows:
            if isinstance(row, DeviceCommand):
                if row.id == self.never:
                    raise Malformed("never")
                known.setdefault(row.id, (row, []))
            elif row.command_id not in known:
                raise Malformed(f"{row.command_id} is not kept")
        self.rows = known
        for row in rows:
            if isinstance(row, CommandEvent):
                self.rows[row.command_id][1].append(row)

    async def commands(self, site_id, since, until):
        return tuple((each, tuple(events)) for each, events in self.rows.values() if since <= each.issued_at < until)

    def stages(self, command_id: str) -> list[CommandStage]:
        return [event.stage for event in self.rows[command_id][1]]


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def journal(log):
    return Journal("site", log)


async def test_what_waited_while_the_database_was_away_is_written_in_order(journal, log):
    log.is_away = True
    await journal.intend(command(1))
    journal.note(answer(command(1).id))
    await journal.intend(command(2))
    assert (journal.n_waiting, journal.trouble) == (3, "away")

    log.is_away = False
    await journal.flush()

    assert (journal.n_waiting, journal.trouble) == (0, "")
    assert list(log.rows) == [command(1).id, command(2).id]
    assert log.stages(command(1).id) == [CommandStage.ACKNOWLEDGED]


async def test_a_command_that_a_restored_database_has_lost_is_written_again_before_its_answer(journal, log):
    await journal.intend(command(1))
    log.rows.clear()
    journal.note(answer(command(1).id))
    await journal.intend(command(2))

    assert log.stages(command(1).id) == [CommandStage.ACKNOWLEDGED]
    assert (journal.n_waiting, journal.refused) == (0, "")


async def test_a_row_that_the_database_does_not_take_holds_up_nothing_is_told_and_kept(journal, log):
    log.never = command(1).id
    await journal.intend(command(1))
    journal.note(answer(command(1).id))
    await journal.intend(command(2))

    assert list(log.rows) == [command(2).id]
    assert (journal.n_waiting, journal.trouble, journal.refused) == (2, "", "never")

    log.never = ""
    await journal.flush()

    assert log.stages(command(1).id) == [CommandStage.ACKNOWLEDGED]
    assert (journal.n_waiting, journal.refused) == (0, "")


async def test_only_unanswered_commands_of_earlier_epochs_and_this_device_are_orphans(journal, log):
    mine, answered, present, other = command(1), command(2), command(1, epoch=2), command(1, device="second")
    for each in (mine, answered, present, other):
        await journal.intend(each)
    journal.note(answer(answered.id))
    await journal.flush()

    assert await journal.recover("bess", 2, NOW + timedelta(seconds=30)) == 1
    assert log.stages(mine.id) == [CommandStage.ORPHANED]
    assert log.stages(answered.id) == [CommandStage.ACKNOWLEDGED]
    assert log.stages(present.id) == log.stages(other.id) == []


@pytest.mark.parametrize("pause", [timedelta(minutes=1), timedelta(days=9)])
async def test_orphans_are_found_after_a_pause_of_any_length(journal, log, pause):
    await journal.intend(command(1, at=NOW - pause))

    assert await journal.recover("bess", 2, NOW) == 1
    assert log.stages(command(1).id) == [CommandStage.ORPHANED]
