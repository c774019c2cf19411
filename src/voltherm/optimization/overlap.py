"""What excludes each other in a step: where the relaxation uses both, and the binaries that forbid it there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherm.optimization.blocks.heat_pump import heating_ends
from voltherm.optimization.model import Floats, Indices
from voltherm.optimization.problem import SiteProblem

OVERLAP_KW = 1e-4
"""Both above a tenth of a watt, or of a millikelvin: more than a solver's tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """Two columns a step that exclude each other.

    Parameters
    ----------
    name : str
        The battery's id, ``connection``, or heat pump, node and heat.
    one, other : Indices, shape (n,)
        Columns of the two directions; or of a node's temperature, and of the heat that it ends.
    above : NDArray, shape (n,), or float
        What ``one`` may have besides ``other``.
    """

    name: str
    one: Indices
    other: Indices
    above: Floats | float = 0.0


def exclusive_pairs(problem: SiteProblem) -> list[Pair]:
    """Return charge against discharge for each battery, import against export, and heat against being too warm."""
    pairs = [
        Pair(name=name, one=columns.charge_kw, other=columns.discharge_kw)
        for name, columns in problem.batteries.items()
    ]
    connection = problem.connection
    if len(connection.export_steps):
        together = connection.import_kw[connection.export_steps]
        pairs.append(Pair(name="connection", one=together, other=connection.export_kw))
    for name, columns in problem.heat_pumps.items():
        pairs += [
            Pair(name=f"{name}.{end.name}", one=end.gained_k, other=end.heat, above=end.limit_k)
            for end in heating_ends(problem.heat[name], columns)
        ]
    return pairs


def overlaps(pairs: list[Pair], x: Floats) -> dict[str, NDArray[np.intp]]:
    """Return, by pair, the positions at which a solution uses both directions."""
    found = {
        pair.name: np.flatnonzero(np.minimum(x[pair.one] - pair.above, x[pair.other]) > OVERLAP_KW) for pair in pairs
    }
    return {name: where for name, where in found.items() if len(where)}


def forbid(problem: SiteProblem, pairs: list[Pair], where: dict[str, NDArray[np.intp]]) -> None:
    """Add ``one - above <= (upper - above) b`` and ``other <= upper (1 - b)`` with a binary ``b`` at the positions.

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
        above = np.broadcast_to(pair.above, pair.one.shape)[positions]
        switch = model.binaries(len(positions))
        rows = model.inequalities(above)
        model.put_below(rows, one, 1.0)
        model.put_below(rows, switch, above - upper[one])
        rows = model.inequalities(upper[other])
        model.put_below(rows, other, 1.0)
        model.put_below(rows, switch, upper[other])
