"""State, forecasts, prices and options of a request, held against its site and its grid."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from voltherm.adapters.documents.fields import Document, Fraction, Instant, Limits, NonNegative, Number, Whole
from voltherm.adapters.documents.forecast import (
    ForecastDocument,
    Place,
    PriceDocument,
    StepMinutes,
    TimedValues,
    series_on_grid,
)
from voltherm.adapters.documents.heat_inputs import (
    HeatStateDocument,
    WeatherDocument,
    heat_states,
    weather_series,
)
from voltherm.adapters.documents.ledger import LedgerDocument, ledger_from_document
from voltherm.adapters.documents.problem import DocumentError, Problems
from voltherm.domain.assets import BatteryState
from voltherm.domain.ledger import Ledger
from voltherm.domain.plan import LONGEST_HOLD_H, PlanInputs, PlanOptions, Terminal
from voltherm.domain.series import Series
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid

MOST_STEPS = 5_000
"""Longest grid; 52 days of quarter-hours."""
LONGEST_SOLVE_S = 30.0
PRICE_UNITS = {"price_per_kwh": 1.0, "price_per_mwh": 1000.0, "price_eur_per_mwh": 1000.0}
"""Ways to write a price, with what to divide by for a price per kWh."""


class GridDocument(Document):
    """The steps to plan."""

    start: Instant
    step_minutes: StepMinutes
    steps: Annotated[Whole, Field(ge=1, le=MOST_STEPS)]


class BatteryStateDocument(Document):
    """What a battery's management system reports; limits of now are one number, or one a step. [kW]."""

    soc: Fraction
    charge_limit_kw: Limits | None = None
    discharge_limit_kw: Limits | None = None
    power_kw: Number | None = None


