"""What a simulated site's meter costs by the tariff's own bill, with the battery and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from voltherm.application.virtual_meter import MeteredInterval
from voltherm.application.virtual_profile import VirtualProfile
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Bill, Usage
from voltherm.domain.time import Interval, TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCosts:
    """One billing period, as far as it is metered.

    Parameters
    ----------
    with_battery, without_battery : Bill
        Of the meter's interval means, and of those under the same load and sun with the battery at rest and drawing
        nothing.
    """

    with_battery: Bill
    without_battery: Bill

    @property
    def period(self) -> Interval:
        """The whole billing period."""
        return self.with_battery.period

    @property
    def saved(self) -> float:
        """What the battery took off the bill. [currency]."""
        return self.without_battery.total - self.with_battery.total


def costs_of(
    site: Site, profile: VirtualProfile, intervals: Sequence[MeteredInterval], step: timedelta
) -> tuple[PeriodCosts, ...]:
    """Return the bills of each billing period that the intervals overlap; none without intervals.

    Parameters
    ----------
    site : Site
        Its tariff.
    profile : VirtualProfile
        Prices, where the tariff needs any.
    intervals : sequence of MeteredInterval
        What was metered, without gaps.
    step : timedelta
        Length of an interval.

    Raises
    ------
    InvalidInputError
        When the tariff needs a price series that is not recorded, or does not hold then.
    """
    if not intervals:
        return ()
    grid = TimeGrid(intervals[0].start, step, len(intervals))
    prices = profile.prices(grid)
    means = [one.grid_kw for one in intervals], [one.without_kw for one in intervals]
    with_battery, without = (site.tariff.bill(Usage.of_net(grid, side, prices)) for side in means)
    return tuple(PeriodCosts(with_battery=a, without_battery=b) for a, b in zip(with_battery, without, strict=True))
