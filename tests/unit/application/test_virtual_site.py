"""The simulated site: what an independent integration says, what no reader changes, and what never goes back."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sites import ROOF, battery, site_of
from tests.virtual_sites import START, TARIFF, one_battery_site, recorded, setpoint, virtual_site
from voltherm.application.virtual_battery import BatteryConditions
from voltherm.application.virtual_log import LogEvent
from voltherm.application.virtual_meter import KEPT_DAYS
from voltherm.application.virtual_profile import VirtualProfile
from voltherm.application.virtual_site import VirtualSite
from voltherm.domain.device import CommandKind, DeviceMode
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import local_day

MINUTE = timedelta(minutes=1)
REAL = {
    "charge_efficiency": 0.93,
    "discharge_efficiency": 0.91,
    "standing_loss_per_h": 0.002,
    "standby_kw": 0.7,
    "ramp_limit_kw_per_min": 40.0,
    "charge_taper_soc": 0.85,
    "discharge_taper_soc": 0.15,
}


def soc_of(virtual, moment):
    virtual.advance(moment)
    return virtual.look().soc["bess"]


def powers(virtual):
    return [metered.power_kw[1] for metered in virtual.meter.intervals]


def second_by_second(battery, orders, soc, seconds):
    """Integrate by Euler's rule with steps of a second: an oracle that shares no code with the simulation."""
    stored, power, charged = soc * battery.capacity_kwh, 0.0, 0.0
    for second in range(seconds):
        target = next((kw for begin, end, kw in reversed(orders) if begin <= second < end), 0.0)
        target = max(-battery.discharge_limit_kw, min(battery.charge_limit_kw, target))
        reach = battery.ramp_limit_kw_per_min / 60
        power += max(-reach, min(reach, target - power))
        now = stored / battery.capacity_kwh
        up = battery.charge_limit_kw * min(1.0, (1 - now) / (1 - battery.charge_taper_soc))
        down = battery.discharge_limit_kw * min(1.0, now / battery.discharge_taper_soc)
        power = max(-down, min(up, power))
        stored *= (1 - battery.standing_loss_per_h) ** (1 / 3600)
        gain = power * battery.charge_efficiency if power > 0 else power / battery.discharge_efficiency
        stored += gain / 3600
        charged += power / 3600
    return stored / battery.capacity_kwh, charged


orders = st.lists(
    st.tuples(st.integers(0, 7000), st.integers(1, 5000), st.floats(-80, 80)), min_size=1, max_size=5
).map(lambda found: sorted((begin, begin + length, kw) for begin, length, kw in found))


@settings(max_examples=40)
@given(orders, st.floats(0.05, 0.95))
def test_an_integration_second_by_second_agrees(given_orders, soc):
    site = one_battery_site(**REAL)
    virtual = virtual_site(site, soc=soc)
    for begin, end, kw in given_orders:
        virtual.advance(START + timedelta(seconds=begin))
        virtual.receive("bess", setpoint(kw, virtual.now, seconds=end - begin))
    virtual.advance(START + timedelta(hours=3))
    last = virtual.look()

    # A newer command takes the place of the older one for good.
    cut = [(b, min(e, nxt[0]), kw) for (b, e, kw), nxt in pairwise([*given_orders, (10**9, 0, 0)])]
    expected_soc, expected_kwh = second_by_second(site.batteries[0], cut, soc, 3 * 3600)

    assert last.soc["bess"] == pytest.approx(expected_soc, abs=4e-3)
    assert last.totals.charged_kwh - last.totals.discharged_kwh == pytest.approx(expected_kwh, abs=0.5)
    assert abs(last.totals.imbalance_kwh(virtual.stored_more_kwh(last))) < 1e-6


def test_a_whole_hour_of_charging_is_exact():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START)
    virtual.receive("bess", setpoint(20.0, START, seconds=3600))

    assert soc_of(virtual, START + timedelta(hours=2)) == pytest.approx(0.5 + 20 * 0.9 / 100, abs=1e-12)
    assert powers(virtual) == pytest.approx([20.0] * 4 + [0.0] * 4, abs=1e-9)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 3600), max_size=30))
