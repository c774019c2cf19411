"""Tariffs for tests, put together from the fewest words."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from voltherm.domain.tariffs import (
    Bucket,
    Demand,
    Direction,
    Energy,
    Metering,
    PowerQuantity,
    Price,
    Statistic,
    Tariff,
    TariffRule,
    Tax,
    When,
)
from voltherm.domain.tariffs.windows import ALWAYS

Windows = tuple[tuple[str, str], ...]


def tariff_of(*rules: TariffRule, zone: str = "UTC") -> Tariff:
    """Return a tariff by calendar month."""
    return Tariff(id="test", currency="EUR", zone=ZoneInfo(zone), components=rules)


def energy(
    price: float | None = None, *, series: str | None = None, name: str = "energy", when: When = ALWAYS
) -> Energy:
    """Return an import price: a constant or a named series."""
    return Energy(id=name, price=Price(const=price, series=series), when=when)


def export(price: float | None = None, *, series: str | None = None, name: str = "export") -> Energy:
    """Return an export price: a constant or a named series."""
    outward = PowerQuantity(direction=Direction.EXPORT)
    return Energy(id=name, price=Price(const=price, series=series), quantity=outward)


def demand(
    rate: float, *, name: str = "peak", interval_minutes: int = 15, windows: Windows = (), **more: object
) -> Demand:
    """Return a charge on the highest mean; ``more`` may hold ``top_k``, ``bucket`` and fields of `Demand`."""
    when = When(windows=tuple(_minutes(window) for window in windows)) if windows else When()
    statistic = Statistic(top_k=more.pop("top_k", 1))
    metering = Metering(interval_minutes=interval_minutes, when=when, bucket=more.pop("bucket", Bucket.NONE))
    return Demand(id=name, price=Price(const=rate), metering=metering, statistic_rule=statistic, **more)


def tax(rate: float, on: str = "*", name: str = "vat") -> Tax:
    """Return a tax on the components that match the pattern."""
    return Tax(id=name, rate=rate, on=(on,))


def _minutes(window: tuple[str, str]) -> tuple[int, int]:
    first, last = (60 * int(clock[:2]) + int(clock[3:]) for clock in window)
    return first, last
