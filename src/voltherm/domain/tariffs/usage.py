"""What the meter counted, or will count under a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.series import read_only
from voltherm.domain.time import TimeGrid

NEGATIVE_NOISE_KW = 1e-6
"""Solvers return zeros such as -1e-9; down to this a negative power is noise and taken as zero. [kW]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usage:
    """Import and export at the meter, with the price series that belong to the same steps.

    Parameters
    ----------
    grid : TimeGrid
        The steps.
    import_kw, export_kw : NDArray, shape (n_steps,)
        Mean power of each step taken from and given to the grid, both not negative. [kW]
    prices : mapping of str to NDArray of shape (n_steps,)
        Named price series in the tariff's currency per kWh.
    reactive_kvar : NDArray of shape (n_steps,) or None
        Mean reactive power, positive when taken from the grid. [kvar]

    Raises
    ------
    InvalidInputError
        For a wrong length, a value that is not finite, or negative import or export.
    """

    grid: TimeGrid
    import_kw: NDArray[np.float64]
    export_kw: NDArray[np.float64]
    prices: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    reactive_kvar: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        n_steps = self.grid.n_steps
        object.__setattr__(self, "import_kw", _not_negative(self.import_kw, n_steps, "import_kw"))
        object.__setattr__(self, "export_kw", _not_negative(self.export_kw, n_steps, "export_kw"))
        prices = {name: read_only(values, n_steps, f"price series {name}") for name, values in self.prices.items()}
        object.__setattr__(self, "prices", prices)
        if self.reactive_kvar is not None:
            object.__setattr__(self, "reactive_kvar", read_only(self.reactive_kvar, n_steps, "reactive_kvar"))

    @classmethod
    def none(cls, grid: TimeGrid, prices: Mapping[str, NDArray[np.float64]] | None = None) -> Usage:
        """Return the usage of a site that takes and gives nothing."""
        zero = np.zeros(grid.n_steps)
        return cls(grid=grid, import_kw=zero, export_kw=zero, prices=prices or {})

    @classmethod
    def of_net(
        cls, grid: TimeGrid, net_kw: ArrayLike, prices: Mapping[str, NDArray[np.float64]] | None = None
    ) -> Usage:
        """Return the usage of a net power, import positive; each step is netted in itself. [kW]."""
        net = np.asarray(net_kw, dtype=np.float64)
        return cls(grid=grid, import_kw=np.maximum(net, 0), export_kw=np.maximum(-net, 0), prices=prices or {})

    def part(self, first: int, n_steps: int) -> Usage:
        """Return the usage of ``n_steps`` steps from step ``first``."""
        if first == 0 and n_steps == self.grid.n_steps:
            return self
        cut = slice(first, first + n_steps)
        return Usage(
            grid=self.grid.part(first, n_steps),
            import_kw=self.import_kw[cut],
            export_kw=self.export_kw[cut],
            prices={name: values[cut] for name, values in self.prices.items()},
            reactive_kvar=None if self.reactive_kvar is None else self.reactive_kvar[cut],
        )

    def refined(self, parts: int) -> Usage:
        """Return the same usage with each step cut into ``parts`` equal steps of the same power."""
        return Usage(
            grid=TimeGrid(self.grid.start, self.grid.step / parts, self.grid.n_steps * parts),
            import_kw=np.repeat(self.import_kw, parts),
            export_kw=np.repeat(self.export_kw, parts),
            prices={name: np.repeat(values, parts) for name, values in self.prices.items()},
            reactive_kvar=None if self.reactive_kvar is None else np.repeat(self.reactive_kvar, parts),
        )

    def without_power(self) -> Usage:
        """Return the same steps, prices and reactive power with nothing imported or exported."""
        zero = np.zeros(self.grid.n_steps)
        return Usage(
            grid=self.grid, import_kw=zero, export_kw=zero, prices=self.prices, reactive_kvar=self.reactive_kvar
        )

    def series(self, name: str) -> NDArray[np.float64]:
        """Return the named price series, per kWh, shape (n_steps,).

        Raises
        ------
        InvalidInputError
            When the usage carries no such series.
        """
        if name not in self.prices:
            known = ", ".join(sorted(self.prices)) or "none"
            message = f"price series {name!r}: the tariff needs it, given are: {known}; add it to the prices"
            raise InvalidInputError(message)
        return self.prices[name]


def _not_negative(values: NDArray[np.float64], n_steps: int, name: str) -> NDArray[np.float64]:
    array = read_only(values, n_steps, name)
    lowest = float(array.min())
    if lowest >= 0:
        return array
    if lowest < -NEGATIVE_NOISE_KW:
        bad = int(array.argmin())
        message = f"{name}: {lowest} at step {bad} is negative; import and export are separate, both not negative"
        raise InvalidInputError(message)
    return read_only(np.maximum(array, 0), n_steps, name)
