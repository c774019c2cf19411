"""A building as it was learned, with all that tells how far to believe it."""

from __future__ import annotations

from dataclasses import dataclass

from voltherm.domain.assets.building import Building
from voltherm.domain.time import Interval
from voltherm.physics.identify_certainty import Correlation, Estimate
from voltherm.physics.identify_check import Errors, Whiteness
from voltherm.physics.identify_cop import CopFactor
from voltherm.physics.identify_model import Noise, Reading
from voltherm.physics.identify_state import Observer


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedBuilding:
    """A building of one room, learned from measurements.

    Parameters
    ----------
    building : Building
        With the learned parameters; what was not learned is the preset's.
    noise : Noise
        How far house and thermometer stray from the network; the observer needs it.
    heat_lag_h : float
        How much later heat is seen than given: of emitters and thermometer. No plan counts it. [h]
    reading : Reading
        What the thermometer's readings stand for.
    step_h : float
        Length of the steps of the fit. [h]
    estimates : tuple of Estimate
        Totals first (`total_loss_kw_per_k`, `total_capacity_kwh_per_k`, time constants), then every parameter.
    correlation : Correlation
        Of the parameters' errors.
    cop_factor : CopFactor or None
        Measured over modelled COP; None where no electric power was given.
    window : Interval
        What the parameters were fitted to.
    days : float
        Of it with all inputs and a reading.
    held_out : Interval
        What the errors were counted on: a first fit did not see it.
    errors : Errors
        Of that first fit there.
    whiteness : Whiteness
        Of the one-step errors within the window.
    at_bounds : tuple of str
        Parameters that ended where the search may not go on.
    not_learned : tuple of str
        Parameters of which the data say nothing.
    notes : tuple of str
        What else is to be known, in words.
    """

    building: Building
    noise: Noise
    heat_lag_h: float
    reading: Reading
    step_h: float
    estimates: tuple[Estimate, ...]
    correlation: Correlation
    cop_factor: CopFactor | None
    window: Interval
    days: float
    held_out: Interval
    errors: Errors
    whiteness: Whiteness
    at_bounds: tuple[str, ...] = ()
    not_learned: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def estimate(self, name: str) -> Estimate:
        """Return the estimate of that name.

        Raises
        ------
        KeyError
            When there is none.
        """
        return {known.name: known for known in self.estimates}[name]

    @property
    def heat_factor(self) -> float:
        """Heat over the heat that the data sheet makes of the electric power; 1 where heat was measured."""
        known = {estimate.name: estimate.value for estimate in self.estimates}
        return known.get("heat_factor", 1.0)

    @property
    def observer(self) -> Observer:
        """What `estimate_temps` follows the temperatures with, from heat as a heat meter would show it."""
        return Observer(building=self.building, noise=self.noise, reading=self.reading, heat_lag_h=self.heat_lag_h)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The learned building should be used.

    Parameters
    ----------
    learned : LearnedBuilding
        What was learned.
    why : str
        What it is better than, and by how much.
    """

    learned: LearnedBuilding
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The present model stays.

    Parameters
    ----------
    why : tuple of str
        Every reason, with its figures and what would help.
    learned : LearnedBuilding or None
        What was found nevertheless; None where the data were not fit to learn from.
    """

    why: tuple[str, ...]
    learned: LearnedBuilding | None = None
