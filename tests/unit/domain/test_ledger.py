"""The ledger: part after part gives the same as the whole (pitfall M5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tariffs import demand, energy, export, tariff_of, tax
from voltherm.adapters.documents.tariff import library_names, read_library
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import DemandRecord, Ledger, advance
from voltherm.domain.tariffs import (
    Bill,
    Bucket,
    Demand,
    Energy,
    MeanLast,
    Metering,
    Price,
    Statistic,
    TierPer,
    TierRow,
    Tiers,
    Usage,
    When,
)
from voltherm.domain.time import Interval, TimeGrid, local_midnight

STARTS = st.sampled_from(
    [
        datetime(2026, 1, 31, 20, tzinfo=UTC),  # the month ends after two hours in Helsinki
        datetime(2026, 3, 28, 21, 45, tzinfo=UTC),  # a day of 23 hours
        datetime(2026, 10, 24, 21, 10, tzinfo=UTC),  # a day of 25 hours
        datetime(2025, 12, 31, 12, 5, tzinfo=UTC),
    ]
)
STEPS = st.sampled_from([timedelta(minutes=minutes) for minutes in (5, 10, 15, 30, 60)])
RULES = (
    energy(0.3),
    Energy(id="night", price=Price(series="spot"), when=When(windows=((1320, 420),))),
    Energy(
        id="blocks",
        tiers=Tiers(
            rows=(TierRow(upto=20.0, price=Price(series="spot")), TierRow(upto=float("inf"), price=Price(const=0.2))),
            per=TierPer.YEAR,
        ),
    ),
    export(0.1),
    demand(5.0, name="quarter"),
    demand(4.0, name="hour", interval_minutes=60, windows=(("07:00", "22:00"),), top_k=3, bucket=Bucket.DAY),
    Demand(
        id="week",
        price=Price(const=3.0),
        metering=Metering(interval_minutes=30, bucket=Bucket.WEEK, weights=((When(windows=((1320, 360),)), 0.5),)),
        statistic_rule=Statistic(top_k=2, months=3),
    ),
    Demand(
        id="evening",
        price=Price(const=2.0),
        metering=Metering(interval_minutes=None, when=When(windows=((900, 1290),)), bucket=Bucket.DAY),
        over_periods=MeanLast(periods=3, each_min_kw=1.0),
    ),
    Demand(
        id="third", price=Price(const=1.0), metering=Metering(interval_minutes=60), statistic_rule=Statistic(rank=3)
    ),
    tax(0.25),
)
TARIFF = tariff_of(*RULES, zone="Europe/Helsinki")


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    n_steps = draw(st.integers(2, 200))
    grid = TimeGrid(draw(STARTS), draw(STEPS), n_steps)
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    net = rng.normal(3.0, 4.0, n_steps)
    return Usage.of_net(grid, net, {"spot": rng.normal(0.1, 0.2, n_steps)})


def parts(usage: Usage, at: int) -> tuple[Usage, Usage]:
    return usage.part(0, at), usage.part(at, usage.grid.n_steps - at)


def flat(record: object) -> list[object]:
    """Return a record's numbers and names in a row, for a comparison with tolerance."""
    if isinstance(record, dict):
        return [part for key in sorted(record) for part in (key, *flat(record[key]))]
    if isinstance(record, tuple | list):
        return [part for item in record for part in flat(item)]
    if hasattr(record, "__slots__"):
        return [part for name in record.__slots__ for part in flat(getattr(record, name))]
    return [record]


def assert_same(one: object, other: object) -> None:
    for a, b in zip(flat(one), flat(other), strict=True):
        assert a == (pytest.approx(b, rel=1e-9, abs=1e-9) if isinstance(b, float) else b)


def by_component(bills: list[Bill]) -> dict[str, float]:
    totals: dict[str, float] = {}
    for line in bills[-1].lines:
        totals[line.component_id] = totals.get(line.component_id, 0.0) + line.amount
    return totals


@pytest.mark.pitfall("M5")
@given(usage=usages(), data=st.data())
def test_advancing_in_two_parts_is_advancing_at_once(usage, data):
    first, second = parts(usage, data.draw(st.integers(1, usage.grid.n_steps - 1)))

    whole = advance(TARIFF, Ledger.empty(), usage)
    in_parts = advance(TARIFF, advance(TARIFF, Ledger.empty(), first), second)

    assert_same(in_parts, whole)


@pytest.mark.pitfall("M5")
@given(usage=usages(), data=st.data())
def test_the_bill_of_the_second_part_with_the_ledger_of_the_first_is_the_whole_bill(usage, data):
    first, second = parts(usage, data.draw(st.integers(1, usage.grid.n_steps - 1)))

    whole = TARIFF.bill(usage)
    rest = TARIFF.bill(second, advance(TARIFF, Ledger.empty(), first))

    assert by_component(rest) == pytest.approx(by_component(whole), rel=1e-9, abs=1e-9)
    assert rest[-1].complete == whole[-1].complete


