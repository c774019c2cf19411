"""The heat command: what a heat pump is told, between which room temperatures its own control stays, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from voltherm.domain.assets import HeatMode
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.plan import HeatReason
from voltherm.domain.time import utc_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatOrder:
    """What a heat pump should do over a step.

    Its own room control gives more heat than asked where a room would end the step below ``low_c``, and less where one
    would end it above ``high_c``. With both equal it is a thermostat. With ``aim_c`` it gives the heat that brings the
    rooms there, be the weather another than expected, but no more backup than asked.

    Parameters
    ----------
    compressor_kw : float
        Heat of the compressor; infinite for all that it can. [kW]
    backup_kw : float
        Electric power of the backup heater. [kW]
    shares : tuple of float, one a room, or None
        How the heat is divided; None leaves that to the rooms' own controls.
    low_c, high_c : tuple of float, one a room
        Between which temperatures the rooms are kept. [degC]
    aim_c : tuple of float, one a room, or None
        Where the rooms should be at the end; None for the heat as it is asked. [degC]
    mode : HeatMode or None
        The mode that this stands for, where the heat pump is planned or ruled by modes.

    Raises
    ------
    InvalidInputError
        For a negative power, or limits that do not fit together.
    """

    low_c: tuple[float, ...]
    high_c: tuple[float, ...]
    compressor_kw: float = 0.0
    backup_kw: float = 0.0
    shares: tuple[float, ...] | None = None
    aim_c: tuple[float, ...] | None = None
    mode: HeatMode | None = None

    def __post_init__(self) -> None:
        if not (self.compressor_kw >= 0 and 0 <= self.backup_kw < float("inf")):
            message = f"heat order: {self.compressor_kw} kW heat and {self.backup_kw} kW backup must not be negative"
            raise InvalidInputError(message)
        by_room = (self.low_c, self.high_c, self.shares, self.aim_c)
        lengths = {len(values) for values in by_room if values is not None}
        if len(lengths) > 1 or not all(low <= high for low, high in zip(self.low_c, self.high_c, strict=True)):
            message = f"heat order: low_c {self.low_c} and high_c {self.high_c} must be low <= high, one a room"
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCommand:
    """An order that ends by itself; after it the heat pump goes back to its own set point.

    Parameters
    ----------
    id : str
        Unique; a repeated id is the same command.
    asset_id : str
        The heat pump.
    order : HeatOrder
        What it should do.
    valid_from, valid_until : datetime
        Half-open validity.
    reason : HeatReason
        Why.
    """

    id: str
    asset_id: str
    order: HeatOrder
    valid_from: datetime
    valid_until: datetime
    reason: HeatReason

    def __post_init__(self) -> None:
        object.__setattr__(self, "valid_from", utc_instant(self.valid_from, "valid_from"))
        object.__setattr__(self, "valid_until", utc_instant(self.valid_until, "valid_until"))
        if self.valid_until <= self.valid_from:
            message = f"heat command {self.id!r}: valid_until {self.valid_until.isoformat()} is not after valid_from"
            raise InvalidInputError(message)
