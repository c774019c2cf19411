"""Billing periods begin at local midnight of the tariff's zone."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.tariffs import energy, tariff_of
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import BillingCycle, Cycle, Fixed, Per, Proration, Tariff, TariffValidityError, Usage
from voltherm.domain.tariffs.billing import billing_period, billing_periods
from voltherm.domain.tariffs.proration import days_in, times_charged
from voltherm.domain.time import Interval, TimeGrid, local_midnight

HELSINKI = ZoneInfo("Europe/Helsinki")


def local_dates(period: Interval, zone: ZoneInfo = HELSINKI) -> tuple[date, date]:
    assert period.start.astimezone(zone).hour == period.end.astimezone(zone).hour == 0
    return period.start.astimezone(zone).date(), period.end.astimezone(zone).date()


@pytest.mark.parametrize(
    ("cycle", "day", "first", "end"),
    [
        (BillingCycle(), date(2026, 2, 28), date(2026, 2, 1), date(2026, 3, 1)),
        (BillingCycle(), date(2024, 2, 29), date(2024, 2, 1), date(2024, 3, 1)),
        (BillingCycle(cycle=Cycle.ANCHOR_DAY, anchor_day=14), date(2026, 1, 13), date(2025, 12, 14), date(2026, 1, 14)),
        (BillingCycle(cycle=Cycle.ANCHOR_DAY, anchor_day=14), date(2026, 1, 14), date(2026, 1, 14), date(2026, 2, 14)),
        (BillingCycle(cycle=Cycle.ANCHOR_DAY, anchor_day=31), date(2026, 2, 28), date(2026, 2, 28), date(2026, 3, 31)),
        (BillingCycle(cycle=Cycle.ANCHOR_DAY, anchor_day=31), date(2026, 2, 27), date(2026, 1, 31), date(2026, 2, 28)),
        (BillingCycle(cycle=Cycle.ANCHOR_DAY, anchor_day=31), date(2024, 4, 29), date(2024, 3, 31), date(2024, 4, 30)),
        (BillingCycle(cycle=Cycle.YEAR), date(2026, 7, 1), date(2026, 1, 1), date(2027, 1, 1)),
        (BillingCycle(cycle=Cycle.YEAR, year_start=(10, 1)), date(2026, 7, 1), date(2025, 10, 1), date(2026, 10, 1)),
    ],
)
def test_the_period_of_a_day(cycle, day, first, end):
    assert local_dates(billing_period(cycle, day, HELSINKI)) == (first, end)


READINGS = BillingCycle(
    cycle=Cycle.READ_DATES, read_dates=(date(2026, 1, 9), date(2026, 2, 10), date(2026, 3, 10), date(2026, 4, 9))
)


@pytest.mark.parametrize(
    ("day", "first", "end"),
    [
        (date(2026, 1, 9), date(2026, 1, 9), date(2026, 2, 10)),
        (date(2026, 2, 9), date(2026, 1, 9), date(2026, 2, 10)),
        (date(2026, 3, 10), date(2026, 3, 10), date(2026, 4, 9)),
        # Beyond the last reading monthly from its day, as long as the next one is not written down.
        (date(2026, 4, 20), date(2026, 4, 9), date(2026, 5, 9)),
        (date(2026, 6, 8), date(2026, 5, 9), date(2026, 6, 9)),
    ],
)
def test_read_dates_of_28_to_32_days(day, first, end):
    assert local_dates(billing_period(READINGS, day, HELSINKI)) == (first, end)


def test_a_day_before_the_first_reading_is_refused():
    with pytest.raises(InvalidInputError, match="add the earlier ones"):
        billing_period(READINGS, date(2026, 1, 8), HELSINKI)


def test_read_dates_must_rise():
    with pytest.raises(InvalidInputError, match="rise"):
        BillingCycle(cycle=Cycle.READ_DATES, read_dates=(date(2026, 2, 1), date(2026, 1, 1)))


def test_periods_cover_an_interval_without_gap():
    span = Interval(datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))

    periods = billing_periods(BillingCycle(), span, HELSINKI)

    assert [local_dates(period)[0] for period in periods] == [date(2026, month, 1) for month in (2, 3, 4)]
    assert all(before.end == after.start for before, after in itertools.pairwise(periods))


def test_the_month_ends_at_local_midnight():
    tariff = tariff_of(energy(1.0), zone="America/Los_Angeles")
    grid = TimeGrid(datetime(2026, 4, 1, 6, tzinfo=UTC), timedelta(hours=1), 2)
    usage = Usage(grid=grid, import_kw=np.array([3.0, 5.0]), export_kw=np.zeros(2))

    march, april = tariff.bill(usage)

    assert (march.total, april.total) == (3.0, 5.0)
    assert not march.complete


def test_a_step_that_a_periods_end_cuts_is_cut_there():
    tariff = tariff_of(energy(1.0), zone="Asia/Kolkata")
    midnight = local_midnight(date(2026, 4, 1), ZoneInfo("Asia/Kolkata"))
    grid = TimeGrid(midnight - timedelta(minutes=30), timedelta(hours=1), 1)
    usage = Usage(grid=grid, import_kw=np.array([8.0]), export_kw=np.zeros(1))

    assert [bill.total for bill in tariff.bill(usage)] == pytest.approx([4.0, 4.0])


def period_of(first: date, end: date) -> Interval:
    return Interval(local_midnight(first, HELSINKI), local_midnight(end, HELSINKI))


FEBRUARY = period_of(date(2024, 2, 1), date(2024, 3, 1))
CYCLE = period_of(date(2026, 1, 14), date(2026, 2, 14))
YEAR = period_of(date(2025, 1, 1), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("per", "proration", "period", "times"),
    [
        (Per.BILL, Proration.NONE, FEBRUARY, 1),
        (Per.DAY, Proration.NONE, FEBRUARY, 29),
        (Per.MONTH, Proration.NONE, FEBRUARY, 1),
        (Per.MONTH, Proration.NONE, YEAR, 12),
        (Per.YEAR, Proration.NONE, FEBRUARY, 1 / 12),
        (Per.YEAR, Proration.NONE, YEAR, 1),
        (Per.MONTH, Proration.DAYS_365_25, FEBRUARY, 12 * 29 / 365.25),
        (Per.YEAR, Proration.DAYS_365_25, YEAR, 365 / 365.25),
        (Per.MONTH, Proration.DAYS, FEBRUARY, 1),
        (Per.MONTH, Proration.DAYS, CYCLE, 18 / 31 + 13 / 28),
        (Per.YEAR, Proration.DAYS, FEBRUARY, 29 / 366),
    ],
)
def test_how_often_a_charge_falls_into_a_period(per, proration, period, times):
    assert times_charged(per, proration, period, HELSINKI) == pytest.approx(times)


def test_days_are_counted_over_the_clock_change():
    assert days_in(period_of(date(2026, 3, 1), date(2026, 4, 1))) == 31


VALID = Tariff(
    id="old",
    version="2025",
    currency="EUR",
    zone=HELSINKI,
    components=(Fixed(id="fee", amount=5.0),),
    valid_from=date(2025, 1, 1),
    valid_until=date(2026, 1, 1),
)


@pytest.mark.parametrize("start", [datetime(2024, 12, 31, 21, tzinfo=UTC), datetime(2025, 12, 31, 21, tzinfo=UTC)])
def test_usage_outside_the_validity_is_refused_with_the_remedy(start):
    usage = Usage.none(TimeGrid(start, timedelta(hours=1), 2))

    for use in (VALID.bill, VALID.bill_above):
        with pytest.raises(TariffValidityError, match=r"tariff old version 2025.*use the version of those dates"):
            use(usage)


def test_usage_up_to_the_last_valid_instant_is_billed():
    usage = Usage.none(TimeGrid(datetime(2025, 12, 31, 20, tzinfo=UTC), timedelta(hours=1), 2))

    assert VALID.bill(usage)[0].total == 5.0
