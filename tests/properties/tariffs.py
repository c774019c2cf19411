"""Random tariffs: energy of every kind, demand of every kind, taxes; and what a ledger may hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from voltherm.domain.ledger import DemandRecord, Ledger
from voltherm.domain.tariffs import (
    Bucket,
    Demand,
    Direction,
    Energy,
    Fixed,
    MeanLast,
    Metering,
    PowerQuantity,
    Price,
    Ratchet,
    Ratchets,
    Statistic,
    Steps,
    Tariff,
    TariffRule,
    Tax,
    Tiers,
    When,
)
from voltherm.domain.tariffs.tiers import TierRow
from voltherm.domain.time import TimeGrid

EXPORTED = PowerQuantity(direction=Direction.EXPORT)
DAYTIME = When(windows=((7 * 60, 20 * 60),))
WEEKDAYS = When(days=frozenset(range(5)))
WHENS = st.sampled_from([When(), DAYTIME, WEEKDAYS, When(windows=((22 * 60, 6 * 60),)), When(months=frozenset({3}))])


@st.composite
def tariffs(draw, zone_name: str, size_kw: float, price: float, *, plain: bool, tame: bool = False) -> Tariff:
    """Return a tariff whose prices are around ``price`` a kWh for a site of around ``size_kw``."""
    rules: list[TariffRule] = [*draw(imports(price, plain=plain, tame=tame)), *draw(exports(price, tame=tame))]
    rate = price * draw(st.sampled_from([0.0, 5.0, 50.0]))
    kinds = plain_demands if plain else any_demands
    rules += [draw(kinds(f"peak{number}", size_kw, rate)) for number in range(draw(st.integers(0, 3)))]
    rules += [Fixed(id="fee", amount=12.0)] if draw(st.booleans()) else []
    rules += [Tax(id="vat", rate=0.255, on=("*",))] if draw(st.booleans()) else []
    return Tariff(id="random", currency="EUR", zone=ZoneInfo(zone_name), components=tuple(rules))


@st.composite
def imports(draw, price: float, *, plain: bool, tame: bool) -> list[TariffRule]:
    """Return one of: nothing to pay, one price, two windows, a spot price, tiers."""
    kinds = ["zero", "flat", "windows", "windows", "spot", "spot"]
    kinds += ([] if tame else ["negative"]) + ([] if plain else ["tiers"])
    match draw(st.sampled_from(kinds)):
        case "zero":
            return []
        case "flat":
            return [Energy(id="energy", price=Price(const=price))]
        case "negative":
            return [Energy(id="energy", price=Price(const=-price))]
        case "windows":
            day = Energy(id="day", price=Price(const=2 * price), when=DAYTIME)
            return [day, Energy(id="night", price=Price(const=0.5 * price), when=When(windows=((20 * 60, 7 * 60),)))]
        case "tiers":
            rows = (
                TierRow(upto=500.0, price=Price(const=price)),
                TierRow(upto=float("inf"), price=Price(const=2 * price)),
            )
            return [Energy(id="energy", tiers=Tiers(rows=rows))]
        case _:
            margin = Energy(id="margin", price=Price(const=0.1 * price))
            return [Energy(id="spot", price=Price(series="spot")), margin]


@st.composite
def exports(draw, price: float, *, tame: bool) -> list[TariffRule]:
    """Return an export price: none, below or above the import price, spot, or negative."""
    if tame:
        return []
    offers = [None, Price(const=0.3 * price), Price(const=1.5 * price), Price(const=-0.2 * price)]
    chosen = draw(st.sampled_from([*offers, Price(series="spot"), Price(series="spot", scale=1.2)]))
    return [] if chosen is None else [Energy(id="export", price=chosen, quantity=EXPORTED)]


@st.composite
def plain_demands(draw, name: str, size_kw: float, rate: float) -> Demand:
    """Return a highest mean at one price."""
    metering = Metering(interval_minutes=60, when=draw(WHENS))
    return Demand(id=name, price=Price(const=rate), metering=metering)


@st.composite
def any_demands(draw, name: str, size_kw: float, rate: float) -> Demand:
    """Return a demand charge with any rule that there is."""
    bucket = draw(st.sampled_from([Bucket.NONE, Bucket.NONE, Bucket.DAY, Bucket.WEEK]))
    minutes = draw(st.sampled_from([15, 15, 30, 60, 60] + ([] if bucket is Bucket.NONE else [None])))
    night = (When(windows=((22 * 60, 6 * 60),)), 0.5)
    metering = Metering(
        interval_minutes=minutes,
        when=draw(WHENS),
        bucket=bucket,
        weights=draw(st.sampled_from([(), (), (night,)])) if minutes else (),
    )
    over = [
        None,
        None,
        MeanLast(periods=12, each_min_kw=0.1 * size_kw),
        Ratchets(rules=(Ratchet(percent=0.8, months=11),)),
    ]
    rows = (0.0, 10.0 * rate), (0.2 * size_kw, 20.0 * rate), (0.5 * size_kw, 50.0 * rate), (size_kw, 60.0 * rate)
    stepped = draw(st.sampled_from([False, False, False, True]))
    return Demand(
        id=name,
        price=None if stepped else Price(const=rate),
        steps=Steps(rows=rows) if stepped else None,
        metering=metering,
        statistic_rule=draw(st.sampled_from([Statistic(), Statistic(), Statistic(top_k=3), Statistic(rank=3)])),
        threshold_kw=draw(st.sampled_from([0.0, 0.0, 0.3 * size_kw])),
        floor_kw=draw(st.sampled_from([0.0, 0.0, 0.2 * size_kw])),
        over_periods=draw(st.sampled_from(over)),
    )


@st.composite
def ledgers(draw, tariff: Tariff, grid: TimeGrid, size_kw: float) -> Ledger:
    """Return a ledger whose components have reached nothing, little, or more than the site ever will."""
    ledger, period = Ledger.empty(), tariff.period_of(grid.start)
    for rule in tariff.demand_rules:
        reached = draw(st.sampled_from([None, 0.0, 0.3, 0.7, 10.0]))
        if reached is None:
            continue
        ledger = ledger.with_reached(rule.id, [reached * size_kw, 0.5 * reached * size_kw][: rule.top_k], period)
        record: DemandRecord = ledger.demand_record(rule.id)
        past = ((date(2025, 7, 1), 0.6 * size_kw), (date(2025, 12, 1), 0.2 * size_kw))
        if draw(st.booleans()):
            ledger = replace(ledger, demand={**ledger.demand, rule.id: replace(record, past=past)})
    return ledger