@given(usage=usages(), data=st.data())
def test_a_bill_with_usage_is_what_was_metered_plus_bill_above(usage, data):
    first, second = parts(usage, data.draw(st.integers(1, usage.grid.n_steps - 1)))
    last = TARIFF.periods(usage.grid.interval)[-1]
    ledger = advance(TARIFF, Ledger.empty(), first)
    if ledger.as_of is None or ledger.as_of <= last.start:
        return

    above = TARIFF.bill_above(second, ledger)
    bill = by_component(TARIFF.bill(second, ledger))
    idle = by_component(TARIFF.bill(second.without_power(), ledger))

    for name, amount in bill.items():
        assert above[name] == pytest.approx(amount - idle[name], abs=1e-9)


@given(usage=usages())
def test_no_usage_costs_nothing_above(usage):
    assert TARIFF.bill_above(usage.without_power()) == pytest.approx(dict.fromkeys(TARIFF.bill_above(usage), 0.0))


@given(usage=usages(), factor=st.floats(1.0, 3.0))
def test_more_import_never_lowers_a_demand_charge(usage, factor):
    more = Usage(grid=usage.grid, import_kw=usage.import_kw * factor, export_kw=usage.export_kw, prices=usage.prices)

    small, large = TARIFF.bill_above(usage), TARIFF.bill_above(more)

    for name in ("quarter", "hour", "week", "evening", "third", "evening (later bills)", "week (later bills)"):
        assert large[name] >= small[name] - 1e-9


@given(usage=usages())
def test_the_layout_says_what_the_bill_counts(usage):
    for period in TARIFF.periods(usage.grid.interval):
        for rule in TARIFF.demand_rules:
            layout = rule.layout(usage.grid, TARIFF.zone, period, Ledger.empty())
            if layout is None:
                continue
            statistic = rule.statistic(layout.buckets_kw(usage.import_kw))
            (reached,) = [
                line.quantity
                for bill in TARIFF.bill(usage.part(0, usage.grid.n_steps))
                if bill.period == period
                for line in bill.lines
                if line.component_id == rule.id and rule.over_periods is None and rule.statistic_rule.months == 1
            ] or [statistic]
            assert statistic == pytest.approx(reached)


@pytest.mark.pitfall("M5")
def test_the_record_of_a_closed_month_is_kept_as_past():
    start = datetime(2026, 1, 31, 21, tzinfo=UTC)
    ledger = advance(
        TARIFF, Ledger.empty(), Usage.of_net(TimeGrid(start, timedelta(hours=1), 2), [7.0, 3.0], {"spot": np.zeros(2)})
    )

    record = ledger.demand_record("quarter")

    assert [(day.isoformat(), kw) for day, kw in record.past] == [("2026-01-01", 7.0)]
    assert [kw for _, kw in record.buckets] == [3.0]


def test_a_gap_closes_the_interval_in_progress():
    tariff = tariff_of(demand(1.0, interval_minutes=60))
    start = datetime(2026, 1, 5, 10, tzinfo=UTC)
    quarter = timedelta(minutes=15)
    ledger = advance(tariff, Ledger.empty(), Usage.of_net(TimeGrid(start, quarter, 1), [8.0]))

    later = advance(tariff, ledger, Usage.of_net(TimeGrid(start + 8 * quarter, quarter, 4), [1.0] * 4))

    assert later.reached_kw(tariff.demand_rules[0]) == 8.0
    assert later.demand_record("peak").running_start is None


def test_a_day_mean_is_closed_when_its_day_ends_after_the_window():
    (evening,) = [rule for rule in RULES if rule.id == "evening"]
    tariff = tariff_of(evening)
    grid = TimeGrid(datetime(2026, 1, 5, 12, tzinfo=UTC), timedelta(hours=1), 14)
    whole = Usage.of_net(grid, np.arange(14.0))
    first, second = parts(whole, 11)  # after 21:30, before midnight

    in_parts = advance(tariff, advance(tariff, Ledger.empty(), first), second)

    assert in_parts.demand_record("evening").running_start is None
    assert_same(in_parts, advance(tariff, Ledger.empty(), whole))


def test_usage_before_the_ledgers_instant_is_refused():
    tariff = tariff_of(demand(1.0))
    used = Usage.of_net(TimeGrid(datetime(2026, 1, 5, tzinfo=UTC), timedelta(hours=1), 2), [1.0, 2.0])
    ledger = advance(tariff, Ledger.empty(), used)

    for use in (lambda: advance(tariff, ledger, used), lambda: tariff.bill(used, ledger)):
        with pytest.raises(InvalidInputError, match="already holds all until"):
            use()


def test_negative_peaks_are_refused():
    with pytest.raises(InvalidInputError, match="negative"):
        DemandRecord(buckets=(("a", -1.0),))


@pytest.mark.parametrize("name", library_names())
def test_every_shipped_tariff_bills_a_year(name):
    tariff = read_library(name)
    first = tariff.valid_from or date(2024, 1, 1)
    end = min(tariff.valid_until or date.max, first + timedelta(days=366))
    span = Interval(local_midnight(first, tariff.zone), local_midnight(end, tariff.zone))
    grid = TimeGrid.over(span, timedelta(minutes=15))
    load = 5.0 + 3.0 * np.sin(np.arange(grid.n_steps) / 5)
    prices = {series: np.full(grid.n_steps, 0.1) for series in tariff.series_names}

    bills = tariff.bill(Usage.of_net(grid, load, prices))

    assert all(np.isfinite(bill.total) and bill.total > 0 for bill in bills)
    assert all(line.quantity is not None for bill in bills for line in bill.lines)
