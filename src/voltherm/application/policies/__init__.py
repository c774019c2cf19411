"""Who decides in a backtest."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol

from voltherm.application.simulated_site import Setpoints
from voltherm.domain.control import Measured, MeterReading
from voltherm.domain.site import Site

__all__ = ["BASELINES", "Policy", "PolicyName", "policies_of"]


class PolicyName(StrEnum):
    """The policies, least to most informed."""

    NONE = "none"
    """The batteries rest; heat pumps hold their set point."""
    THERMOSTAT = "thermostat"
    """The same, by the name that it has where there are heat pumps."""
    THERMOSTAT_LOW = "thermostat-low"
    """Heat pumps hold the lower edge of the comfort band: the least heat that keeps it. Batteries rest."""
    TIMER = "timer"
    """Batteries charge and discharge by the clock; heat pumps hold their set point."""
    GREEDY = "greedy"
    """Heat pumps follow the day's cheap and expensive hours by a rule; batteries rest."""
    MPC = "mpc"
    """The controller with its own forecasts."""
    PERFECT = "perfect"
    """One plan that knows the measured future: a bound, not a competitor."""


BASELINES: Final = (PolicyName.NONE, PolicyName.THERMOSTAT)
"""What others are compared with: the first of them that was run."""


def policies_of(site: Site) -> tuple[PolicyName, ...]:
    """Return the policies that differ at a site, the baseline first."""
    if not site.heat_pumps:
        return PolicyName.NONE, PolicyName.TIMER, PolicyName.MPC, PolicyName.PERFECT
    timer = (PolicyName.TIMER,) if site.batteries else ()
    low = PolicyName.THERMOSTAT_LOW
    return PolicyName.THERMOSTAT, low, *timer, PolicyName.GREEDY, PolicyName.MPC, PolicyName.PERFECT


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
