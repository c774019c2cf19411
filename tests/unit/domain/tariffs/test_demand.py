"""Demand charges: metering intervals, statistics, thresholds, earlier periods, later bills."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.tariffs import demand, tariff_of
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import DemandRecord, Ledger, advance
from voltherm.domain.tariffs import (
    Bucket,
    Demand,
    Direction,
    MeanLast,
    Metering,
    Per,
    PowerQuantity,
    Price,
    Ratchet,
    Ratchets,
    Statistic,
    Steps,
    Tariff,
    Unit,
    Usage,
    When,
)
from voltherm.domain.time import TimeGrid

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 1, 5, 10, tzinfo=UTC)  # a Monday
QUARTER = timedelta(minutes=15)


def usage(*import_kw: float, start: datetime = START, step: timedelta = QUARTER) -> Usage:
    grid = TimeGrid(start, step, len(import_kw))
    return Usage(grid=grid, import_kw=np.array(import_kw, dtype=float), export_kw=np.zeros(len(import_kw)))


def billed(tariff: Tariff, used: Usage, ledger: Ledger | None = None) -> float:
    (line,) = tariff.bill(used, ledger)[-1].lines
    assert line.quantity is not None
    return line.quantity


@pytest.mark.pitfall("M3")
def test_the_charge_is_rate_times_kw_once_a_period_whatever_the_step():
    tariff = tariff_of(demand(10.0))

    assert tariff.bill_above(usage(4.0, 8.0, 6.0)) == {"peak": 80.0}
    assert tariff.bill_above(usage(4.0, 8.0, step=timedelta(hours=1))) == {"peak": 80.0}


@pytest.mark.pitfall("M3")
def test_what_is_already_reached_is_not_paid_again():
    tariff = tariff_of(demand(10.0))
    ledger = advance(tariff, Ledger.empty(), usage(7.0))

    later = START + timedelta(days=3)
    assert tariff.bill_above(usage(5.0, 7.0, start=later), ledger) == {"peak": 0.0}
    assert tariff.bill_above(usage(5.0, 9.0, start=later), ledger) == {"peak": pytest.approx(20.0)}


@pytest.mark.pitfall("M4")
def test_each_window_has_its_own_peak_and_rate():
    tariff = tariff_of(
        demand(10.0, name="day", windows=(("10:00", "10:30"),)),
        demand(3.0, name="night", windows=(("10:30", "11:00"),)),
    )

    assert tariff.bill_above(usage(4.0, 6.0, 9.0, 2.0)) == {"day": 60.0, "night": 27.0}


@pytest.mark.pitfall("M4")
def test_the_bill_does_not_jump_when_the_plan_begins_in_another_window():
    tariff = tariff_of(
        demand(10.0, name="day", windows=(("10:00", "10:30"),)),
        demand(3.0, name="night", windows=(("10:30", "11:00"),)),
    )
    first = tariff.bill_above(usage(0.0, 6.0, 9.0, 2.0))
    second = tariff.bill_above(usage(6.0, 9.0, 2.0, start=START + QUARTER))

    assert first == second


@pytest.mark.pitfall("M5")
def test_the_peak_of_the_month_is_remembered_and_forgotten_at_its_end():
    tariff = tariff_of(demand(10.0))
    ledger = advance(tariff, Ledger.empty(), usage(7.0))
    ledger = advance(tariff, ledger, usage(2.0, start=START + timedelta(days=20)))

    same_month = tariff.bill_above(usage(6.0, start=START + timedelta(days=21)), ledger)
    next_month = tariff.bill_above(usage(6.0, start=datetime(2026, 2, 2, tzinfo=UTC)), ledger)

    assert (same_month["peak"], next_month["peak"]) == (0.0, 60.0)


@pytest.mark.parametrize(("minutes", "kw"), [(15, 9.0), (30, 7.5), (60, 6.5)])
def test_means_are_over_clock_aligned_intervals(minutes, kw):
    tariff = tariff_of(demand(1.0, interval_minutes=minutes))

    assert billed(tariff, usage(5.0, 6.0, 6.0, 9.0)) == pytest.approx(kw)


def test_a_step_longer_than_the_interval_has_constant_power():
    tariff = tariff_of(demand(1.0, windows=(("10:30", "10:45"),)))

    assert billed(tariff, usage(5.0, 8.0, step=timedelta(hours=1))) == 5.0


def test_an_interval_counts_by_its_start():
    tariff = tariff_of(demand(1.0, interval_minutes=60, windows=(("10:00", "10:15"),)))

    assert billed(tariff, usage(0.0, 0.0, 0.0, 8.0, 100.0)) == pytest.approx(2.0)


def test_an_interval_in_progress_is_finished_from_the_ledger():
    tariff = tariff_of(demand(1.0, interval_minutes=60))
    ledger = advance(tariff, Ledger.empty(), usage(8.0, 8.0))
    rest = usage(2.0, 2.0, start=START + 2 * QUARTER)

    layout = tariff.demand_rules[0].layout(rest.grid, UTC_ZONE, tariff.period_of(START), ledger)

    assert layout is not None
    assert layout.constant_kw.tolist() == [4.0]
    assert layout.weight.tolist() == [0.25, 0.25]
    assert billed(tariff, rest, ledger) == pytest.approx(5.0)


def test_without_a_ledger_the_mean_is_over_the_known_part():
    tariff = tariff_of(demand(1.0, interval_minutes=60))

    assert billed(tariff, usage(3.0, 5.0, start=START + 2 * QUARTER)) == pytest.approx(4.0)


def test_local_hours_of_zones_off_the_hour_are_aligned():
    kolkata = ZoneInfo("Asia/Kolkata")
    tariff = tariff_of(demand(1.0, interval_minutes=60), zone="Asia/Kolkata")
    start = datetime(2026, 1, 5, 10, tzinfo=kolkata)

    assert billed(tariff, usage(4.0, 4.0, 8.0, 8.0, 0.0, 0.0, 0.0, 0.0, start=start)) == pytest.approx(6.0)


def test_both_hours_of_the_clock_change_count_apart():
    start = datetime(2026, 10, 25, 0, tzinfo=UTC)  # 03:00 summer time in Helsinki, and 03:00 winter time an hour later
    tariff = tariff_of(demand(1.0, interval_minutes=60), zone="Europe/Helsinki")

    assert billed(tariff, usage(2.0, 9.0, start=start, step=timedelta(hours=1))) == 9.0


def rule(**fields: object) -> Demand:
    return Demand(**{"id": "peak", "price": Price(const=1.0)} | fields)


@pytest.mark.parametrize(
    ("statistic", "kw"),
    [
        (Statistic(), 9.0),
        (Statistic(top_k=3), 7.0),
        (Statistic(top_k=8), (9 + 7 + 5 + 3 + 1) / 8),
        (Statistic(rank=3), 5.0),
        (Statistic(rank=6), 0.0),
        (Statistic(skip_top=2), 5.0),
        (Statistic(skip_top=5), 0.0),
        (Statistic(skip_top=1, top_k=2), 6.0),
    ],
)
def test_the_statistic_of_the_buckets(statistic, kw):
    assert rule(statistic_rule=statistic).statistic([1.0, 9.0, 5.0, 3.0, 7.0]) == pytest.approx(kw)
    assert billed(tariff_of(rule(statistic_rule=statistic)), usage(1.0, 9.0, 5.0, 3.0, 7.0)) == pytest.approx(kw)


def test_only_the_highest_of_a_day_or_week_counts():
    two_weeks = [0.0] * (14 * 24)
    for day, hour, kw in ((0, 8, 9.0), (0, 9, 8.0), (1, 8, 6.0), (8, 8, 3.0)):
        two_weeks[24 * day + hour] = kw
    used = usage(*two_weeks, start=datetime(2026, 1, 5, tzinfo=UTC), step=timedelta(hours=1))
    top = Statistic(top_k=2)

    means = {
        bucket: billed(tariff_of(rule(statistic_rule=top, metering=Metering(interval_minutes=60, bucket=bucket))), used)
        for bucket in Bucket
    }

    assert means == {Bucket.NONE: 8.5, Bucket.DAY: 7.5, Bucket.WEEK: 6.0}


def test_a_rolling_horizon_keeps_the_weeks_of_earlier_months():
    weekly = rule(
        statistic_rule=Statistic(top_k=2, months=3), metering=Metering(interval_minutes=60, bucket=Bucket.WEEK)
    )
    tariff = tariff_of(weekly)
    ledger = Ledger.empty()
    for month, kw in ((1, 9.0), (2, 5.0), (3, 3.0)):
        ledger = advance(
            tariff, ledger, usage(kw, start=datetime(2026, month, 12, tzinfo=UTC), step=timedelta(hours=1))
        )

    april = usage(1.0, start=datetime(2026, 4, 13, tzinfo=UTC), step=timedelta(hours=1))

    assert ledger.reached_kw(weekly) == 7.0
    assert billed(tariff, april, ledger) == 4.0  # January has left the three months
    assert tariff.bill_above(april, ledger)["peak"] == 0.0


def test_weights_follow_the_start_of_the_interval_and_multiply():
    night = When(windows=((0, 360),))
    winter = When(months=frozenset({1}))
    metering = Metering(weights=((night, 0.5), (winter, 1.5)))

    assert billed(tariff_of(rule(metering=metering)), usage(8.0, start=datetime(2026, 1, 5, 3, tzinfo=UTC))) == 6.0
    assert billed(tariff_of(rule(metering=metering)), usage(8.0, start=datetime(2026, 2, 5, 9, tzinfo=UTC))) == 8.0


def test_the_mean_over_the_whole_window_of_a_day():
    evening = Metering(interval_minutes=None, when=When(windows=((600, 645),)), bucket=Bucket.DAY)
    tariff = tariff_of(rule(metering=evening))
    ledger = advance(tariff, Ledger.empty(), usage(3.0))

    assert billed(tariff, usage(3.0, 6.0, 9.0, 100.0)) == pytest.approx(6.0)
    assert billed(tariff, usage(6.0, 9.0, start=START + QUARTER), ledger) == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("fields", "statistic_kw", "kw"),
    [
        ({"threshold_kw": 8.0}, 7.0, 0.0),
        ({"threshold_kw": 8.0}, 9.5, 1.5),
        ({"floor_kw": 2.5}, 1.0, 2.5),
        ({"floor_kw": 2.5}, 4.0, 4.0),
        ({"threshold_kw": 8.0, "floor_kw": 1.0}, 8.5, 1.0),
    ],
)
def test_threshold_and_floor(fields, statistic_kw, kw):
    period = tariff_of().period_of(START)

    assert rule(**fields).billed_kw(statistic_kw, DemandRecord(), period, UTC_ZONE) == kw


PAST = tuple((date(2025, month, 1), float(month)) for month in range(1, 13))
JANUARY = tariff_of().period_of(START)


@pytest.mark.parametrize(
    ("over", "past", "statistic_kw", "kw"),
    [
        (MeanLast(periods=12, each_min_kw=2.5), (), 1.0, 2.5),
        (MeanLast(periods=3), PAST, 25.0, (11 + 12 + 25) / 3),
        (MeanLast(periods=12), PAST[-1:], 2.0, 7.0),
        (Ratchets(rules=(Ratchet(percent=0.5, months=11),)), PAST, 1.0, 6.0),
        (Ratchets(rules=(Ratchet(percent=0.5, months=11),)), PAST, 8.0, 8.0),
        (Ratchets(rules=(Ratchet(percent=0.95, months=11, only=frozenset({6, 7, 8, 9})),)), PAST, 1.0, 0.95 * 9),
        (Ratchets(rules=(Ratchet(percent=1.0, months=2),)), PAST[:6], 1.0, 1.0),
        (
            Ratchets(
                rules=(
                    Ratchet(percent=0.95, months=11, only=frozenset({6, 7, 8, 9})),
                    Ratchet(percent=0.6, months=11, only=frozenset({10, 11, 12, 1, 2, 3, 4, 5})),
                )
            ),
            PAST,
            1.0,
            0.95 * 9,
        ),
    ],
)
def test_earlier_periods(over, past, statistic_kw, kw):
    record = DemandRecord(past=past)

    assert rule(over_periods=over).billed_kw(statistic_kw, record, JANUARY, UTC_ZONE) == pytest.approx(kw)


def test_a_kw_more_costs_the_full_price_over_all_bills_of_a_mean():
    mean = rule(price=Price(const=60.0), per=Per.YEAR, over_periods=MeanLast(periods=12, each_min_kw=2.5))
    record = DemandRecord(past=PAST[1:])

    def cost(kw: float) -> float:
        now = mean.amount(mean.billed_kw(kw, record, JANUARY, UTC_ZONE), JANUARY, UTC_ZONE)
        return now + mean.later_bills(kw, record, JANUARY, UTC_ZONE)

    assert cost(5.0) - cost(4.0) == pytest.approx(60.0 / 12)
    assert cost(2.4) == cost(0.0)


@pytest.mark.parametrize(
    ("past", "later"),
    [
        ((), 11 * 0.8 * 10),  # nothing known: each later month is billed the ratchet
        (((date(2025, 12, 1), 10.0),), 0.0),  # every month is typically as high as that
        (((date(2025, 12, 1), 5.0),), 11 * (0.8 * 10 - 5.0)),
    ],
)
def test_a_ratchet_raises_later_bills_above_what_they_typically_are(past, later):
    ratchet = rule(over_periods=Ratchets(rules=(Ratchet(percent=0.8, months=11),)))

    assert ratchet.later_bills(10.0, DemandRecord(past=past), JANUARY, UTC_ZONE) == pytest.approx(later)


def test_a_month_that_the_ratchet_does_not_count_raises_no_later_bill():
    ratchet = rule(over_periods=Ratchets(rules=(Ratchet(percent=0.8, months=11, only=frozenset({7})),)))

    assert ratchet.later_bills(10.0, DemandRecord(), JANUARY, UTC_ZONE) == 0


@pytest.mark.parametrize(
    "over", [MeanLast(periods=12, each_min_kw=2.5), Ratchets(rules=(Ratchet(percent=0.8, months=11),))]
)
def test_between_breakpoints_the_cost_is_a_straight_line(over):
    component = rule(over_periods=over, threshold_kw=3.0, floor_kw=1.0)
    record = DemandRecord(past=PAST)
    points = [0.0, *component.breakpoints_kw(record, JANUARY, UTC_ZONE), 30.0]

    def cost(kw: float) -> float:
        now = component.amount(component.billed_kw(kw, record, JANUARY, UTC_ZONE), JANUARY, UTC_ZONE)
        return now + component.later_bills(kw, record, JANUARY, UTC_ZONE)

    for low, high in itertools.pairwise(points):
        assert cost((low + high) / 2) == pytest.approx((cost(low) + cost(high)) / 2)


def test_later_bills_are_a_line_of_their_own_and_taxed():
    from tests.tariffs import tax

    mean = rule(price=Price(const=12.0), over_periods=MeanLast(periods=12))
    tariff = tariff_of(mean, tax(0.25, on="peak"))

    lines = tariff.bill_above(usage(4.0))

    assert lines == pytest.approx({"peak": 48.0, "vat": 12.0, "peak (later bills)": 1.25 * 11 / 12 * 48.0})


def test_over_a_periods_end_each_period_pays_its_own_peak():
    tariff = tariff_of(demand(10.0))
    grid_start = datetime(2026, 1, 31, 23, 45, tzinfo=UTC)

    assert tariff.bill_above(usage(4.0, 6.0, start=grid_start)) == {"peak": 100.0}


@pytest.mark.parametrize(("kw", "amount"), [(1.9, 10.0), (2.0, 20.0), (5.0, 30.0), (99.0, 30.0)])
def test_steps_are_one_sum_by_bracket(kw, amount):
    stepped = rule(price=None, steps=Steps(rows=((0.0, 120.0), (2.0, 240.0), (5.0, 360.0))), per=Per.YEAR)

    assert tariff_of(stepped).bill(usage(kw))[0].total == pytest.approx(amount)


def test_reactive_power_is_needed_by_the_bill_and_left_out_of_plans():
    kvar = rule(id="kvar", quantity=PowerQuantity(unit=Unit.KVAR, free_of_p=0.16))
    kva = rule(id="kva", quantity=PowerQuantity(unit=Unit.KVA))
    tariff = tariff_of(kvar, kva)
    plain = usage(3.0)
    metered = replace(plain, reactive_kvar=np.array([4.0]))

    with pytest.raises(InvalidInputError, match="reactive_kvar"):
        tariff.bill(plain)
    assert tariff.bill_above(plain) == {"kva": 3.0}
    assert [line.quantity for line in tariff.bill(metered)[0].lines] == pytest.approx([4.0 - 0.16 * 3.0, 5.0])


@pytest.mark.parametrize(("rule_fields", "k"), [({}, 1), ({"top_k": 3}, 3)], ids=["one", "three"])
def test_conceding_a_target_makes_it_free(rule_fields, k):
    component = demand(9.0, bucket=Bucket.DAY, **rule_fields)
    tariff = tariff_of(component)
    ledger = advance(tariff, Ledger.empty(), usage(4.0))

    conceded = ledger.conceding(tariff, {"peak": 10.0}, START)

    assert conceded.reached_kw(component) == pytest.approx(10.0)
    later = START + timedelta(days=2)
    assert tariff.bill_above(usage(9.0, start=later), conceded)["peak"] == pytest.approx(0.0)
    assert tariff.bill_above(usage(22.0, start=later), conceded)["peak"] > 0
    assert ledger.conceding(tariff, {"peak": 0.5}, START).reached_kw(component) == ledger.reached_kw(component)


def test_a_rank_is_never_above_the_mean_that_stands_for_it():
    third = rule(statistic_rule=Statistic(rank=3))

    assert third.top_k == 3
    assert third.statistic([9.0, 8.0, 3.0]) <= rule(statistic_rule=Statistic(top_k=3)).statistic([9.0, 8.0, 3.0])
    assert third.approximation is not None


def test_reached_peaks_given_by_a_caller_count():
    tariff = tariff_of(demand(10.0, top_k=2))
    ledger = Ledger.empty().with_reached("peak", (6.0, 4.0), tariff.period_of(START))

    assert tariff.bill_above(usage(8.0), ledger)["peak"] == pytest.approx(20.0)


@pytest.mark.parametrize(
    "fields",
    [
        {"price": None},
        {"steps": Steps(rows=((0.0, 1.0),))},
        {"price": Price(series="spot")},
        {"threshold_kw": -1.0},
        {"price": Price(const=-1.0)},
        {"quantity": PowerQuantity(direction=Direction.EXPORT)},
        {"statistic_rule": Statistic(months=12)},
    ],
)
def test_demand_that_cannot_be_is_refused(fields):
    with pytest.raises(InvalidInputError):
        rule(**fields)
