"""BKK's three printed bills, and Elvia's steps (reference/tariffs.md, section 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files

import numpy as np
import pytest

from tests.golden.tariffs.usages import HOUR, amounts, at, constant_kwh, local_grid, only_bill, quantity, usage_of
from voltherm.adapters.documents.tariff import read_library, read_tariff, tariff_from_document, tariff_to_document
from voltherm.domain.tariffs import Bill, Energy, StepEdge, Tariff, Usage

BKK = read_library("norway-bkk")
ELVIA = read_library("norway-elvia")


@dataclass(frozen=True)
class Printed:
    first: date
    end: date
    day_kwh: float
    night_kwh: float
    peaks_kw: tuple[float, float, float]
    support_kwh: float
    support_ore: float
    lines: dict[str, float]
    to_pay: float


OCTOBER = Printed(
    date(2025, 10, 1),
    date(2025, 11, 1),
    707.09,
    536.117,
    (5.714, 5.475, 5.238),
    115.661,
    -6.188,
    {"energy_day": 254.29, "energy_night": 127.26, "levy": 194.72, "enova": 15.54, "capacity": 415.0, "support": -7.16},
    999.65,
)
NOVEMBER = Printed(
    date(2025, 11, 1),
    date(2025, 12, 1),
    709.157,
    765.349,
    (6.776, 5.451, 5.434),
    933.128,
    -43.381,
    {
        "energy_day": 255.03,
        "energy_night": 181.68,
        "levy": 230.94,
        "enova": 18.43,
        "capacity": 415.0,
        "support": -404.8,
    },
    696.28,
)
DECEMBER = Printed(
    date(2025, 12, 1),
    date(2026, 1, 1),
    667.422,
    887.299,
    (6.233, 5.656, 5.572),
    1107.173,
    -11.054,
    {
        "energy_day": 240.03,
        "energy_night": 210.63,
        "levy": 243.50,
        "enova": 19.43,
        "capacity": 415.0,
        "support": -122.39,
    },
    1006.20,
)
PRINTED = pytest.mark.parametrize("printed", [OCTOBER, NOVEMBER, DECEMBER], ids=["october", "november", "december"])


def usage_like(printed: Printed) -> Usage:
    """Hours with the printed energy by window, the printed daily peaks, and spot above 75 øre where support is paid."""
    grid = local_grid(BKK.zone, printed.first, printed.end, HOUR)
    (day_rule,) = [rule for rule in BKK.components if isinstance(rule, Energy) and rule.id == "energy_day"]
    is_day = day_rule.when.holds_at(grid, BKK.zone)
    # Three Tuesdays to Thursdays of the month's second week, at 08:00.
    week = [day for day in range(8, 15) if date(printed.first.year, printed.first.month, day).weekday() in (1, 2, 3)]
    peaks = [at(grid, BKK.zone, printed.first.replace(day=day), "08:00") for day in week]
    is_peak = np.isin(np.arange(grid.n_steps), peaks)
    supported = (np.arange(grid.n_steps) % 2 == 0) & ~is_peak
    share = printed.support_kwh / (printed.day_kwh + printed.night_kwh)
    load = np.zeros(grid.n_steps)
    load[peaks] = printed.peaks_kw
    for kwh, window, fixed in (
        (printed.day_kwh, is_day, sum(printed.peaks_kw)),
        (printed.night_kwh, ~is_day, 0.0),
    ):
        paid, unpaid = window & supported, window & ~supported & ~is_peak
        load[paid] = share * kwh / paid.sum()
        load[unpaid] = ((1 - share) * kwh - fixed) / unpaid.sum()
    spot = np.where(supported, 0.75 - printed.support_ore / 100 / 1.125, 0.4)
    return Usage(grid=grid, import_kw=load, export_kw=np.zeros(grid.n_steps), prices={"no5_spot": spot})


@pytest.mark.gold("bkk")
@PRINTED
def test_bkk_lines_come_out_as_printed(printed):
    bill = only_bill(BKK, usage_like(printed))

    assert amounts(bill) == pytest.approx(printed.lines, abs=0.02)
    assert bill.complete


@pytest.mark.gold("bkk")
@PRINTED
def test_bkk_total_is_the_sum_of_the_printed_lines(printed):
    bill = only_bill(BKK, usage_like(printed))

    assert sum(printed.lines.values()) == pytest.approx(printed.to_pay, abs=0.006)
    assert bill.total == pytest.approx(printed.to_pay, abs=0.04)


@pytest.mark.gold("bkk")
@PRINTED
def test_bkk_step_follows_the_mean_of_three_daily_peaks(printed):
    bill = only_bill(BKK, usage_like(printed))

    assert quantity(bill, "capacity") == pytest.approx(sum(printed.peaks_kw) / 3)


@pytest.mark.gold("bkk-support")
def test_support_ends_at_5000_kwh():
    grid = local_grid(BKK.zone, date(2025, 11, 1), date(2025, 12, 1), HOUR)

    bill = only_bill(BKK, usage_of(grid, constant_kwh(grid, 6000.0), {"no5_spot": 1.75}))

    assert amounts(bill)["support"] == pytest.approx(-5000 * 0.9 * 1.25)


def elvia_bill(tariff: Tariff, kw: float) -> Bill:
    grid = local_grid(tariff.zone, date(2026, 9, 1), date(2026, 10, 1), HOUR)
    return only_bill(tariff, usage_of(grid, np.full(grid.n_steps, kw)))


@pytest.mark.gold("elvia")
@pytest.mark.parametrize(("kw", "with_vat"), [(1.9, 150), (2.0, 250), (4.9, 250), (5.0, 420), (12.0, 585)])
def test_elvia_steps_with_vat(kw, with_vat):
    bill = elvia_bill(ELVIA, kw)

    assert amounts(bill)["capacity"] * 1.25 == pytest.approx(with_vat)
    assert amounts(bill)["vat"] == pytest.approx(0.2 * bill.total)


@pytest.mark.gold("elvia")
def test_exactly_5_kw_stays_down_where_the_upper_edge_is_in():
    capacity = ELVIA.demand_rules[0]
    assert capacity.steps is not None
    upper = replace(capacity, steps=replace(capacity.steps, edge=StepEdge.UPPER_IN))
    tariff = replace(ELVIA, components=tuple(upper if rule is capacity else rule for rule in ELVIA.components))

    down, up = elvia_bill(tariff, 5.0), elvia_bill(ELVIA, 5.0)

    assert amounts(down)["capacity"] == pytest.approx(2400 / 12)
    assert amounts(up)["capacity"] == pytest.approx(4032 / 12)
    assert tariff_from_document(tariff_to_document(tariff)) == tariff


@pytest.mark.gold("elvia")
def test_elvia_energy_with_vat_is_46_40_by_day_and_31_40_else():
    grid = local_grid(ELVIA.zone, date(2026, 9, 1), date(2026, 9, 2), HOUR)  # a Tuesday
    load = np.zeros(grid.n_steps)
    load[at(grid, ELVIA.zone, date(2026, 9, 1), "12:00")] = 1.0
    night = np.roll(load, 11)

    day_bill = only_bill(ELVIA, usage_of(grid, load))
    night_bill = only_bill(ELVIA, usage_of(grid, night))

    for bill, ore in ((day_bill, 46.40), (night_bill, 31.40)):
        found = amounts(bill)
        assert 1.25 * (bill.total - found["vat"] - found["capacity"]) == pytest.approx(ore / 100)


@pytest.mark.gold("elvia")
def test_a_holiday_is_cheap_and_the_north_pays_no_vat():
    file = files("voltherm.adapters.documents") / "tariff_library" / "norway-elvia.yaml"
    north = read_tariff(file.read_text(encoding="utf-8"), file.name, area="north")
    grid = local_grid(north.zone, date(2026, 12, 25), date(2026, 12, 26), HOUR)  # a Friday

    bill = only_bill(north, usage_of(grid, np.full(grid.n_steps, 1.0)))

    assert "vat" not in amounts(bill)
    assert amounts(bill)["energy_day"] == 0
    assert amounts(bill)["energy_base"] == pytest.approx(24 * 0.1699)
