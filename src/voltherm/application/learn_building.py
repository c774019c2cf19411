"""A building learned from measurements, if it is better than the one in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np

from voltherm.application.learn_checks import Excitation, excitation_of, refusals
from voltherm.application.learn_evidence import HEAT, POWER, SUN, Evidence, gather_evidence
from voltherm.application.learn_verdict import compare, faults_of
from voltherm.domain.assets.building import Building
from voltherm.domain.assets.heat_pump import HeatPump
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import utc_instant
from voltherm.physics.identify import Identified, identify
from voltherm.physics.identify_certainty import certainty_of, correlation_of
from voltherm.physics.identify_check import errors_of, whiteness_of
from voltherm.physics.identify_cop import CopFactor, factor_of, learn_cop
from voltherm.physics.identify_fit import fit
from voltherm.physics.identify_model import (
    APERTURE,
    HEAT_FACTOR,
    HEAT_LAG,
    PLACE,
    Floats,
    Reading,
    building_with,
    noise_of,
)
from voltherm.physics.identify_prior import AIR_MULTIPLE, Prior, prior_of
from voltherm.physics.identify_result import Accepted, LearnedBuilding, Refused

HELD_OUT_SHARE: Final = 0.2
"""Last part of the measurements, which the first fit does not see."""
LEAST_FITTED_SHARE: Final = 0.25
LEAST_CHECK_H: Final = 12.0
"""Of readings in the part held out. [h]"""
WHITE: Final = 0.01
"""Errors that white noise would show more rarely are not white."""
SAME: Final = 0.999
CAPACITIES: Final = ("capacitance_kwh_per_k", "mass_capacitance_kwh_per_k")
SUN_FIELDS: Final = ("solar_aperture_m2", "solar_to_mass")


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnOptions:
    """Choices of a fit.

    Parameters
    ----------
    reading : Reading or None
        What the values of the room's thermometer stand for; None finds it. Data finer than a quarter of an hour are
        averaged, and are means.
    check_from : datetime or None
        Measurements from here on are held out of the first fit; None holds out the last fifth.
    refits : bool
        Whether the parameters are fitted once more, to everything, after the check.
    """

    reading: Reading | None = None
    check_from: datetime | None = None
    refits: bool = True


def learn_building(
    measurements: Measurements,
    preset: Building,
    *,
    present: LearnedBuilding | None = None,
    pump: HeatPump | None = None,
    options: LearnOptions | None = None,
) -> Accepted | Refused:
    """Return the building that the measurements show, if it foretells them better than the one in use.

    The parameters are fitted to the first part of the measurements and tried on the rest, against the model in use; the
    one whose forecasts of up to a day err less is kept. See `docs/learning.md` for the method.

    Parameters
    ----------
    measurements : Measurements
        ``t_in_c``, ``t_out_c``, and ``heat_kw`` into the rooms (hot water left out) or ``power_kw`` of the heat pump;
        ``irradiance_w_m2`` where known. NaN is a gap.
    preset : Building
        What the house is thought to be: one room, with a mass (2R2C) or without (1R1C), as it is then learned.
    present : LearnedBuilding or None
        The model in use; None means the preset.
    pump : HeatPump or None
        The data sheet, for the COP; needed where there is no ``heat_kw``.
    options : LearnOptions or None
        Choices; None takes the defaults.

    Raises
    ------
    InvalidInputError
        When a needed column is missing, the preset has several rooms, or the part to be held out is too short.
    """
    chosen = LearnOptions() if options is None else options
    evidence = gather_evidence(measurements, preset, pump)
    why = refusals(evidence, preset)
    if why:
        return Refused(why=why)
    fits = _fits(evidence, preset, chosen)
    try:
        building = _building(preset, fits.final, evidence)
    except InvalidInputError as error:
        return Refused(why=(f"no such house exists: {error}",))
    learned = _learned(building, fits, evidence, _cop_factor(measurements, evidence, pump, fits.final))
    faults = faults_of(fits.first, learned)
    if faults:
        return Refused(why=faults, learned=learned)
    return compare(learned, preset if present is None else present, evidence.record, fits.n_checked_from)


class _Fits(NamedTuple):
    """The fit that is checked, the one that is used, and what they saw."""

    first: Identified
    final: Identified
    fitted: slice
    n_checked_from: int
    excitation: Excitation


def _fits(evidence: Evidence, preset: Building, options: LearnOptions) -> _Fits:
    """Fit to the first part, and once more to everything; a capacity that nothing showed is discarded in both."""
    n_fitted, excitation = _split(evidence, options), excitation_of(evidence)
    reading = Reading.MEAN if evidence.is_averaged else options.reading
    first = identify(_prior(preset, evidence), evidence.record.part(slice(0, n_fitted)), reading)
    final = _refitted(first, evidence) if options.refits else first
    if not excitation.shows_capacity:
        first, final = (replace(found, fit=found.fit.discarding(*CAPACITIES)) for found in (first, final))
    fitted = slice(0, evidence.record.n_steps if options.refits else n_fitted)
    return _Fits(first, final, fitted, n_fitted, excitation)


def _learned(building: Building, fits: _Fits, evidence: Evidence, cop_factor: CopFactor | None) -> LearnedBuilding:
    """What was learned, with how sure it is."""
    first, final, record = fits.first, fits.final, evidence.record
    learned = LearnedBuilding(
        building=building,
        noise=noise_of(final.fit.values),
        heat_lag_h=float(final.fit.values[PLACE[HEAT_LAG]]),
        reading=final.reading,
        step_h=record.step_h,
        estimates=certainty_of(final.fit, is_moved=fits.excitation.is_moved),
        correlation=correlation_of(final.fit),
        cop_factor=cop_factor,
        window=evidence.window(fits.fitted),
        days=evidence.days(fits.fitted),
        held_out=evidence.window(slice(fits.n_checked_from, None)),
        errors=errors_of(_as_shipped(first, building), record, first.reading, fits.n_checked_from),
        whiteness=whiteness_of(final.fit.values, record.part(fits.fitted), final.reading),
        at_bounds=final.fit.at_bounds,
        not_learned=_not_learned(evidence, fits.excitation),
    )
    return replace(learned, notes=tuple(_notes(learned, final, evidence, fits.excitation)))


def _split(evidence: Evidence, options: LearnOptions) -> int:
    """Steps of the record that the first fit sees."""
    record = evidence.record
    if options.check_from is None:
        later = (
            np.cumsum(np.isfinite(record.readings_c)[::-1])[::-1] * record.step_h
        )  # [h] of readings from each step on
        n_fitted = min(round((1.0 - HELD_OUT_SHARE) * record.n_steps), int((later >= LEAST_CHECK_H).sum()) - 1)
    else:
        from_step = (utc_instant(options.check_from, "check_from") - evidence.grid.start) / evidence.grid.step
        n_fitted = int(np.searchsorted(evidence.steps, from_step - 1.0, side="right"))
    kept_h = 24.0 * evidence.days(slice(n_fitted, None))
    if n_fitted < LEAST_FITTED_SHARE * record.n_steps or kept_h < LEAST_CHECK_H:
        message = (
            f"check_from: {options.check_from} leaves {n_fitted * record.step_h:.0f} h to fit and {kept_h:.0f} h to "
            f"check on; leave a quarter of the measurements to fit and {LEAST_CHECK_H:g} h to check"
        )
        raise InvalidInputError(message)
    return n_fitted


def _prior(preset: Building, evidence: Evidence) -> Prior:
    prior = prior_of(preset)
    if evidence.is_heat_modelled:
        prior = prior.searching(HEAT_FACTOR)
    if not evidence.has_sun:
        prior = prior.dropping(*SUN_FIELDS)
    return prior


def _refitted(first: Identified, evidence: Evidence) -> Identified:
    """The first fit, moved on to everything that was measured."""
    return replace(first, fit=fit(first.fit.prior, evidence.record, first.reading, first.fit.searched))


def _building(preset: Building, found: Identified, evidence: Evidence) -> Building:
    prior = found.fit.prior
    capacities = [name for name in CAPACITIES if name not in prior.absent]
    building = building_with(preset, found.fit.values, (*prior.names, *capacities))
    if evidence.has_sun:
        return building
    return replace(building, rooms=(replace(building.rooms[0], solar_aperture_m2=0.0, solar_to_mass=0.0),))


def _as_shipped(found: Identified, building: Building) -> Floats:
    """The parameters with no more window than the building was allowed."""
    values = found.fit.values.copy()
    values[PLACE[APERTURE]] = min(values[PLACE[APERTURE]], building.rooms[0].solar_aperture_m2)
    return values


def _cop_factor(
    measurements: Measurements, evidence: Evidence, pump: HeatPump | None, found: Identified
) -> CopFactor | None:
    if pump is None or POWER not in measurements.columns:
        return None
    if evidence.is_heat_modelled:
        at = PLACE[HEAT_FACTOR]
        deviation = float(np.sqrt(found.fit.covariance[at, at]))
        return factor_of(float(found.fit.values[at]), deviation, is_learned=False)
    power, heat, outdoor = (measurements.column(name) for name in (POWER, HEAT, "t_out_c"))
    return learn_cop(pump, power, heat, outdoor, measurements.grid.epoch_seconds)


def _not_learned(evidence: Evidence, excitation: Excitation) -> tuple[str, ...]:
    held = () if excitation.shows_capacity else CAPACITIES
    dark = () if evidence.has_sun else SUN_FIELDS
    factor = (HEAT_FACTOR,) if evidence.is_heat_modelled else ()
    return (*held, *dark, *factor)


def _notes(learned: LearnedBuilding, found: Identified, evidence: Evidence, excitation: Excitation) -> Iterator[str]:
    if not excitation.shows_capacity:
        yield (
            f"the room moved by {excitation.range_k:.1f} K only: the mass's capacity is the preset's, the air's is "
            f"{AIR_MULTIPLE:g} times the preset's; a night in which it may cool by 1.5 K would show them"
        )
    elif not excitation.is_moved:
        yield (
            "the room swung about one temperature: the capacity is uncertain; a night in which it may cool by 1.5 K "
            "would show it"
        )
    if not evidence.has_sun:
        yield f"no {SUN!r}: the mean of the sun is among the internal gains, and the windows are left out"
    if evidence.is_heat_modelled:
        yield "the heat is the data sheet's: losses, capacities and COP are known only in proportion to each other"
    if learned.whiteness.p_value < WHITE:
        yield (
            f"what is left over is not white (lag-one correlation {learned.whiteness.lag_one:.2f}): two temperatures "
            "do not tell everything, and the intervals may be too narrow"
        )
    if found.agreeing_starts < found.n_starts:
        yield f"{found.agreeing_starts} of {found.n_starts} searches ended here, the others at less likely houses"
    if learned.at_bounds:
        yield f"further from the preset than houses differ: {', '.join(learned.at_bounds)}"
    found_m2, kept_m2 = float(found.fit.values[PLACE[APERTURE]]), learned.building.rooms[0].solar_aperture_m2
    if evidence.has_sun and kept_m2 < SAME * found_m2:
        yield f"windows of {found_m2:.1f} m2 would overheat the house unheated: cut to {kept_m2:.1f} m2"
