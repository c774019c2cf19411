"""Opposite directions in one step: where the relaxation uses them, and the binaries that forbid them there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherm.optimization.model import Floats, Indices
from voltherm.optimization.problem import SiteProblem

OVERLAP_KW = 1e-4
"""Both directions above a tenth of a watt: more than a solver's tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """Two columns a step that exclude each other.

    Parameters
    ----------
    name : str
        The battery's id, or ``connection``.
    one, other : Indices, shape (n,)
        Columns of the two directions.
    """

    name: str
    one: Indices
    other: Indices


def exclusive_pairs(problem: SiteProblem) -> list[Pair]:
    """Return charge against discharge for each battery, and import against export."""
    pairs = [
        Pair(name=name, one=columns.charge_kw, other=columns.discharge_kw)
        for name, columns in problem.batteries.items()
    ]
    connection = problem.connection
    if len(connection.export_steps):
        together = connection.import_kw[connection.export_steps]
        pairs.append(Pair(name="connection", one=together, other=connection.export_kw))
    return pairs


def overlaps(pairs: list[Pair], x: Floats) -> dict[str, NDArray[np.intp]]:
    """Return, by pair, the positions at which a solution uses both directions."""
    found = {pair.name: np.flatnonzero(np.minimum(x[pair.one], x[pair.other]) > OVERLAP_KW) for pair in pairs}
    return {name: where for name, where in found.items() if len(where)}


def forbid(problem: SiteProblem, pairs: list[Pair], where: dict[str, NDArray[np.intp]]) -> None:
    """Add ``one <= upper * b`` and ``other <= upper * (1 - b)`` with a binary ``b`` at the given positions.

    Parameters
    ----------
    problem : SiteProblem
        Its model grows.
    pairs : list of Pair
        All pairs of the problem.
    where : dict of pair name to positions
        Where to forbid; positions that were forbidden before must not be given again.
    """
    model = problem.model
    upper = model.upper_bounds()
    for pair in pairs:
        positions = where.get(pair.name)
        if positions is None:
            continue
        one, other = pair.one[positions], pair.other[positions]
        switch = model.binaries(len(positions))
        rows = model.inequalities(np.zeros(len(positions)))
        model.put_below(rows, one, 1.0)
        model.put_below(rows, switch, -upper[one])
        rows = model.inequalities(upper[other])
        model.put_below(rows, other, 1.0)
        model.put_below(rows, switch, upper[other])
