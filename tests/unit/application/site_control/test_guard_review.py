"""The guard where readings are old, batteries unlike each other, and answers missing."""

from datetime import timedelta

import pytest

from tests.sites import battery, site_of
from tests.tariffs import demand, energy, tariff_of
from tests.unit.application.site_control.guard_bench import Bench
from voltherm.application.site_memory import observed
from voltherm.domain.control import Measured, Rung
from voltherm.domain.device import CommandKind, DeviceMode
from voltherm.domain.time import Interval

QUARTER = timedelta(minutes=15)
TARIFF = tariff_of(energy(1.0), demand(10.0))


def bench_of(*batteries, reached_kw: float = 100.0, **limits) -> Bench:
    """Return a guard without a plan, on the local rule, whose month has reached a peak."""
    bench = Bench(site_of(TARIFF, *(batteries or (battery(soc_min=0.1, soc_max=0.9),)), **limits))
    now = bench.clock.now()
    metered = Measured(interval=Interval(now - QUARTER, now), grid_kw=reached_kw)
    bench.state.memory = observed(bench.state.site, bench.state.memory, metered, timedelta(days=56))
    return bench


async def test_the_bench_holds_the_peak_that_is_reached():
    bench = bench_of()
    bench.meter.grid_kw = 120.0

    await bench.look()

    assert bench.state.standing.rung is Rung.LOCAL_RULE
    assert bench.bess["bess"].told_kw == [pytest.approx(-20.0, abs=0.5)]


@pytest.mark.pitfall("M13")
async def test_a_new_interval_does_not_pay_for_the_one_before_when_the_meter_is_missed_once():
    bench = bench_of()
    bench.meter.grid_kw, bench.meter.mean_kw = 60.0, 101.0
    await bench.look(89)  # ten seconds before the quarter-hour ends
    bench.meter.is_silent = True

    await bench.look()

    assert bench.clock.now().minute == 15
    assert bench.bess["bess"].told_kw[-1] == 0.0


@pytest.mark.pitfall("M10")
async def test_a_plan_counts_what_has_flowed_in_its_own_interval_and_only_while_the_meter_is_read():
    bench = bench_of()
    bench.meter.mean_kw = 400.0
    await bench.look()
    state, clock = bench.state, bench.clock
    assert state.running_so_far(clock.now(), clock.monotonic_s()).mean_kw == 400.0

    bench.meter.is_silent = True
    await bench.look(4)
    assert state.running_so_far(clock.now(), clock.monotonic_s()) is None

    bench.meter.is_silent = False
    await bench.look(6 * 14)
    assert state.running_so_far(clock.now() + QUARTER, clock.monotonic_s()) is None


@pytest.mark.pitfall("M13")
async def test_a_meter_that_repeats_its_last_answer_is_not_read():
    bench = bench_of()
    bench.meter.grid_kw = 110.0
    await bench.look()
    bench.meter.is_frozen = True

    for _ in range(12):  # what the battery gives never shows at a meter that stands
        bench.bess["bess"].power_kw = bench.bess["bess"].told_kw[-1]
        await bench.look()

    assert bench.state.standing.rung is Rung.NO_SETPOINT
    assert "meter_stale" in bench.state.alarms.raised
    assert bench.bess["bess"].told[-1].kind is CommandKind.RELEASE


@pytest.mark.pitfall("M13")
async def test_what_a_silent_battery_did_last_is_not_what_it_does_now():
    bench = bench_of(battery("a"), battery("b"))
    bench.meter.grid_kw, bench.bess["a"].power_kw = 80.0, -40.0
    await bench.look()
    bench.bess["a"].is_silent = True

    await bench.look(12)

    assert "a" in bench.state.refusals
    assert bench.bess["b"].told_kw[-1] == 0.0


async def test_a_battery_that_may_not_be_commanded_takes_no_share_of_the_peak():
    bench = bench_of(battery("a"), battery("b"))
    bench.bess["a"].mode = DeviceMode.LOCAL
    bench.meter.grid_kw = 120.0

    await bench.look()

    assert bench.bess["b"].told_kw == [pytest.approx(-20.0, abs=0.5)]


async def test_a_battery_that_may_not_be_commanded_takes_no_share_of_the_surplus():
    bench = bench_of(battery("a", soc_max=0.9), battery("b", soc_max=0.9))
    bench.bess["a"].mode = DeviceMode.LOCAL
    bench.meter.grid_kw = -30.0

    await bench.look()

    assert bench.bess["b"].told_kw == [pytest.approx(30.0)]


async def test_what_one_battery_must_not_give_now_the_next_one_gives():
    bench = bench_of(battery("a"), battery("b"))
    bench.bess["a"].discharge_limit_kw = 5.0
    bench.meter.grid_kw = 120.0

    await bench.look()

    assert bench.bess["a"].told_kw == [-5.0]
    assert bench.bess["b"].told_kw == [pytest.approx(-15.0, abs=0.5)]


async def test_what_one_battery_must_not_take_now_the_next_one_takes():
    bench = bench_of(battery("a", soc_max=0.9), battery("b", soc_max=0.9))
    bench.bess["a"].charge_limit_kw = 5.0
    bench.meter.grid_kw = -30.0

    await bench.look()

    assert bench.bess["a"].told_kw == [5.0]
    assert bench.bess["b"].told_kw == [pytest.approx(25.0)]
