"""The parameters of a house, from several starts, and what its thermometer's readings stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voltherm.physics.identify_check import ahead_rmse_k
from voltherm.physics.identify_filter import Record
from voltherm.physics.identify_fit import Fit, fit
from voltherm.physics.identify_model import PLACE, Floats, Reading
from voltherm.physics.identify_prior import Prior

QUICK_HOUSE: Final = {"capacitance_kwh_per_k": -0.7, "mass_capacitance_kwh_per_k": -0.7, "loss_kw_per_k": 0.7}
SLOW_HOUSE: Final = {"capacitance_kwh_per_k": 0.7, "mass_capacitance_kwh_per_k": 0.7, "loss_kw_per_k": -0.7}
"""Further starts of the search, in spreads from the preset: a house that answers quickly, and one that is slow."""
SAME_COST: Final = 0.5
"""Searches that end this close in the logarithm of the likelihood found the same house."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What was found.

    Parameters
    ----------
    fit : Fit
        The most likely parameters.
    reading : Reading
        What the readings stand for.
    agreeing_starts, n_starts : int
        How many of the searches ended at the same house.
    """

    fit: Fit
    reading: Reading
    agreeing_starts: int
    n_starts: int


def identify(prior: Prior, record: Record, reading: Reading | None) -> Identified:
    """Return the most likely parameters of several searches.

    Parameters
    ----------
    prior : Prior
        What is thought before, and what is searched.
    record : Record
        What was measured.
    reading : Reading or None
        What the readings stand for; None finds it.
    """
    known, first = (reading, fit(prior, record, reading)) if reading is not None else find_reading(prior, record)
    fits = [first, *(fit(prior, record, known, _moved(prior, shift)) for shift in (QUICK_HOUSE, SLOW_HOUSE))]
    best = min(fits, key=lambda found: found.cost)
    agreeing = sum(found.cost < best.cost + SAME_COST for found in fits)
    return Identified(fit=best, reading=known, agreeing_starts=agreeing, n_starts=len(fits))


def find_reading(prior: Prior, record: Record) -> tuple[Reading, Fit]:
    """Return what the readings seem to stand for, with the fit under it.

    They are means, as all measurements are, unless an instant makes the record more likely *and* its forecasts of a day
    better. The likelihood alone would take the lag of a radiator for an instant, and the forecasts alone a wrong
    capacitance for a right one.

    Parameters
    ----------
    prior : Prior
        What is thought before, and what is searched.
    record : Record
        What was measured.
    """
    best, best_fit = Reading.MEAN, fit(prior, record, Reading.MEAN)
    best_rmse_k = ahead_rmse_k(best_fit.values, record, best)
    for other in (Reading.START, Reading.END):
        found = fit(prior, record, other, best_fit.searched)
        rmse_k = ahead_rmse_k(found.values, record, other)
        if found.cost < best_fit.cost and rmse_k < best_rmse_k:
            best, best_fit, best_rmse_k = other, found, rmse_k
    return best, best_fit


def _moved(prior: Prior, shift: dict[str, float]) -> Floats:
    start = prior.centre.copy()
    for name, spreads in shift.items():
        start[PLACE[name]] += spreads * prior.spread[PLACE[name]]
    return start
