"""Why each step does what it does, and which limits bind; read off the series, so that every solver tells the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.plan import PlanInputs, Reason
from voltherm.domain.site import Site
from voltherm.optimization.blocks.battery import power_limits
from voltherm.optimization.model import Floats
from voltherm.optimization.problem import SiteProblem
from voltherm.optimization.solution import PlannedSeries
from voltherm.optimization.terms.demand import peak_line

TOLERANCE_KW = 1e-3
"""A watt: closer than this to a limit counts as at it."""

TOLERANCE_SOC = 1e-5
"""Closer than this to the edge of the band counts as at it."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """Reasons and limits of a plan.

    Parameters
    ----------
    reasons : tuple of Reason, one a step
        Why.
    targets_kw : NDArray, shape (n_steps,)
        Peak or limit that the reason speaks of; NaN where there is none. [kW]
    limits : tuple of tuple of str, one a step
        Names of the limits that bind.
    """

    reasons: tuple[Reason, ...]
    targets_kw: Floats
    limits: tuple[tuple[str, ...], ...]


def explain_series(site: Site, inputs: PlanInputs, problem: SiteProblem, series: PlannedSeries) -> Explanation:
    """Return why the series do what they do.

    Parameters
    ----------
    site, inputs, problem
        What was planned.
    series : PlannedSeries
        The plan.
    """
    peaks = _peaks(problem, series.import_kw)
    binding = _binding(site, inputs, series, peaks)
    reasons, targets = _reasons(site, problem, series, peaks)
    return Explanation(reasons=reasons, targets_kw=targets, limits=_names(binding, inputs.grid.n_steps))


def _names(binding: Mapping[str, Flags], n_steps: int) -> tuple[tuple[str, ...], ...]:
    names: list[tuple[str, ...]] = [()] * n_steps
    for name, flags in binding.items():
        alone = (name,)
        for step in np.flatnonzero(flags).tolist():
            names[step] += alone
    return tuple(names)


def _peaks(problem: SiteProblem, import_kw: Floats) -> dict[str, tuple[Floats, Flags]]:
    """By demand component: the line that its peak draws over its steps, and where the plan touches it."""
    lines: dict[str, tuple[Floats, Flags]] = {}
    for columns in problem.demand:
        line, touches = peak_line(columns, import_kw, TOLERANCE_KW)
        if columns.rule.id in lines:
            first_line, first_touches = lines[columns.rule.id]
            line, touches = np.fmin(first_line, line), first_touches | touches
        lines[columns.rule.id] = line, touches
    return lines


def _binding(
    site: Site, inputs: PlanInputs, series: PlannedSeries, peaks: Mapping[str, tuple[Floats, Flags]]
) -> dict[str, Flags]:
    binding: dict[str, Flags] = {}
    for battery in site.batteries:
        run = series.batteries[battery.id]
        limits = power_limits(battery, inputs.states[battery.id], inputs.grid.n_steps)
        soc = run.energy_kwh[1:] / battery.capacity_kwh
        binding[f"{battery.id}.charge_limit_kw"] = run.power_kw >= limits.charge_kw - TOLERANCE_KW
        binding[f"{battery.id}.discharge_limit_kw"] = -run.power_kw >= limits.discharge_kw - TOLERANCE_KW
        binding[f"{battery.id}.soc_min"] = soc <= battery.soc_floor + TOLERANCE_SOC
        binding[f"{battery.id}.soc_max"] = soc >= battery.soc_max - TOLERANCE_SOC
    connection = site.connection
    binding["connection.import_limit_kw"] = series.grid_kw >= connection.import_limit_kw - TOLERANCE_KW
    if connection.export_limit_kw > 0:
        binding["connection.export_limit_kw"] = -series.grid_kw >= connection.export_limit_kw - TOLERANCE_KW
    for name, (_, touches) in peaks.items():
        binding[name] = touches
    return binding


def _reasons(
    site: Site, problem: SiteProblem, series: PlannedSeries, peaks: Mapping[str, tuple[Floats, Flags]]
) -> tuple[tuple[Reason, ...], Floats]:
    n = len(series.grid_kw)
    power = sum((run.power_kw for run in series.batteries.values()), np.zeros(n))
    charging, discharging = power > TOLERANCE_KW, power < -TOLERANCE_KW
    target = np.full(n, np.inf)
    for line, touches in peaks.values():
        target = np.where(touches, np.fmin(target, line), target)
    shaving = discharging & np.isfinite(target)
    relieving = discharging & (series.grid_kw >= site.connection.import_limit_kw - TOLERANCE_KW)
    at_next_use = _at_next(discharging)
    for_peak = charging & _looked_up(shaving, at_next_use)
    surplus = series.grid_kw - power < -TOLERANCE_KW
    recovering = charging & _below_floor(site, series)
    choices = [
        (recovering, Reason.RECOVER_SOC),
        (relieving, Reason.RELIEVE_CONNECTION),
        (shaving, Reason.SHAVE_PEAK),
        (discharging & (series.grid_kw < -TOLERANCE_KW), Reason.EXPORT),
        (discharging, Reason.DISCHARGE_DEAR),
        (charging & surplus, Reason.STORE_SURPLUS),
        (charging & (problem.prices.import_per_kwh < 0), Reason.ABSORB_NEGATIVE_PRICE),
        (for_peak, Reason.CHARGE_FOR_PEAK),
        (charging, Reason.CHARGE_CHEAP),
        (~charging & ~discharging & _above_floor(site, series) & (at_next_use < n), Reason.HOLD),
    ]
    coded = np.full(n, len(choices))
    for code in reversed(range(len(choices))):
        coded[choices[code][0]] = code
    names = [reason for _, reason in choices] + [Reason.IDLE]
    spoken = np.full(n, np.nan)
    spoken[shaving] = target[shaving]
    spoken[relieving] = site.connection.import_limit_kw
    spoken[for_peak] = target[at_next_use[for_peak]]
    return tuple(names[code] for code in coded.tolist()), spoken


def _at_next(flags: Flags) -> NDArray[np.intp]:
    """Index of the next step for which the flag holds, after each step; the length where there is none."""
    n = len(flags)
    here = np.where(flags, np.arange(n), n)
    following = np.minimum.accumulate(here[::-1])[::-1]
    return np.append(following[1:], n)


def _looked_up(flags: Flags, index: NDArray[np.intp]) -> Flags:
    return np.append(flags, False)[index]


def _below_floor(site: Site, series: PlannedSeries) -> Flags:
    below = np.zeros(len(series.grid_kw), dtype=np.bool_)
    for battery in site.batteries:
        start = series.batteries[battery.id].energy_kwh[:-1] / battery.capacity_kwh
        below |= start < battery.soc_floor - TOLERANCE_SOC
    return below


def _above_floor(site: Site, series: PlannedSeries) -> Flags:
    above = np.zeros(len(series.grid_kw), dtype=np.bool_)
    for battery in site.batteries:
        start = series.batteries[battery.id].energy_kwh[:-1] / battery.capacity_kwh
        above |= start > battery.soc_floor + TOLERANCE_SOC
    return above