def test_who_reads_and_how_often_changes_nothing(reads):
    site = one_battery_site(ROOF, **REAL)
    watched, left_alone = (virtual_site(site, soc=0.8) for _ in range(2))
    for virtual in (watched, left_alone):
        virtual.advance(START)
        virtual.receive("bess", setpoint(50.0, START, seconds=3000))
    for seconds in sorted(reads):
        watched.advance(START + timedelta(seconds=seconds))
        watched.look()
    for virtual in (watched, left_alone):
        virtual.advance(START + timedelta(hours=2))

    assert watched.look() == left_alone.look()
    assert list(watched.meter.intervals) == list(left_alone.meter.intervals)


def test_interval_means_are_energy_by_duration_also_where_a_command_begins_and_ends_within():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START + 3 * MINUTE)
    virtual.receive("bess", setpoint(-30.0, virtual.now, seconds=5 * 60))
    virtual.advance(START + 20 * MINUTE)

    first = virtual.meter.intervals[0]

    assert first.grid_kw == pytest.approx(40 - 30 * 5 / 15)
    assert first.without_kw == 40
    assert first.power_kw == pytest.approx((40.0, -10.0))


def test_the_running_mean_counts_up_to_now():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START + 3 * MINUTE)
    virtual.receive("bess", setpoint(-30.0, virtual.now))
    virtual.advance(START + 3.5 * MINUTE)

    assert virtual.look().running.grid_kw == pytest.approx(40 - 30 * 0.5 / 3.5)


def test_a_clock_that_goes_back_moves_nothing():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START + timedelta(hours=1))
    before = virtual.look()

    virtual.advance(START)

    assert virtual.look() == before


def test_auxiliaries_draw_all_the_time_and_stand_in_the_meter_alone():
    virtual = virtual_site(one_battery_site(standby_kw=2.0))
    virtual.advance(START + timedelta(hours=1))
    view = virtual.look()

    assert view.flows.grid_kw == 42
    assert view.power_kw == {"load": 40.0, "bess": 0.0}
    assert view.totals.standby_kwh == pytest.approx(2.0)
    assert virtual.meter.intervals[0].without_kw == 40


def test_sun_that_nobody_takes_is_left_on_the_roof_and_counted():
    site = one_battery_site(ROOF)
    virtual = virtual_site(site, recorded(load_kw=10, pv_kw=60))
    virtual.advance(START)
    virtual.receive("bess", setpoint(20.0, START, seconds=900))
    virtual.advance(START + timedelta(minutes=30))
    view, (with_charge, at_rest) = virtual.look(), virtual.meter.intervals

    assert with_charge.grid_kw == pytest.approx(0)
    assert (with_charge.curtailed_kw, at_rest.curtailed_kw) == pytest.approx((30, 50))
    assert view.totals.pv_used_kwh == pytest.approx(30 / 4 + 10 / 4)
    assert abs(view.totals.imbalance_kwh(virtual.stored_more_kwh(view))) < 1e-9


@pytest.mark.pitfall("M2")
def test_a_battery_is_never_charged_and_discharged_in_the_same_instant():
    virtual = virtual_site(one_battery_site(ramp_limit_kw_per_min=50.0))
    virtual.advance(START)
    virtual.receive("bess", setpoint(50.0, START, seconds=120))
    virtual.advance(START + 2 * MINUTE)
    virtual.receive("bess", setpoint(-50.0, virtual.now, seconds=120))
    virtual.advance(START + 10 * MINUTE)
    totals = virtual.look().totals

    # Trapezoids: up a minute, a minute flat; down through zero in two; flat to the end; up a minute.
    assert totals.charged_kwh == pytest.approx(50 * (0.5 + 1 + 0.5) / 60)
    assert totals.discharged_kwh == pytest.approx(50 * (0.5 + 0.5) / 60)
    assert totals.conversion_loss_kwh == pytest.approx(totals.charged_kwh * 0.1 + totals.discharged_kwh * (1 / 0.9 - 1))


def test_a_ramp_of_a_minute_carries_half_of_a_minutes_energy():
    virtual = virtual_site(one_battery_site(ramp_limit_kw_per_min=50.0))
    virtual.advance(START)
    virtual.receive("bess", setpoint(50.0, START, seconds=600))
    virtual.advance(START + MINUTE / 2)
    half_way = virtual.look()
    virtual.advance(START + MINUTE)

    assert half_way.power_kw["bess"] == pytest.approx(25)
    assert half_way.totals.charged_kwh == pytest.approx(25 / 2 / 120)
    assert virtual.look().totals.charged_kwh == pytest.approx(50 / 2 / 60)


