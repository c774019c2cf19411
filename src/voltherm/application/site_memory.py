"""What a controller knows of its site: history, ledger, and batteries and heat pumps as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from voltherm.application.outlook import column_of
from voltherm.domain.assets import HeatPumpState
from voltherm.domain.control import Measured
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import Ledger, advance
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Usage
from voltherm.domain.time import TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryNow:
    """A battery as it was observed last.

    Parameters
    ----------
    at : datetime
        When.
    soc : float
        State of charge, 0 to 1.
    charge_limit_kw, discharge_limit_kw : float or None
        Limits of now from the battery management system; None where it does not say. [kW]
    is_out : bool
        Not believed or not to be commanded: it is planned at rest over the whole horizon, whatever its SOC.
    """

    at: datetime
    soc: float
    charge_limit_kw: float | None = None
    discharge_limit_kw: float | None = None
    is_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatPumpNow:
    """A heat pump and its building as they were observed last.

    Parameters
    ----------
    at : datetime
        When.
    state : HeatPumpState
        Temperatures, and what the heat pump does.
    """

    at: datetime
    state: HeatPumpState


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Peaks conceded for a billing period, and when that was decided. [kW]."""

    made_at: datetime
    kw: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteMemory:
    """Everything that a decision depends on besides site, time and forecasts.

    Parameters
    ----------
    history : Measurements or None
        What was measured, in steps of the controller.
    ledger : Ledger
        What the meter has reached in the running billing period.
    batteries : Mapping of battery id to BatteryNow
        As observed last.
    power_kw : Mapping of battery id to float
        Mean power over the last observed interval, charging positive; ramps start from it. [kW]
    observed_until : datetime or None
        End of the last interval that the ledger has seen.
    targets : Targets or None
        Peaks worth defending, as of the last local day.
    mean_so_far_kw : float or None
        Mean import of the running step up to now; None where no meter says. [kW]
    heat : Mapping of heat pump id to HeatPumpNow
        As observed last.
    """

    history: Measurements | None = None
    ledger: Ledger = field(default_factory=Ledger.empty)
    batteries: Mapping[str, BatteryNow] = field(default_factory=dict)
    power_kw: Mapping[str, float] = field(default_factory=dict)
    observed_until: datetime | None = None
    targets: Targets | None = None
    mean_so_far_kw: float | None = None
    heat: Mapping[str, HeatPumpNow] = field(default_factory=dict)

    @property
    def soc(self) -> dict[str, float]:
        """State of charge of each observed battery, 0 to 1."""
        return {name: battery.soc for name, battery in self.batteries.items()}


def observed(site: Site, memory: SiteMemory, measured: Measured, keep: timedelta) -> SiteMemory:
    """Return the memory with the means of one interval that is over.

    What ended before the last observation only fills the history: ledger and SOC stay, so that telling twice changes
    nothing.

    Parameters
    ----------
    site : Site
        Whose assets were measured.
    memory : SiteMemory
        What is known so far.
    measured : Measured
        Means over one step.
    keep : timedelta
        How much of the history is kept; twice as much is let grow before it is cut.

    Raises
    ------
    InvalidInputError
        When the measurements name an asset that the site does not have, or lack a price or reactive power that the
        tariff is billed by.
    """
    named = set(measured.power_kw) | set(measured.soc) | set(measured.heat)
    unknown = named - {asset.id for asset in site.assets}
    if unknown:
        message = f"measured: {min(unknown)!r} is no asset of site {site.id!r}"
        raise InvalidInputError(message)
    is_new = memory.observed_until is None or measured.interval.end > memory.observed_until
    ledger = _advanced(site, memory.ledger, measured) if is_new else memory.ledger
    memory = replace(memory, history=_remembered(site, memory.history, measured, keep))
    if not is_new:
        return memory
    end = measured.interval.end
    batteries = {name: BatteryNow(at=end, soc=soc) for name, soc in measured.soc.items()}
    powers = {
        battery.id: measured.power_kw[battery.id] for battery in site.batteries if battery.id in measured.power_kw
    }
    return replace(
        memory,
        ledger=ledger,
        observed_until=end,
        batteries={**memory.batteries, **batteries},
        power_kw={**memory.power_kw, **powers},
        heat={**memory.heat, **{name: HeatPumpNow(at=end, state=state) for name, state in measured.heat.items()}},
    )


def _remembered(site: Site, history: Measurements | None, measured: Measured, keep: timedelta) -> Measurements | None:
    columns = {
        column_of(site, asset.id): np.array([measured.power_kw[asset.id]])
        for asset in site.forecast_assets
        if asset.id in measured.power_kw
    }
    for plant in site.pv_plants:  # what an inverter draws at night is no production
        column = column_of(site, plant.id)
        if column in columns:
            columns[column] = np.maximum(columns[column], 0.0)
    columns |= {column_of(site, name): np.array([price]) for name, price in measured.prices_per_kwh.items()}
    if measured.t_out_c is not None:
        columns["t_out_c"] = np.array([measured.t_out_c])
    if measured.irradiance_w_m2 is not None:
        columns["irradiance_w_m2"] = np.array([measured.irradiance_w_m2])
    if not columns:
        return history
    interval = measured.interval
    latest = Measurements(TimeGrid(interval.start, interval.end - interval.start, 1), columns)
    longer = latest if history is None else history.append(latest)
    n_keep = keep // longer.grid.step
    if longer.grid.n_steps > 2 * n_keep:
        longer = longer.part(longer.grid.n_steps - n_keep, n_keep)
    return longer


def _advanced(site: Site, ledger: Ledger, measured: Measured) -> Ledger:
    """The ledger with the interval's import; without a meter reading, by the balance where all assets are known."""
    grid_kw = measured.grid_kw if measured.grid_kw is not None else _balance_kw(site, measured)
    if grid_kw is None:
        return ledger
    interval, reactive = measured.interval, measured.reactive_kvar
    usage = Usage(
        grid=TimeGrid(interval.start, interval.end - interval.start, 1),
        import_kw=np.array([max(grid_kw, 0.0)]),
        export_kw=np.array([max(-grid_kw, 0.0)]),
        prices={name: np.array([price]) for name, price in measured.prices_per_kwh.items()},
        reactive_kvar=None if reactive is None else np.array([reactive]),
    )
    return advance(site.tariff, ledger, usage)


def _balance_kw(site: Site, measured: Measured) -> float | None:
    if any(asset.id not in measured.power_kw for asset in site.assets):
        return None
    loads = sum(measured.power_kw[load.id] for load in site.loads)
    batteries = sum(measured.power_kw[battery.id] + battery.standby_kw for battery in site.batteries)
    heat_pumps = sum(measured.power_kw[pump.id] + pump.standby_kw for pump in site.heat_pumps)
    return loads + batteries + heat_pumps - sum(measured.power_kw[plant.id] for plant in site.pv_plants)
