"""Energy prices, blocks, fixed charges, taxes, rounding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.tariffs import demand, energy, export, tariff_of
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import Ledger, advance
from voltherm.domain.tariffs import (
    Bill,
    Direction,
    Energy,
    Fixed,
    Per,
    PowerQuantity,
    Price,
    Proration,
    Tariff,
    Tax,
    TierMode,
    TierPer,
    TierRow,
    Tiers,
    Unit,
    Usage,
    When,
)
from voltherm.domain.tariffs.bill import rounded
from voltherm.domain.time import TimeGrid

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
INFINITE = float("inf")


def usage(*net_kw: float, start: datetime = START, **prices: list[float]) -> Usage:
    grid = TimeGrid(start, HOUR, len(net_kw))
    return Usage.of_net(grid, np.array(net_kw), {name: np.array(values) for name, values in prices.items()})


def total(tariff: Tariff, used: Usage, ledger: Ledger | None = None) -> float:
    return tariff.bill(used, ledger)[-1].total


def amounts(bill: Bill) -> dict[str, float]:
    return {line.component_id: line.amount for line in bill.lines}


def test_import_is_paid_and_export_is_received():
    tariff = tariff_of(energy(0.3), export(0.1))

    assert amounts(tariff.bill(usage(2.0, -5.0))[0]) == pytest.approx({"energy": 0.6, "export": -0.5})


def test_prices_whose_windows_overlap_add_up_and_uncovered_time_is_free():
    base = Energy(id="base", price=Price(const=1.0), when=When(windows=((0, 120),)))
    extra = Energy(id="extra", price=Price(const=0.5), when=When(windows=((60, 120),)))

    assert total(tariff_of(base, extra), usage(1.0, 1.0, 1.0)) == pytest.approx(1.0 + 1.5)


def test_negative_prices_pay_for_import_and_charge_export():
    tariff = tariff_of(energy(series="spot"), export(series="spot"))

    bill = tariff.bill(usage(2.0, -5.0, spot=[-0.1, -0.2]))[0]

    assert amounts(bill) == pytest.approx({"energy": -0.2, "export": 1.0})


def test_a_missing_series_is_named():
    tariff = tariff_of(energy(series="spot"))

    assert tariff.series_names == {"spot"}
    with pytest.raises(InvalidInputError, match=r"'spot'.*given are: epex"):
        tariff.bill(usage(1.0, epex=[0.1]))


@pytest.mark.parametrize(
    ("fields", "paid"),
    [
        ({"scale": 2.0, "add": 0.1}, [0.3, -0.3, 2.1]),
        ({"minimum": 0.0}, [0.1, 0.0, 1.0]),
        ({"maximum": 0.5}, [0.1, -0.2, 0.5]),
        ({"scale": -0.9, "add": 0.09, "maximum": 0.0}, [0.0, 0.0, -0.81]),
    ],
)
def test_a_price_formula_is_scaled_added_then_cut(fields, paid):
    rule = Energy(id="e", price=Price(series="spot", **fields))

    prices = rule.price_per_kwh(usage(1.0, 1.0, 1.0, spot=[0.1, -0.2, 1.0]), UTC_ZONE)

    assert prices.tolist() == pytest.approx(paid)


def test_a_price_by_month_changes_at_local_midnight():
    price = Price(by_month=tuple(float(month) for month in range(1, 13)))
    tariff = tariff_of(Energy(id="e", price=price), zone="Europe/Helsinki")
    january = datetime(2026, 1, 31, 21, tzinfo=UTC)

    assert [bill.total for bill in tariff.bill(usage(1.0, 1.0, start=january))] == [1.0, 2.0]


def tiers(*rows: TierRow, **fields: object) -> Energy:
    return Energy(id="e", tiers=Tiers(rows=rows, **fields))


FIRST = TierRow(upto=10.0, price=Price(const=1.0))
REST = TierRow(upto=INFINITE, price=Price(const=2.0))


@pytest.mark.parametrize(
    ("rule", "kwh", "amount"),
    [
        (tiers(FIRST, REST), 10.0, 10.0),
        (tiers(FIRST, REST), 15.0, 20.0),
        (tiers(FIRST, REST, mode=TierMode.WHOLE), 10.0, 10.0),
        (tiers(FIRST, REST, mode=TierMode.WHOLE), 10.1, 20.2),
        (tiers(replace(FIRST, upto=1.0), REST, per=TierPer.DAY), 40.0, 31.0 + 18.0),
        (tiers(TierRow(upto=10.0, block_sum=7.0), REST), 0.0, 7.0),
        (tiers(TierRow(upto=10.0, block_sum=7.0), REST), 12.0, 11.0),
        (tiers(FIRST, TierRow(upto=INFINITE, block_sum=5.0)), 9.0, 9.0),
        (tiers(FIRST, TierRow(upto=INFINITE, block_sum=5.0)), 11.0, 15.0),
    ],
)
def test_blocks(rule, kwh, amount):
    assert total(tariff_of(rule), usage(*[kwh / 4] * 4)) == pytest.approx(amount)


def test_blocks_fill_in_order_of_time_also_at_changing_prices():
    cheap_first = tiers(
        TierRow(upto=3.0, price=Price(series="spot")), TierRow(upto=INFINITE, price=Price(series="spot", add=10.0))
    )

    assert total(tariff_of(cheap_first), usage(2.0, 2.0, spot=[1.0, 5.0])) == pytest.approx(2 + 5 + 15)


def test_blocks_of_a_year_go_on_over_its_bills_and_start_again():
    tariff = tariff_of(tiers(FIRST, REST, per=TierPer.YEAR))
    ledger = advance(tariff, Ledger.empty(), usage(8.0))

    february = usage(4.0, start=datetime(2026, 2, 5, tzinfo=UTC))
    assert total(tariff, february, ledger) == pytest.approx(2 + 4)
    assert total(tariff, usage(4.0, start=datetime(2027, 1, 5, tzinfo=UTC)), ledger) == pytest.approx(4.0)


def test_blocks_of_kwh_per_kw_follow_the_billed_demand():
    by_use = tiers(replace(FIRST, upto=2.0), REST, demand="peak")
    tariff = tariff_of(by_use, demand(0.0, interval_minutes=60))

    assert total(tariff, usage(4.0, 4.0, 2.0)) == pytest.approx(8 * 1.0 + 2 * 2.0)


def test_the_marginal_price_is_that_of_the_tier_reached():
    rule = tiers(FIRST, REST)
    tariff = tariff_of(rule)
    period = tariff.period_of(START)
    later = Usage.none(TimeGrid(START + 12 * HOUR, HOUR, 1))

    at_10 = advance(tariff, Ledger.empty(), usage(10.0))

    assert rule.price_per_kwh(later, UTC_ZONE).tolist() == [1.0]
    assert rule.price_per_kwh_at(later, UTC_ZONE, Ledger.empty(), period).tolist() == [1.0]
    assert rule.price_per_kwh_at(later, UTC_ZONE, at_10, period).tolist() == [2.0]
    assert rule.approximation is not None


@pytest.mark.parametrize(
    "make",
    [
        lambda: Energy(id="e"),
        lambda: Energy(id="e", price=Price(const=1.0), tiers=Tiers(rows=(REST,))),
        lambda: Energy(id="e", price=Price(const=1.0), quantity=PowerQuantity(unit=Unit.KVA)),
        lambda: Tiers(rows=(FIRST,)),
        lambda: Tiers(rows=(REST, FIRST)),
        lambda: Tiers(rows=(TierRow(upto=INFINITE, block_sum=1.0),), mode=TierMode.WHOLE),
        Price,
        lambda: Price(const=1.0, series="spot"),
        lambda: Price(const=float("nan")),
        lambda: Price(by_month=(1.0,)),
        lambda: Price(series="s", minimum=2.0, maximum=1.0),
        lambda: PowerQuantity(free_of_p=0.1),
        lambda: Fixed(id="f", amount=float("inf")),
        lambda: Tax(id="t", rate=-0.1, on=("*",)),
        lambda: Tax(id="t", rate=0.1, on=()),
        lambda: Tax(id="t", rate=0.1, on=("*",), base_first_kwh=-1.0),
        lambda: tariff_of(energy(1.0), energy(2.0)),
    ],
)
def test_rules_that_cannot_be_are_refused(make):
    with pytest.raises(InvalidInputError):
        make()


def test_reactive_energy_above_the_free_share():
    taken = Energy(id="in", price=Price(const=5.0), quantity=PowerQuantity(unit=Unit.KVAR, free_of_p=0.5))
    given = Energy(id="out", price=Price(const=3.0), quantity=PowerQuantity(unit=Unit.KVAR, direction=Direction.EXPORT))
    used = replace(usage(4.0, 4.0), reactive_kvar=np.array([3.0, -2.0]))

    assert amounts(tariff_of(taken, given).bill(used)[0]) == pytest.approx({"in": 5.0, "out": 6.0})


def test_fixed_charges_and_credits_are_whole_in_an_unfinished_period():
    tariff = tariff_of(
        Fixed(id="fee", amount=12.0),
        Fixed(id="credit", amount=-365.0, per=Per.YEAR, proration=Proration.DAYS),
        Fixed(id="daily", amount=0.5, per=Per.DAY),
    )

    bill = tariff.bill(usage(1.0))[0]

    assert not bill.complete
    assert amounts(bill) == pytest.approx({"fee": 12.0, "credit": -31.0, "daily": 15.5})


def test_taxes_fall_on_earlier_taxes_and_on_components_that_stand_after_them():
    tariff = tariff_of(
        Tax(id="levy", rate=0.1, on=("energy",)),
        Tax(id="vat", rate=0.2, on=("*",)),
        energy(1.0),
        Tax(id="late", rate=0.5, on=("vat",)),
    )

    bill = tariff.bill(usage(100.0))[0]

    assert [line.component_id for line in bill.lines] == ["levy", "vat", "energy", "late"]
    assert amounts(bill) == pytest.approx({"levy": 10.0, "vat": 22.0, "energy": 100.0, "late": 11.0})
    assert tariff.tax_factors(Ledger.empty())[0] == {"energy": pytest.approx(1.43)}


def test_negative_lines_are_taxed_too():
    tariff = tariff_of(energy(-1.0), Tax(id="vat", rate=0.25, on=("energy",)))

    assert total(tariff, usage(4.0)) == pytest.approx(-5.0)


def test_an_included_tax_is_shown_and_not_added():
    tariff = replace(
        tariff_of(energy(1.25), Tax(id="vat", rate=0.25, on=("energy",), included=True)), vat_included=True
    )

    bill = tariff.bill(usage(100.0))[0]

    assert bill.total == pytest.approx(125.0)
    assert amounts(bill)["vat"] == pytest.approx(25.0)
    assert tariff.bill_above(usage(100.0)) == pytest.approx({"energy": 125.0, "vat": 0.0})


def test_conditional_taxes_count_by_what_is_metered_and_say_so():
    vat = Tax(id="vat", rate=0.13, on=("energy",), applies_above_kwh=280.0)
    levy = Tax(id="levy", rate=0.0175, on=("energy",), base_first_kwh=1750.0)
    tariff = tariff_of(energy(1.0), vat, levy)
    ledger = advance(tariff, Ledger.empty(), usage(2000.0))

    early, early_notes = tariff.tax_factors(Ledger.empty())
    late, late_notes = tariff.tax_factors(ledger)

    assert (early["energy"], late["energy"]) == (pytest.approx(1.0175), pytest.approx(1.13))
    assert [note.split(":")[0] for note in early_notes] == ["vat", "levy"]
    assert [note.split(":")[0] for note in late_notes] == ["levy"]
    assert tariff.bill_above(usage(300.0))["vat"] == pytest.approx(39.0)


def test_lines_are_rounded_and_the_total_is_their_sum():
    tariff = replace(
        tariff_of(energy(0.333), Fixed(id="fee", amount=1.005), Tax(id="vat", rate=0.2, on=("*",))), rounding_line=0.01
    )

    bill = tariff.bill(usage(1.0))[0]

    assert amounts(bill) == {"energy": 0.33, "fee": 1.01, "vat": 0.27}
    assert bill.total == pytest.approx(1.61)
    assert tariff.bill_above(usage(1.0))["energy"] == pytest.approx(0.333)


@pytest.mark.parametrize(
    ("amount", "quantum", "result"),
    [(2.675, 0.01, 2.68), (-2.675, 0.01, -2.68), (1.004999, 0.01, 1.0), (12.5, 5.0, 15.0), (1.23456, None, 1.23456)],
)
def test_halves_are_rounded_away_from_zero(amount, quantum, result):
    assert rounded(amount, quantum) == result


def test_a_bill_line_says_what_is_counted_and_its_mean_price():
    tariff = tariff_of(Energy(id="e", label="Day energy", price=Price(const=0.3), when=When(windows=((0, 60),))))

    (line,) = tariff.bill(usage(2.0, 9.0))[0].lines

    assert (line.label, line.quantity, line.unit, line.rate) == ("Day energy", 2.0, "kWh", pytest.approx(0.3))


@pytest.mark.parametrize(
    ("import_kw", "match"),
    [([1.0], "shape"), ([float("nan"), 1.0], "finite"), ([-0.1, 1.0], "negative")],
)
def test_usage_that_cannot_be_is_refused(import_kw, match):
    with pytest.raises(InvalidInputError, match=match):
        Usage(grid=TimeGrid(START, HOUR, 2), import_kw=np.array(import_kw), export_kw=np.zeros(2))


def test_a_solvers_negative_zero_is_no_negative_import():
    used = Usage(grid=TimeGrid(START, HOUR, 2), import_kw=np.array([-1e-9, 1.0]), export_kw=np.zeros(2))

    assert used.import_kw.tolist() == [0.0, 1.0]
