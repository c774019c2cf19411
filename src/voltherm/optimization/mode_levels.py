"""Levels: what a heat pump that is switched can be asked for in each step, and what switching it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets import HeatMode, HeatPumpState, Schedule
from voltherm.domain.time import TimeGrid
from voltherm.optimization.heat_setting import HeatSetting
from voltherm.optimization.model import Floats, Indices
from voltherm.optimization.penalties import Penalties
from voltherm.optimization.terms.energy import EnergyPrices
from voltherm.physics.heat_pump import HeatRequest, mode_requests

Flags = NDArray[np.bool_]

CHANGE_SHARE: Final = 0.01
"""A change of level costs this share of an hour at full power, at the mean price. To move heat to another hour takes
two changes more, so it must save two per cent: a spread of a tenth of a cent on twenty is noise and toggles nothing."""

MODES: Final = (HeatMode.NORMAL, HeatMode.BOOST, HeatMode.ECO, HeatMode.OFF)
"""Of modes that give the same heat the first is taken: the maker's own control rather than a block."""

RUNNING_KW: Final = 1e-6
"""A compressor that gives a milliwatt of heat does not run. [kW]"""

NOTHING: Final = 1e-12
"""Hours that rounding makes of a dwell time that is over."""

SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """What can be chosen in each step, arrays of shape (n_levels, n_steps).

    Parameters
    ----------
    modes : tuple of HeatMode, one a level
        What the unit is asked for.
    compressor_kw : NDArray
        Heat of the compressor, within its capacity and the emitters' limits. [kW]
    backup_kw : NDArray
        Electric power of the backup. [kW]
    heat_kw : NDArray
        Heat of both. [kW]
    power_kw : NDArray
        Electric power of both. [kW]
    """

    modes: tuple[HeatMode, ...]
    compressor_kw: Floats
    backup_kw: Floats
    heat_kw: Floats
    power_kw: Floats

    @property
    def is_running(self) -> Flags:
        """Whether the compressor runs."""
        return self.compressor_kw > RUNNING_KW

    def switched(self, chosen: Indices, before: int | None) -> SwitchedHeat:
        """Return a schedule, shape (n_steps,), with its modes, and the level before it."""
        return SwitchedHeat(level=chosen, modes=tuple(self.modes[level] for level in chosen.tolist()), before=before)

    def request(self, chosen: Indices) -> HeatRequest:
        """Return what a schedule asks for.

        Parameters
        ----------
        chosen : NDArray of int, shape (n_steps,)
            Level of each step.
        """
        steps = np.arange(len(chosen))
        return HeatRequest(compressor_kw=self.compressor_kw[chosen, steps], backup_kw=self.backup_kw[chosen, steps])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SwitchedHeat:
    """What a heat pump is asked for in each step.

    Parameters
    ----------
    level : NDArray of int, shape (n_steps,)
        The level.
    modes : tuple of HeatMode, one a step
        Its mode.
    before : int or None
        Level before the first step; None where unknown.
    """

    level: Indices
    modes: tuple[HeatMode, ...]
    before: int | None

    @property
    def n_changes(self) -> int:
        """How often the level changes; in the first step where the level before is known."""
        before = self.level[0] if self.before is None else self.before
        return int(np.count_nonzero(np.diff(self.level, prepend=before)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchingCosts:
    """What switching costs.

    Parameters
    ----------
    start : float
        Of each start of the compressor. [currency]
    change : float
        Of each change of level. [currency]
    dwell_per_h : float
        Of each hour by which the compressor runs, or rests, shorter than it must. [currency/h]
    """

    start: float
    change: float
    dwell_per_h: float


def levels_of(setting: HeatSetting) -> Levels:
    """Return the levels of a heat pump that is switched.

    On and off: nothing, the compressor's capacity, and with a backup both. Modes: `MODES`.

    Parameters
    ----------
    setting : HeatSetting
        What the heat pump meets.
    """
    requests = _on_off(setting) if setting.pump.schedule is Schedule.ON_OFF else _by_mode(setting)
    limits = [room.heat_limit_kw for room in setting.pump.building.rooms]
    emitters_kw = sum(float("inf") if limit is None else limit for limit in limits)
    compressor = np.minimum(np.array([request.compressor_kw for _, request in requests]), emitters_kw)
    room_kw = np.maximum(emitters_kw - compressor, 0.0) / setting.backup_efficiency
    backup = np.minimum(np.array([request.backup_kw for _, request in requests]), room_kw)
    return Levels(
        modes=tuple(mode for mode, _ in requests),
        compressor_kw=compressor,
        backup_kw=backup,
        heat_kw=compressor + setting.backup_efficiency * backup,
        power_kw=compressor / setting.points.cop + backup,
    )


def _on_off(setting: HeatSetting) -> list[tuple[HeatMode, HeatRequest]]:
    capacity = setting.points.capacity_kw
    still = np.zeros_like(capacity)
    levels = [
        (HeatMode.OFF, HeatRequest(compressor_kw=still, backup_kw=still)),
        (HeatMode.BOOST, HeatRequest(compressor_kw=capacity, backup_kw=still)),
    ]
    if setting.pump.backup is not None:
        everything = HeatRequest(compressor_kw=capacity, backup_kw=still + setting.backup_limit_kw)
        levels.append((HeatMode.BOOST, everything))
    return levels


def _by_mode(setting: HeatSetting) -> list[tuple[HeatMode, HeatRequest]]:
    requests = mode_requests(setting.pump, setting.points, setting.weather.outdoor_c)
    return [(mode, requests[mode]) for mode in MODES]


def mode_costs(setting: HeatSetting, prices: EnergyPrices, penalties: Penalties) -> SwitchingCosts:
    """Return what switching a heat pump costs.

    Parameters
    ----------
    setting : HeatSetting
        What the heat pump meets.
    prices : EnergyPrices
        Of the horizon; a change is priced by their mean.
    penalties : Penalties
        An hour that is missing is priced as the energy that the unit will not follow: it keeps its own times.
    """
    full_kw = float(setting.highest_kw.max())
    mean_price = float(np.abs(prices.import_per_kwh).mean())
    return SwitchingCosts(
        start=setting.pump.start_cost,
        change=CHANGE_SHARE * full_kw * mean_price,
        dwell_per_h=penalties.connection_per_kwh * full_kw,
    )


def first_level(levels: Levels, state: HeatPumpState) -> int | None:
    """Return the level that a heat pump has now; None where that is unknown.

    Parameters
    ----------
    levels : Levels
        Of the heat pump.
    state : HeatPumpState
        Its mode, or for one that is on or off whether it runs.
    """
    if state.mode in levels.modes:
        return levels.modes.index(state.mode)
    is_on_off = HeatMode.NORMAL not in levels.modes
    return int(state.is_running) if is_on_off and state.is_running is not None else None


def stretches(grid: TimeGrid, zone: ZoneInfo, hold_h: float | None) -> Indices:
    """Return the first step of each stretch within which the level stays the same.

    Parameters
    ----------
    grid : TimeGrid
        The steps.
    zone : ZoneInfo
        Of the clock on whose marks the level may change.
    hold_h : float or None
        Distance of the marks, counted from local midnight; None lets it change at every step. [h]
    """
    if hold_h is None or hold_h <= grid.step_h:
        return np.arange(grid.n_steps)
    offset = grid.start.astimezone(zone).utcoffset()
    local = grid.epoch_seconds + (0 if offset is None else int(offset.total_seconds()))
    marks = local // round(hold_h * SECONDS_PER_HOUR)
    return np.flatnonzero(np.diff(marks, prepend=marks[0] - 1))
