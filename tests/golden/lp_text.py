"""A linear problem as text, in the LP format that every solver reads, with the names that blocks give their columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from voltherm.optimization.model import Indices, Model


def lp_text(model: Model, named: Mapping[str, Indices]) -> str:
    """Return the model as LP text.

    Parameters
    ----------
    model : Model
        Balance rows first.
    named : Mapping of name to Indices
        Columns by name, the first that holds a column counts; one that is in none is called ``x<index>``.
    """
    linear = model.build()
    names = [f"x{index}" for index in range(len(linear.cost))]
    for name, columns in reversed(named.items()):
        for place, column in enumerate(np.atleast_1d(columns).tolist()):
            names[column] = f"{name}_{place}"
    lines = ["Minimize", f" cost: {_sum(linear.cost, names, linear.offset)}", "Subject To"]
    n_balance = len(model.balance)
    for row, rhs in zip(linear.equality.toarray(), linear.equality_rhs, strict=True):
        number = len(lines) - 3
        label = f"balance_{number}" if number < n_balance else f"equal_{number - n_balance}"
        lines.append(f" {label}: {_sum(row, names)} = {rhs + 0.0:.12g}")
    rows = zip(linear.inequality.toarray(), linear.inequality_upper, strict=True)
    lines += [f" below_{number}: {_sum(row, names)} <= {rhs + 0.0:.12g}" for number, (row, rhs) in enumerate(rows)]
    lines.append("Bounds")
    bounds = zip(names, linear.lower, linear.upper, linear.integer, strict=True)
    lines += [f" {low:.12g} <= {name} <= {high:.12g}" for name, low, high, is_integer in bounds if not is_integer]
    binaries = [name for name, is_integer in zip(names, linear.integer, strict=True) if is_integer]
    if binaries:
        lines += ["Binaries", " " + " ".join(binaries)]
    return "\n".join([*lines, "End", ""])


def _sum(values: np.ndarray, names: list[str], constant: float = 0.0) -> str:
    parts = [f"{value:+.12g} {names[index]}" for index, value in enumerate(values) if value != 0]
    if not parts:
        parts.append(f"+0 {names[0]}")
    if constant:
        parts.append(f"{constant:+.12g}")
    return " ".join(parts)
