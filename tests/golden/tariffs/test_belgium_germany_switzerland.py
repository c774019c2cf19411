"""Flanders, Ecopower, Malchow, EKZ (reference/tariffs.md, sections 6, 7 and 10)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tests.golden.tariffs.usages import QUARTER, amounts, at, local_grid, only_bill, quantity, usage_of
from voltherm.adapters.documents.tariff import read_library, read_tariff, tariff_from_document, tariff_to_document
from voltherm.domain.tariffs import Bill, Tariff, Usage

MONTH_PEAKS_KW = (0.632, 4.600, 0.000, 1.028, 3.444, 4.164, 4.564, 6.000, 9.200, 5.000, 4.120, 4.880)
"""May to April."""

EKZ = """
id: ekz-400f
version: "2025"
currency: CHF
zone: Europe/Zurich
components:
  - id: energy_high
    kind: energy
    price: {const: 15.60, unit: Rp/kWh}
    when: &high {windows: [["07:00", "20:00"]], days: weekday}
  - {id: energy_low, kind: energy, price: {const: 14.40, unit: Rp/kWh}, when: {unless: *high}}
  - {id: net, kind: energy, price: {const: 7.20, unit: Rp/kWh}}
  - {id: sdl, kind: energy, price: {const: 0.55, unit: Rp/kWh}}
  - {id: reserve, kind: energy, price: {const: 0.23, unit: Rp/kWh}}
  - {id: efficiency, kind: energy, price: {const: 0.16, unit: Rp/kWh}}
  - {id: federal, kind: energy, price: {const: 2.30, unit: Rp/kWh}}
"""


def flanders_usage(tariff: Tariff) -> Usage:
    """One quarter-hour of each month at the month's peak, nothing else."""
    grid = local_grid(tariff.zone, date(2023, 5, 1), date(2024, 5, 1), QUARTER)
    load = np.zeros(grid.n_steps)
    for offset, kw in enumerate(MONTH_PEAKS_KW):
        month = 4 + offset
        load[at(grid, tariff.zone, date(2023 + month // 12, month % 12 + 1, 17), "18:15")] = kw
    return usage_of(grid, load, {"be_epex": 0.1})


@pytest.mark.gold("flanders")
def test_flanders_mean_of_twelve_months_each_of_at_least_2_5_kw():
    tariff = read_library("belgium-capacity")

    bills = tariff.bill(flanders_usage(tariff))

    assert len(bills) == 12
    assert round(quantity(bills[-1], "capacity"), 3) == 4.456
    assert amounts(bills[-1])["capacity"] == pytest.approx(quantity(bills[-1], "capacity") * 56.93 / 12)


@pytest.mark.gold("flanders")
def test_flanders_without_the_monthly_floor_would_be_3_969_kw():
    document = tariff_to_document(read_library("belgium-capacity"))
    for component in document["components"]:
        if component["id"] == "capacity":
            component["over_periods"] = {"mean_last": 12}
    tariff = tariff_from_document(document)

    bills = tariff.bill(flanders_usage(tariff))

    assert round(quantity(bills[-1], "capacity"), 3) == 3.969


@pytest.mark.gold("ecopower")
def test_ecopower_at_100_eur_per_mwh_is_0_106_in_and_0_083_out():
    tariff = read_library("belgium-capacity")
    grid = local_grid(tariff.zone, date(2025, 10, 7), date(2025, 10, 8), QUARTER)
    one_kwh = np.zeros(grid.n_steps)
    one_kwh[:4] = 1.0
    usage = Usage(
        grid=grid, import_kw=one_kwh, export_kw=np.roll(one_kwh, 40), prices={"be_epex": np.full(grid.n_steps, 0.1)}
    )

    found = amounts(only_bill(tariff, usage))

    assert found["supply"] == pytest.approx(0.106)
    assert found["feed_in"] == pytest.approx(-0.083)


def malchow_bill(peak_kw: float, kwh: float) -> Bill:
    tariff = read_library("germany-malchow-mv")
    grid = local_grid(tariff.zone, date(2025, 1, 1), date(2026, 1, 1), QUARTER)
    load = np.zeros(grid.n_steps)
    load[1000] = peak_kw
    load[load == 0] = (kwh - peak_kw / 4) / ((grid.n_steps - 1) / 4)
    return only_bill(tariff, usage_of(grid, load))


@pytest.mark.gold("malchow")
@pytest.mark.parametrize(("kwh", "total"), [(1.0e6, 60_745.0), (1.3e6, 73_710.0)])
def test_malchow_hours_of_use_choose_the_price_pair(kwh, total):
    assert malchow_bill(500.0, kwh).total == pytest.approx(total)


@pytest.mark.gold("malchow")
def test_malchow_at_exactly_2500_hours_takes_the_upper_pair():
    # Powers of two, so that the hours of use come out exact.
    assert malchow_bill(512.0, 2500 * 512.0 * (1 + 1e-12)).total / 512 == pytest.approx(146.33)
    assert malchow_bill(512.0, 2499.999 * 512.0).total / 512 == pytest.approx(146.49, abs=1e-4)


@pytest.mark.gold("ekz")
@pytest.mark.parametrize(("clock", "rappen"), [("12:00", 26.04), ("23:00", 24.84)])
def test_ekz_sums_to_the_printed_price(clock, rappen):
    tariff = read_tariff(EKZ, "ekz.yaml")
    day = date(2025, 3, 4)
    grid = local_grid(tariff.zone, day, date(2025, 3, 5), QUARTER)
    load = np.zeros(grid.n_steps)
    load[at(grid, tariff.zone, day, clock)] = 400.0

    assert only_bill(tariff, usage_of(grid, load)).total == pytest.approx(rappen)
