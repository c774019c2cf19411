"""Whether measurements are fit to learn a building from: long enough, in the right units, of sensors that move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from voltherm.application.learn_evidence import HEAT, OUTDOOR, POWER, ROOM, SUN, Evidence
from voltherm.domain.assets.building import Building
from voltherm.physics.identify_model import Floats

LEAST_DAYS: Final = 3.0
"""Usable days below which nothing is learned: gains and losses repeat by the day."""
ROOM_C: Final = (5.0, 35.0)
OUTDOOR_C: Final = (-50.0, 35.0)
"""Where the medians of heated houses lie; beyond, the unit is wrong. [degC]"""
FAHRENHEIT_ROOM: Final = (41.0, 95.0)
MOST_SUN_W_M2: Final = 1500.0
LEAST_SUN_W_M2: Final = 2.0
"""No site's irradiance is above the first, nor its maximum over days below the second: kW/m2 then. [W/m2]"""
STUCK_ROOM_SHARE, STUCK_OUTDOOR_SHARE = 0.9, 0.5
"""A thermometer that shows one value for so much of the time is stuck; a good control may hold a coarse one long."""
LEAST_LIFT_K: Final = 5.0
"""Mean of room over outdoors below which the losses drown in the gains. [K]"""
NEGATIVE_SHARE: Final = 0.02
"""Negative heat up to this share of the greatest is a meter's noise; more is a sign or a cooling house."""
FAR_OFF: Final = 7.0
"""Loss by the energy balance over the preset's, or the reverse, beyond which one of them is of another house."""
WATTS: Final = 100.0
"""As above, beyond which the heat is in W."""
STEADY_HEAT: Final = 0.02
"""Spread of the heat over its mean below which it says nothing."""

SLOW_WINDOW_H: Final = 4.0
MOVED_K: Final = 1.0
"""Range (95 %) of the room's mean over four hours from which the mass is charged and discharged. [K]"""
SWITCHED_SHARE: Final = 0.5
"""Deviation of the heat from its mean over six hours, over the mean heat, from which it goes on and off."""
SWITCHED_RANGE_K: Final = 0.5
SWITCH_WINDOW_H: Final = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Excitation:
    """How much the house was moved.

    Parameters
    ----------
    slow_range_k : float
        95 % range of the room's mean over four hours. [K]
    range_k : float
        95 % range of the room. [K]
    switched_share : float
        Deviation of the heat from its mean over six hours, over the mean heat.
    """

    slow_range_k: float
    range_k: float
    switched_share: float

    @property
    def is_moved(self) -> bool:
        """Whether the slow mass was charged: a night setback does it, or a day of sun."""
        return self.slow_range_k >= MOVED_K

    @property
    def shows_capacity(self) -> bool:
        """Whether the capacities can be learned.

        Where a control holds the room within a few tenths, its heat answers every disturbance at once; a fit takes that
        for a house too heavy to move. Heat that is switched on and off moves the room by itself.
        """
        return self.is_moved or (self.switched_share >= SWITCHED_SHARE and self.range_k >= SWITCHED_RANGE_K)


def refusals(evidence: Evidence, preset: Building) -> tuple[str, ...]:
    """Return why nothing can be learned from the evidence, each with figures and a remedy; empty where it can.

    Parameters
    ----------
    evidence : Evidence
        What was measured.
    preset : Building
        What the house is thought to be.
    """
    too_short = tuple(_too_short(evidence))
    if too_short:
        return too_short
    units = (*_wrong_temperatures(evidence), *_wrong_sun(evidence), *_wrong_heat(evidence))
    stuck = (
        *_stuck(ROOM, evidence.room_c, STUCK_ROOM_SHARE),
        *_stuck(OUTDOOR, evidence.outdoor_c, STUCK_OUTDOOR_SHARE),
    )
    return units or stuck or (*_wrong_balance(evidence, preset), *_no_excitation(evidence))


def excitation_of(evidence: Evidence) -> Excitation:
    """Return how much the house was moved."""
    readings, heat = evidence.record.readings_c, evidence.record.inputs[:, 2]
    slow = _moving_mean(readings, SLOW_WINDOW_H / evidence.record.step_h)
    swing = heat - _moving_mean(heat, SWITCH_WINDOW_H / evidence.record.step_h)
    return Excitation(
        slow_range_k=_range(slow),
        range_k=_range(readings),
        switched_share=float(np.nanstd(swing) / max(float(heat.mean()), 1e-9)),
    )


