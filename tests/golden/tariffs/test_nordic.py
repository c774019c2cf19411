"""Finland, Sweden and Denmark: printed prices with VAT and worked sentences (reference/tariffs.md, sections 3 to 5)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tests.golden.tariffs.usages import HOUR, QUARTER, amounts, at, local_grid, only_bill, quantity, usage_of
from voltherm.adapters.documents.tariff import read_library, read_tariff
from voltherm.domain.tariffs import Bill, Tariff

FINNISH_TAX = """
id: finnish-tax
currency: EUR
zone: Europe/Helsinki
components:
  - {{id: tax, kind: energy, price: {{const: {price}, unit: c/kWh}}}}
  - {{id: vat, kind: tax, rate: {vat}, on: [tax]}}
"""

SANDVIKEN = """
id: sandviken
currency: SEK
zone: Europe/Stockholm
vat_included: true
components:
  - id: power
    kind: demand
    price: {by_month: [60, 60, 60, 50, 50, 50, 50, 50, 50, 50, 60, 60]}
    interval_minutes: 60
"""


def bill_of_day(tariff: Tariff, day: date, peaks: dict[str, float], prices: dict[str, float] | None = None) -> Bill:
    """Return the bill of one local day with these hourly loads by clock, nothing else. [kW]."""
    grid = local_grid(tariff.zone, day, date.fromordinal(day.toordinal() + 1), HOUR)
    load = np.zeros(grid.n_steps)
    for clock, kw in peaks.items():
        load[at(grid, tariff.zone, day, clock)] = kw
    return only_bill(tariff, usage_of(grid, load, prices))


@pytest.mark.gold("finnish-tax")
@pytest.mark.parametrize(
    ("price", "vat", "with_vat"),
    [(2.253, 0.24, 2.79372), (0.063, 0.24, 0.07812), (2.253, 0.255, 2.827515), (2.325, 0.255, 2.917875)],
)
def test_finnish_electricity_tax_with_vat(price, vat, with_vat):
    tariff = read_tariff(FINNISH_TAX.format(price=price, vat=vat), "tax.yaml")

    bill = bill_of_day(tariff, date(2026, 3, 2), {"12:00": 100.0})

    assert bill.total == pytest.approx(with_vat, abs=1e-12)  # 100 kWh at c/kWh are EUR


@pytest.mark.gold("issoy")
def test_issoy_power_price_with_vat_is_printed_4_83():
    document = FINNISH_TAX.format(price=0, vat=0.255).replace("on: [tax]", "on: [power]")
    document += "  - {id: power, kind: demand, price_per_kw: 3.85, interval_minutes: 60}\n"
    tariff = read_tariff(document, "issoy.yaml")

    bill = bill_of_day(tariff, date(2025, 3, 3), {"12:00": 1.0})

    assert round(bill.total, 2) == 4.83


@pytest.mark.gold("finland-power-fee")
@pytest.mark.parametrize(("kw", "billed_kw"), [(7.9, 0.0), (8.0, 0.0), (9.5, 1.5)])
def test_finnish_power_fee_counts_only_above_8_kw(kw, billed_kw):
    tariff = read_library("finland-spot-power-fee")

    bill = bill_of_day(tariff, date(2026, 1, 15), {"18:00": kw}, {"fi_spot": 0.05})

    assert quantity(bill, "power_fee") == pytest.approx(billed_kw)
    assert amounts(bill)["power_fee"] == pytest.approx(3.85 * billed_kw)


@pytest.mark.gold("finland-power-fee")
def test_finnish_power_fee_is_on_the_mean_of_the_clock_hour():
    tariff = read_library("finland-spot-power-fee")
    day = date(2026, 1, 15)
    grid = local_grid(tariff.zone, day, date(2026, 1, 16), QUARTER)
    load = np.full(grid.n_steps, 8.0)
    load[at(grid, tariff.zone, day, "18:30")] = 16.0
    load[at(grid, tariff.zone, day, "19:45")] = 16.0

    bill = only_bill(tariff, usage_of(grid, load, {"fi_spot": 0.05}))

    assert quantity(bill, "power_fee") == pytest.approx(2.0)


@pytest.mark.gold("finland-spot")
def test_negative_spot_is_passed_on_and_taxed():
    tariff = read_library("finland-spot")

    bill = bill_of_day(tariff, date(2026, 1, 15), {"03:00": 1000.0}, {"fi_spot": -0.05})

    found = amounts(bill)
    assert found["spot"] == pytest.approx(-50.0)
    untaxed = -50.0 + 4.5 + 31.8 + 22.53 + 3.90 + 14.20
    assert found["vat"] == pytest.approx(0.255 * untaxed)


@pytest.mark.gold("helen")
def test_helen_bills_the_third_largest_hour_and_weighs_the_night():
    tariff = read_library("helen-aikasiirto")

    # 10 kW at night count as 8: the third largest after 9 and 8.5.
    bill = bill_of_day(tariff, date(2024, 1, 15), {"12:00": 9.0, "13:00": 8.5, "23:00": 10.0, "15:00": 7.0})

    assert quantity(bill, "power") == pytest.approx(8.0)
    assert amounts(bill)["power"] == pytest.approx(8.0 * 1.28)


@pytest.mark.gold("ellevio")
def test_ellevio_counts_10_kw_at_night_as_5_kw():
    tariff = read_library("sweden-ellevio")
    grid = local_grid(tariff.zone, date(2025, 3, 3), date(2025, 3, 6), HOUR)
    load = np.zeros(grid.n_steps)
    for day, clock in ((3, "22:00"), (4, "05:00"), (5, "00:00")):
        load[at(grid, tariff.zone, date(2025, 3, day), clock)] = 10.0

    bill = only_bill(tariff, usage_of(grid, load))

    assert quantity(bill, "effect") == pytest.approx(5.0)
    assert amounts(bill)["effect"] == pytest.approx(5 * 81.25)


@pytest.mark.gold("sandviken")
def test_sandviken_10_kw_at_50_sek_are_500_sek():
    tariff = read_tariff(SANDVIKEN, "sandviken.yaml")

    assert bill_of_day(tariff, date(2025, 6, 3), {"12:00": 10.0}).total == pytest.approx(500.0)
    assert bill_of_day(tariff, date(2025, 1, 3), {"12:00": 10.0}).total == pytest.approx(600.0)


@pytest.mark.gold("goteborg")
def test_goteborg_takes_three_hours_of_three_different_days():
    tariff = read_library("sweden-effect")
    grid = local_grid(tariff.zone, date(2025, 3, 3), date(2025, 3, 6), HOUR)
    load = np.zeros(grid.n_steps)
    load[at(grid, tariff.zone, date(2025, 3, 3), "08:00")] = 9.0
    load[at(grid, tariff.zone, date(2025, 3, 3), "09:00")] = 8.0
    load[at(grid, tariff.zone, date(2025, 3, 4), "08:00")] = 6.0
    load[at(grid, tariff.zone, date(2025, 3, 5), "08:00")] = 3.0

    bill = only_bill(tariff, usage_of(grid, load, {"se_spot": 0.0}))

    assert quantity(bill, "effect") == pytest.approx(6.0)
    assert amounts(bill)["effect"] == pytest.approx(6 * 45)


@pytest.mark.gold("dinel")
@pytest.mark.parametrize(("clock", "ore"), [("03:00", 11.03), ("12:00", 16.54), ("18:00", 42.99), ("22:00", 16.54)])
def test_dinel_prices_with_vat(clock, ore):
    tariff = read_library("denmark-dinel")

    found = amounts(bill_of_day(tariff, date(2024, 4, 7), {clock: 100.0}))  # a Sunday like any day

    energy = sum(amount for name, amount in found.items() if name.startswith("energy"))
    assert round(1.25 * energy + 1e-9, 2) == ore


@pytest.mark.gold("dinel")
def test_dinel_subscription_with_vat_is_536_25_a_year():
    tariff = read_library("denmark-dinel")

    bill = bill_of_day(tariff, date(2024, 4, 7), {})

    assert 12 * bill.total == pytest.approx(536.25)
