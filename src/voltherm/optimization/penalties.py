"""What breaking a soft limit costs: steep against what any tariff pays, finite so that a plan comes back."""

from __future__ import annotations

from dataclasses import dataclass

STEEPNESS = 100.0
"""A kWh beyond a limit costs this many times the dearest kWh of the tariff. Large enough that no tariff we know pays
for breaking a limit (dearest demand charges raise a kWh to some 40 times its price), small enough for 1e-8 accuracy."""

COMFORT_KWH = 10.0
"""A kelvin-hour outside the comfort band costs as much as so many of the dearest kWh, where the site sets no price. A
kelvin less saves a house a tenth of a kWh of electricity an hour, so no spot price pays for it; small enough against
`STEEPNESS` that a fuse is not overloaded for comfort."""

COMFORT_KW = 5.0
"""And as much as so many kW of billed peak: a quarter of an hour without a kW of electricity leaves a room a fifth of a
kelvin colder for an hour or more."""

STORED_HEAT_KH = 0.5
"""A kWh of heat that is missing at the end costs as much as so many kelvin-hours: more than any tariff asks for it, and
less than the comfort of the hours in which a house of less than 2 kW/K lives on it."""

LEAST_PRICE_SCALE = 0.01
"""Scale where the tariff costs nothing: a cent, so that limits still order the plan of a free site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalties:
    """Prices of broken limits.

    Parameters
    ----------
    price_scale : float
        Largest marginal energy price of the horizon, by amount. [currency/kWh]
    demand_scale : float
        Sum of the demand prices in force. [currency/kW]
    """

    price_scale: float
    demand_scale: float

    @property
    def money_per_kwh(self) -> float:
        """What a kWh is worth at most, and at least a cent. [currency/kWh]."""
        return max(self.price_scale, LEAST_PRICE_SCALE)

    @property
    def connection_per_kwh(self) -> float:
        """Price of a kWh beyond the connection's limit. [currency/kWh]."""
        return STEEPNESS * self.money_per_kwh

    @property
    def soc_per_kwh_h(self) -> float:
        """Price of a kWh outside the SOC band for one hour, demand prices included. [currency/kWh/h]."""
        return STEEPNESS * self.money_per_kwh + self.demand_scale

    @property
    def terminal_per_kwh(self) -> float:
        """Price of a kWh missing at the end: above what any peak that it could cause would cost. [currency/kWh]."""
        return STEEPNESS * (self.money_per_kwh + self.demand_scale)

    @property
    def comfort_per_kh(self) -> float:
        """Price of a kelvin outside the comfort band for one hour, demand prices included. [currency/(K h)]."""
        return COMFORT_KWH * self.money_per_kwh + COMFORT_KW * self.demand_scale

    @property
    def terminal_per_kwh_heat(self) -> float:
        """Price of a kWh of heat missing at the end. [currency/kWh]."""
        return STORED_HEAT_KH * self.comfort_per_kh

    @property
    def ramp_per_kw(self) -> float:
        """Price of a kW of power change beyond the ramp limit. [currency/kW]."""
        return STEEPNESS * self.money_per_kwh
