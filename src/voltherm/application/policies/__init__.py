"""Who decides in a backtest."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from voltherm.application.simulated_site import Setpoints
from voltherm.domain.control import Measured, MeterReading

__all__ = ["Policy", "PolicyName"]


class PolicyName(StrEnum):
    """The policies, least to most informed."""

    NONE = "none"
    """The batteries rest."""
    TIMER = "timer"
    """Charges and discharges by the clock."""
    MPC = "mpc"
    """The controller with its own forecasts."""
    PERFECT = "perfect"
    """One plan that knows the measured future: a bound, not a competitor."""


class Policy(Protocol):
    """Says what to do in each step, and is told what came of it."""

    def setpoints(self, step: int, reading: MeterReading) -> Setpoints:
        """Return what to do in a step.

        Parameters
        ----------
        step : int
            Index on the backtest's grid.
        reading : MeterReading
            Net load of this very step, as a fast meter sees it, for the guard alone; and the SOC at its start.
        """
        ...

    def learn(self, measured: Measured) -> None:
        """Take in what was measured in the step that has just ended."""
        ...