def test_a_full_battery_takes_no_more_and_an_empty_one_gives_no_more():
    virtual = virtual_site(one_battery_site(), soc=0.99)
    virtual.advance(START)
    virtual.receive("bess", setpoint(50.0, START, seconds=1800))

    assert soc_of(virtual, START + timedelta(minutes=20)) == 1
    assert virtual.look().power_kw["bess"] == 0
    virtual.receive("bess", setpoint(-50.0, virtual.now, seconds=4 * 3600))
    assert soc_of(virtual, START + timedelta(hours=4)) == pytest.approx(0, abs=1e-12)
    assert virtual.look().power_kw["bess"] == pytest.approx(0, abs=1e-9)


@pytest.mark.pitfall("M14")
def test_silence_ends_every_command_and_the_log_tells_when():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START)
    virtual.receive("bess", setpoint(-30.0, START, id="last"))
    virtual.advance(START + timedelta(hours=6))

    told = [(entry.event, entry.at - START, entry.power_kw) for entry in virtual.log.entries()]

    assert told == [
        (LogEvent.RECEIVED, timedelta(0), -30.0),
        (LogEvent.STARTED, timedelta(0), -30.0),
        (LogEvent.EXPIRED, MINUTE, pytest.approx(-30.0)),
        (LogEvent.REVERTED, MINUTE, 0.0),
    ]
    assert virtual.look().totals.discharged_kwh == pytest.approx(30 / 60)


@pytest.mark.fault(4)
def test_limits_of_the_bms_hold_at_once_and_are_taken_back():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START)
    virtual.receive("bess", setpoint(50.0, START, seconds=3600))
    virtual.advance(START + 5 * MINUTE)
    virtual.change("bess", BatteryConditions(charge_limit_kw=10.0))

    assert virtual.look().power_kw["bess"] == 10
    assert virtual.devices["bess"].told_kw == 10
    virtual.change("bess", BatteryConditions())
    assert virtual.look().power_kw["bess"] == 50


@pytest.mark.fault(4)
@pytest.mark.parametrize("mode", [DeviceMode.LOCAL, DeviceMode.STANDBY, DeviceMode.FAULT])
def test_a_battery_that_is_not_ready_rests_refuses_setpoints_and_does_not_resume(mode):
    virtual = virtual_site(one_battery_site())
    virtual.advance(START)
    virtual.receive("bess", setpoint(50.0, START, seconds=3600))
    virtual.change("bess", BatteryConditions(mode=mode))
    answer, _ = virtual.receive("bess", setpoint(20.0, START))

    assert not answer.is_accepted
    assert f"mode is {mode.value}" in answer.detail
    virtual.change("bess", BatteryConditions())
    assert virtual.look().power_kw["bess"] == 0
    assert LogEvent.SUSPENDED in [entry.event for entry in virtual.log.entries()]


@pytest.mark.fault(5)
def test_a_battery_that_lies_accepts_and_rests():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START)
    virtual.change("bess", BatteryConditions(is_lying=True))
    answer, _ = virtual.receive("bess", setpoint(50.0, START))
    view = virtual.look()

    assert answer.is_accepted
    assert virtual.devices["bess"].told_kw == 50
    assert (view.power_kw["bess"], view.flows.grid_kw) == (0, 40)


def test_a_release_ends_the_command_at_once():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START)
    virtual.receive("bess", setpoint(50.0, START, seconds=600, epoch=1, sequence=1))
    release = setpoint(0.0, START, kind=CommandKind.RELEASE, epoch=1, sequence=2)

    assert virtual.receive("bess", release)[0].is_accepted
    assert virtual.look().power_kw["bess"] == 0
    assert [entry.event for entry in virtual.log.latest(2)] == [LogEvent.REVERTED, LogEvent.RELEASED]


