"""What a component counts: active, apparent or reactive power, and the energy of it (E11)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs.usage import Usage


class Direction(StrEnum):
    """Which way the counted power flows."""

    IMPORT = "import"
    EXPORT = "export"


class Unit(StrEnum):
    """What is counted; energy components count its energy, kWh or kvarh."""

    KW = "kW"
    KVA = "kVA"
    KVAR = "kvar"


ENERGY_UNIT = {Unit.KW: "kWh", Unit.KVA: "kVAh", Unit.KVAR: "kvarh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerQuantity:
    """The power that a component counts in each step, never negative.

    Parameters
    ----------
    unit : Unit
        kW: imported or exported active power. kVA: apparent power, from imported active power and reactive power.
        kvar: reactive power taken (import) or given (export), above the free share.
    direction : Direction
        Which way it flows.
    free_of_p : float
        Of kvar, the free share of the active power imported in the same step.

    Raises
    ------
    InvalidInputError
        For a negative free share, or one on anything but kvar; for exported kVA.
    """

    unit: Unit = Unit.KW
    direction: Direction = Direction.IMPORT
    free_of_p: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.free_of_p < float("inf") or (self.free_of_p and self.unit is not Unit.KVAR):
            message = f"free.of_p: {self.free_of_p} must be at least 0 and belongs to kvar or kvarh only"
            raise InvalidInputError(message)
        if self.unit is Unit.KVA and self.direction is Direction.EXPORT:
            message = "quantity: kVA is counted of import only; leave direction out"
            raise InvalidInputError(message)

    @property
    def needs_reactive(self) -> bool:
        """Whether reactive power must be known."""
        return self.unit is not Unit.KW

    def of(self, usage: Usage) -> NDArray[np.float64]:
        """Return the counted power of each step, shape (n_steps,). [kW, kVA or kvar].

        Raises
        ------
        InvalidInputError
            When reactive power is counted and the usage does not carry it.
        """
        if self.unit is Unit.KW:
            return usage.import_kw if self.direction is Direction.IMPORT else usage.export_kw
        if usage.reactive_kvar is None:
            message = f"reactive_kvar: the tariff counts {self.unit}; give the meter's reactive power with the usage"
            raise InvalidInputError(message)
        if self.unit is Unit.KVA:
            return np.hypot(usage.import_kw, usage.reactive_kvar)
        sign = 1.0 if self.direction is Direction.IMPORT else -1.0
        return np.maximum(0.0, sign * usage.reactive_kvar - self.free_of_p * usage.import_kw)
