"""The command: what one asset is told, until when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.plan import Reason
from voltherm.domain.time import utc_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A power setpoint that ends by itself.

    Parameters
    ----------
    id : str
        Unique; a repeated id is the same command.
    asset_id : str
        Who is told.
    power_kw : float
        Mean power wanted, positive into the asset. [kW]
    valid_from, valid_until : datetime
        Half-open validity; after it the device goes back to its own default.
    reason : Reason
        Why.
    """

    id: str
    asset_id: str
    power_kw: float
    valid_from: datetime
    valid_until: datetime
    reason: Reason

    def __post_init__(self) -> None:
        object.__setattr__(self, "valid_from", utc_instant(self.valid_from, "valid_from"))
        object.__setattr__(self, "valid_until", utc_instant(self.valid_until, "valid_until"))
        if self.valid_until <= self.valid_from:
            message = f"command {self.id!r}: valid_until {self.valid_until.isoformat()} is not after valid_from"
            raise InvalidInputError(message)

    def holds_at(self, moment: datetime) -> bool:
        """Whether the command is valid at ``moment``."""
        return self.valid_from <= moment < self.valid_until
