"""The step that is running when a plan is made: what has flowed in it is a fact, only the rest can be decided.

The plan keeps its equal steps. In the first one, of which the share ``left`` is still to come, every series is the mean
over the *whole* step, so that energy, peak and SOC come out as they will be metered:

``load'_0 = (1 - left) * (grid mean so far - standby) + left * load_0``,
``pv'_0 = left * pv_0``, ``limit'_0 = left * limit_0``,

and a planned mean ``p_0`` over the whole step is the power ``p_0 / left`` over its rest.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.series import Provenance, Series
from voltherm.domain.site import Site


def partial_powers(site: Site, power_kw: Mapping[str, Series], mean_so_far_kw: float, left: float) -> dict[str, Series]:
    """Return loads and plants with a first step that counts what has flowed at the meter so far. [kW].

    Parameters
    ----------
    site : Site
        Its first load carries what has flowed; a site without loads gets its forecasts back.
    power_kw : Mapping of asset id to Series
        Expected means over whole steps.
    mean_so_far_kw : float
        Mean of the meter over the part of the step that is over, import positive. [kW]
    left : float
        Share of the step that is still to come, above 0 and at most 1.
    """
    if not site.loads:
        return dict(power_kw)
    flowed_kw = (1.0 - left) * (mean_so_far_kw - site.standby_kw)
    partial: dict[str, Series] = {}
    for name, series in power_kw.items():
        values = series.values.copy()
        values[0] *= left
        if name == site.loads[0].id:
            values[0] += flowed_kw
        partial[name] = Series(series.grid, values, _noted(series.provenance, left))
    return partial


def partial_limits(
    rating_kw: float, now_kw: float | None, n_hold: int, n_steps: int, left: float
) -> NDArray[np.float64]:
    """Return a battery's limit for each step, shape (n_steps,). [kW].

    Parameters
    ----------
    rating_kw : float
        The battery's own limit. [kW]
    now_kw : float or None
        What it allows now, for the first ``n_hold`` steps. [kW]
    n_hold, n_steps : int
        Steps that the limit of now holds for, and all steps.
    left : float
        Share of the first step that is still to come.
    """
    limits = np.full(n_steps, rating_kw)
    if now_kw is not None:
        limits[:n_hold] = min(now_kw, rating_kw)
    limits[0] *= left
    return limits


def _noted(origin: Provenance, left: float) -> Provenance:
    note = f"first step: {1.0 - left:.0%} of it metered"
    return Provenance(
        source=origin.source,
        quality=origin.quality,
        issued_at=origin.issued_at,
        note=f"{origin.note}; {note}" if origin.note else note,
    )
