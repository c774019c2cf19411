"""Sending a command: written down first, under the lease, once, with its answer."""

import pytest

from tests.unit.application.site_control.site_bench import SiteBench
from voltherm.application.site_control.dispatch import Wanted
from voltherm.domain.device import CommandKind, CommandSource, CommandStage

WANTED = Wanted(power_kw=-10.0, source=CommandSource.PLAN, reason="shave_peak")


@pytest.fixture
async def site():
    bench = SiteBench()
    await bench.renew()
    return bench


@pytest.mark.pitfall("M14")
async def test_a_command_has_an_id_an_end_and_a_number_and_is_written_down_before_it_is_sent(site):
    sent = await site.parts[0].dispatcher.send(WANTED)

    (command,) = site.heard()
    assert sent.command == command
    assert (command.id, command.epoch, command.sequence) == ("site/a/1/1", 1, 1)
    assert command.valid_until > command.issued_at
    assert site.stores.commands_written == [command]
    assert sent.answer.is_accepted


@pytest.mark.pitfall("M14")
async def test_a_command_that_failed_is_noted_as_failed_and_not_claimed_as_accepted(site):
    site.batteries["a"].faults.is_silent = True

    sent = await site.parts[0].dispatcher.send(WANTED)
    await site.journal.flush()

    assert sent.answer is None
    assert sent.detail
    assert site.stores.rows[-1].stage is CommandStage.FAILED


async def test_a_refusal_is_an_answer_and_nothing_is_followed(site):
    part = site.parts[0]
    site.batteries["a"].mode = "local"

    sent = await part.dispatcher.send(WANTED)

    assert not sent.answer.is_accepted
    assert not part.dispatcher.is_followed(site.clock.now())
    assert part.dispatcher.followed_kw(site.clock.now()) == 0


async def test_a_command_whose_answer_is_lost_counts_as_followed_until_its_end(site):
    part = site.parts[0]
    site.batteries["a"].faults.loses_answers = True

    await part.dispatcher.send(WANTED)

    assert part.dispatcher.followed_kw(site.clock.now()) == WANTED.power_kw
    site.clock.pass_s(61)
    assert part.dispatcher.followed_kw(site.clock.now()) == 0


@pytest.mark.pitfall("M23")
async def test_nothing_is_sent_when_the_lease_is_lost_while_the_command_is_written_down(site):
    part = site.parts[0]
    written = site.journal.intend

    async def slowly(command):
        site.clock.pass_s(20)
        await written(command)

    site.journal.intend = slowly

    assert await part.dispatcher.send(WANTED) is None
    await site.journal.flush()
    assert site.heard() == []
    assert site.stores.rows[-1].stage is CommandStage.FAILED
    assert "lease" in site.stores.rows[-1].detail


async def test_without_a_lease_not_even_a_row_is_written(site):
    site.clock.pass_s(60)

    assert await site.parts[0].dispatcher.send(WANTED) is None
    assert site.stores.rows == []


async def test_commands_go_on_for_as_long_as_the_lease_holds_while_the_database_is_away(site):
    site.stores.is_away = True

    sent = await site.parts[0].dispatcher.send(WANTED)

    assert sent.answer.is_accepted
    assert site.journal.n_waiting == 2
    site.stores.is_away = False
    await site.journal.flush()
    assert [type(row).__name__ for row in site.stores.rows] == ["DeviceCommand", "CommandEvent"]


async def test_a_release_ends_what_is_followed(site):
    part = site.parts[0]
    await part.dispatcher.send(WANTED)

    await part.dispatcher.send(Wanted(kind=CommandKind.RELEASE, source=CommandSource.GUARD, reason="release"))

    assert not part.dispatcher.is_followed(site.clock.now())
    assert site.batteries["a"].power_kw == 0
