"""What a device may still follow when a renewal is refused, or a release not answered."""

import pytest

from tests.sites import battery, site_of
from tests.tariffs import demand, energy, tariff_of
from tests.unit.application.site_control.guard_bench import Bench
from voltherm.domain.device import CommandKind, DeviceMode

SITE = site_of(tariff_of(energy(1.0), demand(10.0)), battery(), import_limit_kw=100.0)


def bench_of() -> Bench:
    """Return a guard on the local rule, that holds 100 kW."""
    return Bench(SITE)


@pytest.mark.pitfall("M15")
async def test_a_release_that_nobody_answered_is_sent_again_while_the_setpoint_may_hold():
    bench = bench_of()
    bench.meter.grid_kw = 120.0
    await bench.look()
    bench.bess["bess"].mode = DeviceMode.LOCAL
    bench.bess["bess"].loses_answers = True

    await bench.look(2)
    bench.bess["bess"].loses_answers = False
    await bench.look(2)

    kinds = [command.kind for command in bench.bess["bess"].told]
    assert kinds == [CommandKind.SETPOINT, *[CommandKind.RELEASE] * 3]


@pytest.mark.pitfall("M14")
async def test_a_refused_renewal_does_not_end_the_setpoint_that_holds():
    bench = bench_of()
    bench.meter.grid_kw = 120.0
    await bench.look()
    bench.bess["bess"].refuses = True

    await bench.look()

    dispatcher = bench.parts[0].dispatcher
    assert dispatcher.is_followed(bench.clock.now())
    assert dispatcher.followed_kw(bench.clock.now()) == bench.bess["bess"].told_kw[0]
    await bench.look(6)
    assert not dispatcher.is_followed(bench.clock.now())


@pytest.mark.pitfall("M14")
async def test_a_battery_that_answers_nothing_has_taken_nothing():
    bench = bench_of()
    bench.bess["bess"].loses_answers = True

    await bench.look()

    dispatcher = bench.parts[0].dispatcher
    assert dispatcher.is_followed(bench.clock.now())
    assert not dispatcher.is_taken(bench.clock.now())
    bench.bess["bess"].loses_answers = False
    await bench.look()
    assert dispatcher.is_taken(bench.clock.now())
    await bench.look(6, every_s=0.0)
    bench.clock.pass_s(61)
    assert not dispatcher.is_taken(bench.clock.now())


async def test_a_release_that_was_refused_is_not_repeated():
    bench = bench_of()
    await bench.look()
    bench.bess["bess"].mode = DeviceMode.LOCAL
    bench.bess["bess"].refuses = True

    await bench.look(3)

    assert [command.kind for command in bench.bess["bess"].told] == [CommandKind.SETPOINT, CommandKind.RELEASE]
