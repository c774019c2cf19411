"""PV: what the roof can give, and whether the inverter can be told to give less."""

from __future__ import annotations

from dataclasses import dataclass

from voltherm.domain.errors import InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pv:
    """A PV plant. Its available power comes from a forecast or a meter, as a non-negative number.

    Parameters
    ----------
    id : str
        Name within the site.
    curtailable : bool
        Whether the plan may use less than what is available.
    rated_kw : float or None
        Largest AC power; a forecast above it is cut to it. [kW]
    """

    id: str
    curtailable: bool = True
    rated_kw: float | None = None

    def __post_init__(self) -> None:
        if self.rated_kw is not None and not 0 <= self.rated_kw < float("inf"):
            message = f"pv {self.id!r}: rated_kw is {self.rated_kw}, must be finite and at least 0, or absent"
            raise InvalidInputError(message)
