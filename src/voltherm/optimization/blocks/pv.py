"""PV: curtailed power as columns, where there is something to curtail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherm.domain.assets import Pv
from voltherm.optimization.model import Floats, Indices, Model

LEAST_KW = 1e-6
"""PV below a milliwatt is used as it comes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PvColumns:
    """Columns of one PV plant.

    Parameters
    ----------
    curtailed_kw : Indices, shape (n_sunny,)
        Power not used, in the steps ``steps``.
    steps : Indices, shape (n_sunny,)
        Steps with power to curtail.
    """

    curtailed_kw: Indices
    steps: Indices


def add_pv(model: Model, plant: Pv, available_kw: Floats) -> PvColumns:
    """Add ``0 <= curtailed <= available``; a curtailed kW is drawn back from what the model's fixed net power gives.

    Parameters
    ----------
    model : Model
        Receives the columns; its fixed net power already counts all of ``available_kw``.
    plant : Pv
        Parameters.
    available_kw : NDArray, shape (n_steps,)
        Power that the sun offers. [kW]
    """
    steps = np.flatnonzero(available_kw > LEAST_KW) if plant.curtailable else np.zeros(0, dtype=np.intp)
    curtailed = model.columns(len(steps), 0.0, available_kw[steps])
    model.draw(curtailed, steps, 1.0)
    return PvColumns(curtailed_kw=curtailed, steps=steps)