class OptionsDocument(Document):
    """Choices that are not facts of the site."""

    terminal: Terminal = Terminal.VALUE
    stored_energy_value_per_kwh: Number | None = None
    peak_targets_kw: dict[str, NonNegative] = Field(default_factory=dict)
    solve_limit_s: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=LONGEST_SOLVE_S)] = 5.0
    mode_hold_h: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=LONGEST_HOLD_H)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a request that could be read; None where one is wrong."""

    now: datetime | None
    grid: TimeGrid | None
    state: Mapping[str, BatteryStateDocument] | None
    reached_peaks_kw: Mapping[str, float | NDArray[np.float64]] | None
    ledger: LedgerDocument | None
    forecasts: Mapping[str, ForecastDocument] | None
    prices: Mapping[str, PriceDocument] | None
    options: OptionsDocument | None
    heat: Mapping[str, HeatStateDocument] | None
    weather: WeatherDocument | None


def plan_inputs(site: Site, parts: Parts, problems: Problems) -> PlanInputs | None:
    """Return what the plan depends on besides the site; None, with the problems noted, where something is wrong."""
    checker = _Checker(site, problems)
    ledger = checker.ledger(parts)
    options = checker.options(parts.options)
    states = checker.states(parts.state, parts.grid)
    power_kw = checker.power_kw(parts.forecasts, parts.grid)
    prices = checker.prices(parts.prices, parts.grid)
    heat = heat_states(site, parts.heat, problems)
    weather = weather_series(site, parts.weather, parts.grid, problems)
    if problems.found or parts.now is None or parts.grid is None:
        return None
    return PlanInputs(
        now=parts.now,
        grid=parts.grid,
        power_kw=power_kw,
        states=states,
        prices=prices,
        ledger=ledger,
        options=options,
        heat=heat,
        weather=weather,
    )


class _Checker:
    """Holds the parts of a request against the site."""

    def __init__(self, site: Site, problems: Problems) -> None:
        self._site = site
        self._problems = problems
        self._demand_ids = [rule.id for rule in site.tariff.demand_rules]

    def ledger(self, parts: Parts) -> Ledger:
        reached = parts.reached_peaks_kw or {}
        if parts.ledger is not None and reached:
            self._problems.add(("reached_peaks_kw",), "stands beside a full ledger", "give one of the two")
        known = self._known(("reached_peaks_kw",), reached, self._demand_ids, "demand component")
        if parts.ledger is not None:
            ids = [rule.id for rule in self._site.tariff.components]
            self._known(("ledger", "demand"), parts.ledger.demand, ids, "tariff component")
            self._known(("ledger", "energy"), parts.ledger.energy, ids, "tariff component")
        ledger = Ledger.empty() if parts.ledger is None else ledger_from_document(parts.ledger)
        if parts.grid is None:
            return ledger
        period = self._site.tariff.period_of(parts.grid.start)
        for name in known:
            peaks = np.atleast_1d(np.asarray(reached[name], dtype=np.float64))
            ledger = ledger.with_reached(name, tuple(map(float, peaks)), period)
        return ledger

    def options(self, document: OptionsDocument | None) -> PlanOptions:
        if document is None:
            return PlanOptions()
        self._known(("options", "peak_targets_kw"), document.peak_targets_kw, self._demand_ids, "demand component")
        return PlanOptions(
            terminal=document.terminal,
            stored_energy_value_per_kwh=document.stored_energy_value_per_kwh,
            peak_targets_kw=document.peak_targets_kw,
            solve_limit_s=document.solve_limit_s,
            mode_hold_h=document.mode_hold_h,
        )

    def states(
        self, documents: Mapping[str, BatteryStateDocument] | None, grid: TimeGrid | None
    ) -> dict[str, BatteryState]:
        if documents is None:
            return {}
        battery_ids = [battery.id for battery in self._site.batteries]
        self._missing(("state",), battery_ids, documents, "give the battery's state, at least its soc")
        known = self._known(("state",), documents, battery_ids, "battery")
        return {name: self._state(name, documents[name], grid) for name in known}

    def _state(self, name: str, document: BatteryStateDocument, grid: TimeGrid | None) -> BatteryState:
        for field in ("charge_limit_kw", "discharge_limit_kw"):
            limit = getattr(document, field)
            if grid is not None and isinstance(limit, np.ndarray) and limit.size != grid.n_steps:
                remedy = f"give one number, or one for each of the {grid.n_steps} steps"
                self._problems.add(("state", name, field), f"has {limit.size} values", remedy)
        return BatteryState(
            soc=document.soc,
            charge_limit_kw=document.charge_limit_kw,
            discharge_limit_kw=document.discharge_limit_kw,
            power_kw=document.power_kw,
        )

    def power_kw(self, documents: Mapping[str, ForecastDocument] | None, grid: TimeGrid | None) -> dict[str, Series]:
        if documents is None:
            return {}
        pv_ids = [plant.id for plant in self._site.pv_plants]
        wanted = [*(load.id for load in self._site.loads), *pv_ids]
        self._missing(("forecasts",), wanted, documents, "give its power_kw, one value a step")
        found: dict[str, Series] = {}
        for name in self._known(("forecasts",), documents, wanted, "load or PV plant"):
            place = Place(where=("forecasts", name), name="power_kw")
            if name in pv_ids:
                self._refuse_negative(documents[name].power_kw, place)
            self._add(found, place, TimedValues(documents[name], documents[name].power_kw), grid)
        return found

    def prices(self, documents: Mapping[str, PriceDocument] | None, grid: TimeGrid | None) -> dict[str, Series]:
        if documents is None:
            return {}
        wanted = self._site.tariff.series_names
        self._missing(("prices",), wanted, documents, "the tariff needs it: give its price_per_kwh, one value a step")
        found: dict[str, Series] = {}
        for name in self._known(("prices",), documents, wanted, "price series"):
            unit, values = self._price_per_kwh(name, documents[name])
            if values is not None:
                self._add(found, Place(where=("prices", name), name=unit), TimedValues(documents[name], values), grid)
        return found

    def _price_per_kwh(self, name: str, document: PriceDocument) -> tuple[str, NDArray[np.float64] | None]:
        """Return the unit that the price is given in, and its values per kWh."""
        given = [unit for unit in PRICE_UNITS if getattr(document, unit) is not None]
        if len(given) != 1:
            problem = f"gives {len(given)} price lists"
            self._problems.add(("prices", name), problem, f"give one of {', '.join(PRICE_UNITS)}")
            return "", None
        values: NDArray[np.float64] = getattr(document, given[0])
        currency = self._site.tariff.currency
        if given[0] == "price_eur_per_mwh" and currency != "EUR":
            remedy = f"the tariff is in {currency}: give price_per_kwh or price_per_mwh in it"
            self._problems.add(("prices", name, given[0]), "is in another currency than the tariff", remedy, "EUR")
        return given[0], values / PRICE_UNITS[given[0]]

    def _add(self, found: dict[str, Series], place: Place, timed: TimedValues, grid: TimeGrid | None) -> None:
        if grid is None:
            return
        try:
            found[place.where[-1]] = series_on_grid(timed, grid, place)
        except DocumentError as error:
            self._problems.extend(error.problems)

    def _refuse_negative(self, values: NDArray[np.float64], place: Place) -> None:
        negative = np.flatnonzero(values < 0)
        if negative.size:
            index = int(negative[0])
            problem, remedy = "is a negative PV power", "PV power counts what is available, from 0 up"
            self._problems.add((*place.where, place.name, index), problem, remedy, float(values[index]))

    def _missing(self, where: tuple[str, ...], wanted: Collection[str], given: Collection[str], remedy: str) -> None:
        for name in wanted:
            if name not in given:
                self._problems.add((*where, name), "is missing", remedy)

    def _known(self, where: tuple[str, ...], given: Collection[str], known: Collection[str], kind: str) -> list[str]:
        """Return the given names that are known; each other is a problem."""
        for name in given:
            if name not in known:
                remedy = f"there are: {', '.join(sorted(known)) or 'none'}"
                self._problems.add((*where, name), f"is no {kind} of the site", remedy)
        return [name for name in given if name in known]