def _too_short(evidence: Evidence) -> Iterator[str]:
    days = evidence.days()
    if days < LEAST_DAYS:
        yield (
            f"{days:.1f} usable days, at least {LEAST_DAYS:g} are needed: steps with {ROOM}, {OUTDOOR} and heat, in "
            "stretches of half a day or more"
        )


def _wrong_temperatures(evidence: Evidence) -> Iterator[str]:
    room, outdoor = float(np.nanmedian(evidence.room_c)), float(np.nanmedian(evidence.outdoor_c))
    if FAHRENHEIT_ROOM[0] <= room <= FAHRENHEIT_ROOM[1]:
        yield f"{ROOM} has a median of {room:.0f}: degrees Fahrenheit? Give degC"
    elif not ROOM_C[0] <= room <= ROOM_C[1]:
        yield f"{ROOM} has a median of {room:.0f} degC, heated rooms have {ROOM_C[0]:g} to {ROOM_C[1]:g}"
    if not OUTDOOR_C[0] <= outdoor <= OUTDOOR_C[1]:
        yield (
            f"{OUTDOOR} has a median of {outdoor:.0f} degC, outside {OUTDOOR_C[0]:g} to {OUTDOOR_C[1]:g}: degrees "
            "Fahrenheit, or kelvin? Give degC"
        )


def _wrong_sun(evidence: Evidence) -> Iterator[str]:
    most = float(np.nanmax(evidence.irradiance_w_m2)) if evidence.has_sun else 0.0
    if most > MOST_SUN_W_M2:
        yield f"{SUN} reaches {most:.0f} W/m2, more than the sun gives: check its unit"
    if 0 < most < LEAST_SUN_W_M2:
        yield f"{SUN} never exceeds {most:.2f} W/m2: is it in kW/m2? Multiply by 1000, or leave the column out"


def _wrong_heat(evidence: Evidence) -> Iterator[str]:
    name = POWER if evidence.is_heat_modelled else HEAT
    most, least = float(np.nanmax(evidence.heat_kw)), float(np.nanmin(evidence.heat_kw))
    if most <= 0:
        yield f"{name} is never above 0: nothing was heated, or the sign is wrong; heat into the room is positive"
    elif least < -NEGATIVE_SHARE * most:
        yield f"{name} goes down to {least:.2f} kW: heat into the room is positive; leave cooling out (NaN)"


def _stuck(name: str, values: Floats, most_share: float) -> Iterator[str]:
    known = values[np.isfinite(values)]
    _, counts = np.unique(known, return_counts=True)
    if counts.max() > most_share * known.size:
        share = 100.0 * counts.max() / known.size
        yield f"{name} shows one value for {share:.0f} % of the time: the sensor is stuck, or too coarse"


def _wrong_balance(evidence: Evidence, preset: Building) -> Iterator[str]:
    """The mean heat over the mean lift, held against the preset's loss."""
    record = evidence.record
    lift_k = float(np.nanmean(record.readings_c - record.inputs[:, 0]))
    if lift_k < LEAST_LIFT_K:
        yield (
            f"the room is {lift_k:.1f} K warmer than outdoors on average, at least {LEAST_LIFT_K:g} K are needed to "
            "see losses: learn in the heating season; or is a temperature in another unit?"
        )
        return
    heat_kw, expected = float(record.inputs[:, 2].mean()), preset.loss_kw_per_k
    loss = (heat_kw + preset.rooms[0].internal_gain_kw) / lift_k
    facts = f"{heat_kw:.3g} kW of heat hold {lift_k:.1f} K: {loss:.3g} kW/K, where the preset has {expected:.3g}"
    if loss > WATTS * expected:
        yield f"{facts}: is the heat in W? Give kW"
    elif loss > FAR_OFF * expected or loss < expected / FAR_OFF:
        yield f"{facts}: check floor area and insulation, units, and whether the heat meter covers this house alone"


def _no_excitation(evidence: Evidence) -> Iterator[str]:
    heat = evidence.record.inputs[:, 2]
    if heat.std() < STEADY_HEAT * heat.mean():
        yield f"the heat stays at {heat.mean():.2f} kW all the time: nothing can be learned from a house at rest"


def _moving_mean(values: Floats, width: float) -> Floats:
    """Mean over a centred window of the values that are there, as long as the input."""
    window = np.ones(max(1, round(width)))
    known = np.isfinite(values)
    total = np.convolve(np.where(known, values, 0.0), window, "same")
    count = np.convolve(known.astype(float), window, "same")
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1.0), np.nan))


def _range(values: Floats) -> float:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(high - low)
