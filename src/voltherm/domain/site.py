"""The site: what stands behind one electricity meter."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from voltherm.domain.assets import Asset, Battery, HeatPump, Load, Pv
from voltherm.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from voltherm.domain.tariffs.tariff import Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What the grid connection may carry; both limits are soft in a plan, with a steep price.

    Parameters
    ----------
    import_limit_kw, export_limit_kw : float
        Fuse, contract or feed-in limit, non-negative. [kW]
    """

    import_limit_kw: float
    export_limit_kw: float = 0.0

    def __post_init__(self) -> None:
        for name in ("import_limit_kw", "export_limit_kw"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                message = f"connection: {name} is {value}, must be finite and at least 0 kW"
                raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Assets behind one meter, their connection and the tariff that is really paid.

    Parameters
    ----------
    id : str
        Name of the site.
    zone : ZoneInfo
        Local zone, for display and local days; the tariff carries its own.
    connection : Connection
        Import and export limits.
    assets : tuple of Asset
        Loads, PV plants, batteries and heat pumps; ids are unique.
    tariff : Tariff
        What the meter is billed by.

    Raises
    ------
    InvalidInputError
        When two assets share an id.
    """

    id: str
    zone: ZoneInfo
    connection: Connection
    assets: tuple[Asset, ...]
    tariff: Tariff

    def __post_init__(self) -> None:
        doubled = [name for name, count in Counter(asset.id for asset in self.assets).items() if count > 1]
        if doubled:
            message = f"site {self.id!r}: asset id {doubled[0]!r} is used twice; ids are unique within a site"
            raise InvalidInputError(message)

    @property
    def batteries(self) -> tuple[Battery, ...]:
        """The batteries, in the order of the assets."""
        return tuple(asset for asset in self.assets if isinstance(asset, Battery))

    @property
    def heat_pumps(self) -> tuple[HeatPump, ...]:
        """The heat pumps, in the order of the assets."""
        return tuple(asset for asset in self.assets if isinstance(asset, HeatPump))

    @property
    def standby_kw(self) -> float:
        """What the auxiliaries of batteries and heat pumps draw all the time. [kW]."""
        batteries = sum(battery.standby_kw for battery in self.batteries)
        return batteries + sum(pump.standby_kw for pump in self.heat_pumps)

    @property
    def loads(self) -> tuple[Load, ...]:
        """The loads, in the order of the assets."""
        return tuple(asset for asset in self.assets if isinstance(asset, Load))

    @property
    def forecast_assets(self) -> tuple[Load | Pv, ...]:
        """The assets whose power is forecast rather than planned: loads, then PV plants."""
        return self.loads + self.pv_plants

    @property
    def pv_plants(self) -> tuple[Pv, ...]:
        """The PV plants, in the order of the assets."""
        return tuple(asset for asset in self.assets if isinstance(asset, Pv))
