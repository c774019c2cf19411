"""Whether a learned building is to be believed, and whether it is better than the one in use."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from voltherm.domain.assets.building import Building
from voltherm.physics.identify import Identified
from voltherm.physics.identify_certainty import total_loss_estimate
from voltherm.physics.identify_check import ahead_rmse_k
from voltherm.physics.identify_filter import Record
from voltherm.physics.identify_result import Accepted, LearnedBuilding, Refused

MOST_FREE_RUN_K: Final = 2.0
"""A simulation that strays further is of no use to a plan. [K]"""
MOST_LOSS_SD: Final = 0.2
"""Standard deviation of the loss's logarithm beyond which nothing was learned: 95 % within a factor of 1.5."""
SIZES: Final = ("capacitance_kwh_per_k", "loss_kw_per_k", "mass_capacitance_kwh_per_k", "solar_aperture_m2")
"""Parameters that no house has at the bounds of the search; a share may well be 0 or 1, and a loss all in the mass."""
DRIFT: Final = 3.0
"""All data may show a loss that differs from the first part's by so many of its standard deviations."""


def faults_of(first: Identified, learned: LearnedBuilding) -> tuple[str, ...]:
    """Return why a learned building is not to be believed, each reason with its figures; empty where it is.

    Parameters
    ----------
    first : Identified
        The fit that did not see the held-out part.
    learned : LearnedBuilding
        What came of it.
    """
    return (*_search_faults(first), *_loss_faults(first, learned), *_simulation_faults(learned))


def compare(
    learned: LearnedBuilding, rival: LearnedBuilding | Building, record: Record, n_fitted: int
) -> Accepted | Refused:
    """Return which of two models foretells the held-out part better: forecasts of up to a day, by RMSE.

    Parameters
    ----------
    learned : LearnedBuilding
        The new one, with its errors there.
    rival : LearnedBuilding or Building
        The one in use; a mere building is followed with the new one's noise and lag.
    record : Record
        What was measured, fitted part first.
    n_fitted : int
        Steps before the held-out ones.
    """
    if isinstance(rival, Building):
        name, observer = "preset", replace(learned.observer, building=rival)
    else:
        name = f"model of {rival.window.end:%Y-%m-%d}"
        observer = replace(rival.observer, reading=learned.reading, heat_factor=rival.heat_factor)
    own_k = learned.errors.ahead_rmse_k
    other_k = ahead_rmse_k(observer.values()[0], record, learned.reading, n_fitted)
    facts = f"forecasts of up to a day over {learned.errors.hours:.0f} held-out hours err by {own_k:.2f} K RMSE"
    if own_k < other_k:
        return Accepted(learned=learned, why=f"{facts}, those of the {name} by {other_k:.2f} K")
    return Refused(why=(f"{facts}, those of the {name} by {other_k:.2f} K: the {name} stays",), learned=learned)


def _search_faults(first: Identified) -> Iterator[str]:
    if not first.fit.is_converged:
        yield (
            "the search did not end: no set of parameters explains the measurements; do the columns belong together, "
            "and are their times aligned?"
        )
    stuck = [name for name in first.fit.at_bounds if name in SIZES]
    if stuck:
        yield (
            f"{', '.join(stuck)} ended as far from the preset as the search may go: no such house exists; check units, "
            "and whether all columns are of this house"
        )


def _loss_faults(first: Identified, learned: LearnedBuilding) -> Iterator[str]:
    loss, before = learned.estimate("total_loss_kw_per_k"), total_loss_estimate(first.fit)
    if loss.relative_sd > MOST_LOSS_SD:
        yield (
            f"the loss is somewhere from {loss.low:.3g} to {loss.high:.3g} kW/K: too uncertain; more days, or colder "
            "ones, would help"
        )
    if abs(math.log(loss.value / before.value)) > DRIFT * before.relative_sd:
        yield (
            f"the first part shows a loss of {before.value:.3g} kW/K, all data {loss.value:.3g}: the house changed, or "
            "a sensor did; learn again from the time after"
        )


def _simulation_faults(learned: LearnedBuilding) -> Iterator[str]:
    errors = learned.errors
    if not errors.free_run_rmse_k <= MOST_FREE_RUN_K:
        yield (
            f"simulated through the held-out {errors.hours:.0f} h the room strays by {errors.free_run_rmse_k:.2f} K "
            f"RMSE, at most {MOST_FREE_RUN_K:g} K is of use: was there heat that nobody measured, or an open window?"
        )
