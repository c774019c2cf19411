"""Why a heat pump does what it does in each step; read off the series, so that every solver tells the same."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.plan import HeatReason
from voltherm.optimization.heat_setting import HeatSetting
from voltherm.optimization.model import Floats
from voltherm.physics.building import network
from voltherm.physics.heat_pump import HeatPumpRun

TOLERANCE_KW: Final = 1e-3
"""A watt of heat counts as none."""
TOLERANCE_K: Final = 1e-3
"""Closer than this to the edge of the band counts as in it."""
STORING_SHARE: Final = 0.1
"""A flow into or out of the building's store below this share of the heat that is lost counts as holding."""
DEADBAND: Final = 0.02
"""A price within two per cent of the day's mean is neither cheap nor dear."""
DAY_H: Final = 24.0

Flags = NDArray[np.bool_]


def heat_reasons(
    setting: HeatSetting, run: HeatPumpRun, surplus_kw: Floats, price_per_kwh: Floats
) -> tuple[HeatReason, ...]:
    """Return why the heat pump does what it does, one a step.

    Parameters
    ----------
    setting : HeatSetting
        What the heat pump meets.
    run : HeatPumpRun
        What it does.
    surplus_kw : NDArray, shape (n_steps,)
        PV that is available above what the loads draw; negative where they draw more. [kW]
    price_per_kwh : NDArray, shape (n_steps,)
        What a kWh costs in each step. [currency/kWh]
    """
    building = setting.pump.building
    given = run.heat_kw.sum(axis=1)
    heating = given > TOLERANCE_KW
    stored_kw = np.diff(run.temps_c @ network(building).capacitance_kwh_per_k) / setting.step_h
    lost_kw = np.maximum(given - stored_kw, 0.0)
    deadband_kw = TOLERANCE_KW + STORING_SHARE * lost_kw
    storing, coasting = stored_kw > deadband_kw, stored_kw < -deadband_kw
    low = np.column_stack([band.low_c for band in setting.bands])
    rooms = run.temps_c[:, : len(building.rooms)]
    was_cold = (rooms[:-1] < low - TOLERANCE_K).any(axis=1)
    is_cold = (rooms[1:] < low - TOLERANCE_K).any(axis=1)
    everything = run.power_kw >= setting.highest_kw - TOLERANCE_KW
    is_stuck = ((rooms[1:] < low - TOLERANCE_K) & _at_emitters(setting, run)).any(axis=1)
    mean = _mean_ahead(price_per_kwh, max(1, round(DAY_H / setting.step_h)))
    cheap = price_per_kwh < mean - DEADBAND * np.abs(mean)
    dear = price_per_kwh > mean + DEADBAND * np.abs(mean)
    surplus = heating & (surplus_kw > TOLERANCE_KW)
    unneeded = np.asarray((setting.reach.free_c[:, : len(building.rooms)] >= low).all(axis=1))
    choices: list[tuple[Flags, HeatReason]] = [
        ((is_cold & everything) | is_stuck, HeatReason.CANNOT_KEEP_COMFORT),
        (was_cold & heating, HeatReason.RECOVER_COMFORT),
        (heating & (price_per_kwh < 0), HeatReason.ABSORB_NEGATIVE_PRICE),
        (surplus, HeatReason.HEAT_SURPLUS),
        (heating & storing & cheap, HeatReason.PREHEAT_CHEAP),
        (coasting & dear, HeatReason.COAST_DEAR),
        (heating, HeatReason.HOLD_COMFORT),
        (unneeded, HeatReason.NO_HEAT_NEEDED),
    ]
    coded = np.full(len(given), len(choices))
    for code in reversed(range(len(choices))):
        coded[choices[code][0]] = code
    names = [*(reason for _, reason in choices), HeatReason.COAST_WARM]
    return tuple(names[code] for code in coded.tolist())


def _at_emitters(setting: HeatSetting, run: HeatPumpRun) -> Flags:
    """Where each room gets what its emitters give at most, shape (n_steps, n_rooms)."""
    limits = [np.inf if room.heat_limit_kw is None else room.heat_limit_kw for room in setting.pump.building.rooms]
    return np.asarray(run.heat_kw >= np.array(limits) - TOLERANCE_KW)


def _mean_ahead(price_per_kwh: Floats, n_steps: int) -> Floats:
    """Mean of the steps from each step on, as many as there are, at most ``n_steps``."""
    total = np.concatenate([[0.0], np.cumsum(price_per_kwh)])
    ends = np.minimum(np.arange(len(price_per_kwh)) + n_steps, len(price_per_kwh))
    starts = np.minimum(np.arange(len(price_per_kwh)), np.maximum(len(price_per_kwh) - n_steps, 0))
    return np.asarray((total[ends] - total[starts]) / (ends - starts))
