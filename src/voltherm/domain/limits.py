"""Ranges of parameters, told apart from values in one way everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from voltherm.domain.errors import InvalidInputError

Range = tuple[float, float, str]
"""Lowest and highest value, both allowed, and the unit."""


def require_within(where: str, values: object, ranges: Mapping[str, Range]) -> None:
    """Check attributes against their ranges; NaN and infinity are in none.

    Parameters
    ----------
    where : str
        Whose attributes, for the message.
    values : object
        Carries an attribute for each name.
    ranges : Mapping of name to Range
        What is allowed.

    Raises
    ------
    InvalidInputError
        For the first value outside; the message names thing, field, value and range.
    """
    for name, (low, high, unit) in ranges.items():
        value = getattr(values, name)
        if not low <= value <= high:
            message = f"{where}: {name} is {value}, must be {low:g} to {high:g} {unit}".rstrip()
            raise InvalidInputError(message)