@pytest.mark.fault(17)
@pytest.mark.parametrize(("day", "quarters"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-06-01", 96)])
def test_a_day_has_as_many_intervals_as_quarter_hours(day, quarters):
    zone = ZoneInfo("Europe/Helsinki")
    site = replace(one_battery_site(), zone=zone)
    span = local_day(datetime.fromisoformat(day).date(), zone)
    profile = VirtualProfile(recorded(), zone, site)
    virtual = VirtualSite(site, profile, span.start, 0.5)
    virtual.advance(span.end)

    starts = [metered.start for metered in virtual.meter.intervals]

    assert len(starts) == quarters
    assert starts == [span.start + n * timedelta(minutes=15) for n in range(quarters)]


def test_the_interval_in_which_it_begins_is_whole():
    virtual = virtual_site(one_battery_site(), start=START + timedelta(minutes=7, seconds=12))
    virtual.advance(START + timedelta(minutes=15))

    assert virtual.meter.intervals[0].start == START
    assert virtual.meter.intervals[0].grid_kw == pytest.approx(40)


def test_a_later_run_goes_on_from_where_it_was_seen_and_rests():
    site = one_battery_site(**REAL)
    first = virtual_site(site)
    first.advance(START)
    first.receive("bess", setpoint(-30.0, START, seconds=3600, epoch=4, sequence=9))
    first.advance(START + timedelta(minutes=20, seconds=7))
    seen = first.look()

    second = virtual_site(site, soc=0.1)
    second.resume(first.snapshot(), list(first.meter.intervals), first.log.entries())

    assert second.look().soc["bess"] == pytest.approx(seen.soc["bess"], abs=1e-12)
    assert second.look().power_kw["bess"] == 0
    assert second.devices["bess"].command is None
    assert (second.devices["bess"].gate.highest_epoch, second.devices["bess"].gate.last_sequence) == (4, 9)
    assert [entry.event for entry in second.log.latest(2)] == [LogEvent.REVERTED, LogEvent.RESTARTED]
    second.advance(START + timedelta(hours=2))
    starts = [metered.start for metered in second.meter.intervals]
    assert starts == [START + n * timedelta(minutes=15) for n in range(8)]
    last = second.look()
    assert abs(last.totals.imbalance_kwh(second.stored_more_kwh(last))) < 1e-6


def test_the_state_of_another_site_is_refused():
    snapshot = virtual_site(one_battery_site()).snapshot()
    other = virtual_site(site_of(TARIFF, battery("other")))

    with pytest.raises(InvalidInputError, match="name another file"):
        other.resume(snapshot, [], [])


def test_a_state_of_charge_in_percent_is_refused():
    with pytest.raises(InvalidInputError, match="a fraction, not percent"):
        virtual_site(one_battery_site(), soc=50)


def test_several_batteries_follow_their_own_commands():
    site = site_of(TARIFF, battery("east"), battery("west"))
    virtual = virtual_site(site)
    virtual.advance(START)
    virtual.receive("east", setpoint(10.0, START, seconds=900))
    virtual.receive("west", setpoint(-20.0, START, seconds=900))
    virtual.advance(START + timedelta(minutes=15))

    assert virtual.meter.intervals[0].power_kw == pytest.approx((40.0, 10.0, -20.0))
    assert virtual.meter.intervals[0].grid_kw == pytest.approx(30)


def test_what_is_older_than_400_days_is_forgotten(monkeypatch):
    monkeypatch.setattr("voltherm.application.virtual_meter.KEPT_DAYS", 4)
    virtual = virtual_site(one_battery_site(standing_loss_per_h=0.001))
    virtual.advance(START + timedelta(days=5))

    assert len(virtual.meter.intervals) == 4 * 96
    assert virtual.meter.intervals[0].start == START + timedelta(days=1)
    assert KEPT_DAYS == 400


@pytest.mark.fault(18)
def test_a_clock_that_goes_ahead_by_years_ends_the_command_and_leaves_a_gap_that_is_told():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START)
    virtual.receive("bess", setpoint(30.0, START, seconds=60))
    later = START + timedelta(days=4000, minutes=7)
    virtual.advance(later)

    assert virtual.look().soc["bess"] == pytest.approx(0.5 + 30 * 0.9 / 60 / 100)
    assert virtual.look().running.start == START + timedelta(days=4000)
    assert [entry.event for entry in virtual.log.latest(3)] == [LogEvent.SKIPPED, LogEvent.REVERTED, LogEvent.EXPIRED]
    virtual.advance(later + timedelta(minutes=15))
    assert [metered.start for metered in virtual.meter.intervals] == [START + timedelta(days=4000)]
    assert abs(virtual.look().totals.imbalance_kwh(virtual.stored_more_kwh(virtual.look()))) < 1e-6
