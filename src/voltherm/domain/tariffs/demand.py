"""Demand charge: so much a kW of the highest mean power of the billing period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import DemandRecord, Ledger
from voltherm.domain.tariffs.bill import BillLine
from voltherm.domain.tariffs.hours_use import BillFacts, HoursUse
from voltherm.domain.tariffs.layout import DemandLayout
from voltherm.domain.tariffs.metering import Bucket, Metering, bucket_key, metered_intervals
from voltherm.domain.tariffs.over_periods import Hinge, MeanLast, Ratchets
from voltherm.domain.tariffs.peaks import PeakMemory
from voltherm.domain.tariffs.price import Price, Steps, month_of
from voltherm.domain.tariffs.proration import Per, Proration, times_charged
from voltherm.domain.tariffs.quantity import Direction, PowerQuantity, Unit
from voltherm.domain.tariffs.statistic import Statistic
from voltherm.domain.tariffs.usage import Usage
from voltherm.domain.time import Interval, TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A charge on the highest means of import power in a billing period.

    ``amount = price * billed_kw``, or one sum by the bracket of ``billed_kw``, where ``billed_kw`` follows from the
    statistic of the period's metering intervals: over periods first, then ``max(floor, max(0, . - threshold))``.

    Parameters
    ----------
    id, label : str
        Name within the tariff, and what the bill calls it.
    price : Price or None
        Per kW (kVA, kvar), not a series; None with ``steps``.
    steps : Steps or None
        One sum by bracket instead of a price.
    per : Per
        Whether price or sum is for a day, month, year or bill.
    proration : Proration
        How months and years are cut to the billing period.
    metering : Metering
        Metering interval, windows, weights and buckets.
    statistic : Statistic
        Which of the means count.
    quantity : PowerQuantity
        What is counted; import kW unless said otherwise.
    threshold_kw, floor_kw : float
        Only what is above the threshold is billed, and at least the floor. [kW]
    over_periods : MeanLast, Ratchets or None
        What earlier periods do.
    variant : HoursUse or None
        Another price below so many hours of use.

    Raises
    ------
    InvalidInputError
        For neither or both of price and steps, a price that follows a series or is negative, a negative threshold or
        floor, exported kW.
    """

    id: str
    label: str = ""
    price: Price | None = None
    steps: Steps | None = None
    per: Per = Per.MONTH
    proration: Proration = Proration.NONE
    metering: Metering = field(default_factory=Metering)
    statistic_rule: Statistic = field(default_factory=Statistic)
    quantity: PowerQuantity = field(default_factory=PowerQuantity)
    threshold_kw: float = 0.0
    floor_kw: float = 0.0
    over_periods: MeanLast | Ratchets | None = None
    variant: HoursUse | None = None

    def __post_init__(self) -> None:
        if (self.price is None) == (self.steps is None):
            message = f"demand {self.id}: give either a price per kW or steps"
            raise InvalidInputError(message)
        if self.price is not None and self.price.series is not None:
            message = (
                f"demand {self.id}: a price per kW cannot follow series {self.price.series!r}; use const or by_month"
            )
            raise InvalidInputError(message)
        self._check_prices()
        if not (0 <= self.threshold_kw < float("inf") and 0 <= self.floor_kw < float("inf")):
            message = f"demand {self.id}: threshold {self.threshold_kw} and floor {self.floor_kw} must be at least 0 kW"
            raise InvalidInputError(message)
        if self.statistic_rule.months > 1 and self.metering.bucket is Bucket.NONE:
            message = f"demand {self.id}: a rolling horizon needs bucket day or week"
            raise InvalidInputError(message)
        if self.quantity.unit is Unit.KW and self.quantity.direction is Direction.EXPORT:
            message = "direction: export has no demand charge in kW; leave direction out, or write quantity: kvar"
            raise InvalidInputError(message)

    def _check_prices(self) -> None:
        prices = [self.price, self.variant.price if self.variant is not None else None]
        for price in prices:
            values = () if price is None else price.by_month or (price.const or 0.0,)
            if min(values, default=0.0) < 0:
                message = f"demand {self.id}: a price per kW of {min(values)} would reward peaks; give at least 0"
                raise InvalidInputError(message)

    @property
    def top_k(self) -> int:
        """How many of the highest buckets a plan counts; the mean of these is never below a bill by rank."""
        return self.statistic_rule.n_highest

    @property
    def free_kw(self) -> float:
        """Statistic up to which nothing is billed beyond the floor. [kW]."""
        each_min = self.over_periods.each_min_kw if isinstance(self.over_periods, MeanLast) else 0.0
        return max(self.threshold_kw + self.floor_kw, each_min)

    @property
    def approximation(self) -> str | None:
        """Where a plan cannot follow the bill exactly, in words; None where it can."""
        if self.quantity.unit is Unit.KVA:
            return f"{self.id}: billed on kVA, planned on kW"
        if self.quantity.unit is Unit.KVAR:
            return f"{self.id}: billed on kvar, not planned"
        if self.statistic_rule.rank is not None and self.top_k > 1:
            count = self.top_k
            return f"{self.id}: billed on highest bucket number {count}, planned on the mean of the {count} highest"
        if self.statistic_rule.skip_top:
            return f"{self.id}: billed without the {self.statistic_rule.skip_top} highest, planned with them"
        if self.variant is not None:
            return f"{self.id}: the price depends on the hours of use, planned at the price above them"
        return None

    def memory(self, zone: ZoneInfo) -> PeakMemory:
        """Return the rules by which the component remembers."""
        return PeakMemory(metering=self.metering, statistic=self.statistic_rule, zone=zone)

    def record_in(self, period: Interval, ledger: Ledger, zone: ZoneInfo) -> DemandRecord:
        """Return what the component remembers, as the billing period sees it (an earlier period is then past)."""
        record = ledger.demand_record(self.id)
        return record if record.period_start == period.start else self.memory(zone).seen_by(record, period)

    def fold(self, ledger: Ledger, usage: Usage, period: Interval, zone: ZoneInfo) -> DemandRecord:
        """Return what the component remembers after the usage, which lies inside the billing period.

        The mean of a metering interval of which only a part is metered is the mean over that part.
        """
        record = self.record_in(period, ledger, zone)
        return self.memory(zone).folded(record, usage.grid, self.quantity.of(usage), period)

    def reached_kw(self, record: DemandRecord, zone: ZoneInfo) -> float:
        """Return the statistic that the record holds, an interval in progress included by its known part. [kW]."""
        settled = record if record.running_start is None else self.memory(zone).settled(record)
        return self.statistic([kw for _, kw in settled.buckets])

    def layout(self, grid: TimeGrid, zone: ZoneInfo, period: Interval, ledger: Ledger) -> DemandLayout | None:
        """Return which steps count how in the billing period; None when no interval of it counts on the grid.

        Reactive power has no layout; apparent power is planned as if it were active.

        Parameters
        ----------
        grid : TimeGrid
            The steps to plan.
        zone : ZoneInfo
            The tariff's zone.
        period : Interval
            A billing period.
        ledger : Ledger
            What is metered before the grid.
        """
        if self.quantity.unit is Unit.KVAR:
            return None
        intervals = metered_intervals(self.metering, grid, zone, period)
        if intervals is None:
            return None
        seen = self.record_in(period, ledger, zone)
        record, running_kwh, running_h = self.memory(zone).split(seen, intervals)
        constant = np.zeros(len(intervals.known_h))
        hours = intervals.known_h
        if running_h:
            hours = hours.copy()
            hours[0] += running_h
            constant[0] = intervals.factor[0] * running_kwh / hours[0]
        weight = (intervals.factor / hours)[intervals.interval] * intervals.hours
        bucket, reached, others = self._buckets(intervals.bucket_id, record)
        return DemandLayout(
            period=period,
            record=seen,
            step=intervals.step,
            interval=intervals.interval,
            weight=weight,
            constant_kw=constant,
            bucket=bucket,
            bucket_reached_kw=reached,
            other_buckets_kw=others,
        )

    def _buckets(
        self, bucket_id: NDArray[np.int64], record: DemandRecord
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        held = dict(record.buckets)
        if self.metering.bucket is Bucket.NONE:
            n_intervals = len(bucket_id)
            return np.arange(n_intervals), np.zeros(n_intervals), np.array(list(held.values()), dtype=np.float64)
        starts = np.diff(bucket_id, prepend=bucket_id[0] - 1) != 0
        keys = [bucket_key(self.metering.bucket, int(number)) for number in bucket_id[starts]]
        reached = np.array([held.pop(key, 0.0) for key in keys])
        return np.cumsum(starts) - 1, reached, np.array(list(held.values()), dtype=np.float64)

    def conceding(self, ledger: Ledger, target_kw: float, period: Interval, zone: ZoneInfo) -> DemandRecord:
        """Return the record in which the statistic of the billing period has reached at least ``target_kw``."""
        record = self.record_in(period, ledger, zone)
        # Without the interval in progress: it will settle at another mean than that of its first minutes.
        held = [kw for _, kw in record.buckets]
        if self.statistic(held) >= target_kw:
            return record
        level = self.statistic_rule.level_for(target_kw, held)
        targets = tuple((f"target-{number}", level) for number in range(1, self.top_k + 1))
        return replace(record, buckets=(*record.buckets, *targets))

    def statistic(self, bucket_values_kw: Sequence[float] | NDArray[np.float64]) -> float:
        """Return the one number of the billing period from the values of its buckets. [kW]."""
        return self.statistic_rule.of(bucket_values_kw)

    def billed_kw(self, statistic_kw: float, record: DemandRecord, period: Interval, zone: ZoneInfo) -> float:
        """Return the kW that are billed: earlier periods, threshold and floor applied to the statistic.

        Parameters
        ----------
        statistic_kw : float
            Of this billing period. [kW]
        record : DemandRecord
            As seen by the period.
        period : Interval
            The billing period.
        zone : ZoneInfo
            The tariff's zone.
        """
        combined = self._combined(record, period, zone).at(statistic_kw)
        return max(self.floor_kw, combined - self.threshold_kw, 0.0)

    def _combined(self, record: DemandRecord, period: Interval, zone: ZoneInfo) -> Hinge:
        if self.over_periods is None:
            return Hinge(base=0.0, kink_kw=0.0, slope=1.0)
        return self.over_periods.combined(record.past, _first_day(period, zone))

    def amount(self, billed_kw: float, period: Interval, zone: ZoneInfo, facts: BillFacts | None = None) -> float:
        """Return the charge of the billing period, before taxes. [currency].

        Parameters
        ----------
        billed_kw : float
            Billed demand. [kW]
        period : Interval
            The billing period; a price by month is that of the month in which it begins.
        zone : ZoneInfo
            The tariff's zone.
        facts : BillFacts or None
            For a price by hours of use; None takes the price above them.
        """
        if self.steps is not None:
            return self.steps.sum_at(billed_kw) * times_charged(self.per, self.proration, period, zone)
        return self.rate(period, zone, facts) * billed_kw

    def line(self, period: Interval, zone: ZoneInfo, facts: BillFacts) -> BillLine:
        """Return the component's line of the bill, before rounding; ``facts`` holds its kW."""
        billed = facts.billed_kw[self.id]
        reached = facts.reached_kw[self.id]
        return BillLine(
            component_id=self.id,
            label=self.label or self.id,
            quantity=billed,
            unit=str(self.quantity.unit),
            rate=None if self.steps is not None else self.rate(period, zone, facts),
            amount=self.amount(billed, period, zone, facts),
            note="" if reached == billed else f"this period {reached:.3f} {self.quantity.unit}",
        )

    def rate(self, period: Interval, zone: ZoneInfo, facts: BillFacts | None = None) -> float:
        """Return the price of one billed kW in this billing period, before taxes; 0 for steps. [currency/kW]."""
        price = self.price
        if price is None:
            return 0.0
        if self.variant is not None and facts is not None and self.variant.applies(facts):
            price = self.variant.price
        return price.in_month(month_of(period, zone)) * times_charged(self.per, self.proration, period, zone)

    def later_bills(self, statistic_kw: float, record: DemandRecord, period: Interval, zone: ZoneInfo) -> float:
        """Return what this billing period's statistic adds to later bills, before taxes. [currency].

        Convex and never falling in the statistic, 0 at 0. A mean of n periods: the raise above the floor of each in
        the n - 1 later bills at today's price. A ratchet: see `Ratchets.later`. A rolling horizon: the statistic in
        each of the later months. Steps and periods on their own: nothing.
        """
        return sum(slope * max(0.0, statistic_kw - kink) for kink, slope in self.later_pieces(record, period, zone))

    def later_pieces(self, record: DemandRecord, period: Interval, zone: ZoneInfo) -> list[tuple[float, float]]:
        """Return ``later_bills`` as pairs (kink [kW], slope [currency/kW]), to be added up."""
        if self.price is None:
            return []
        if isinstance(self.over_periods, MeanLast):
            hinge = self.over_periods.later()
            return [(hinge.kink_kw, hinge.slope * self.rate(period, zone))]
        if isinstance(self.over_periods, Ratchets):
            times = times_charged(self.per, self.proration, period, zone)
            hinges = self.over_periods.later(record.past, _first_day(period, zone))
            return [(hinge.kink_kw, hinge.slope * self.price.in_month(month) * times) for month, hinge in hinges]
        if self.statistic_rule.months > 1:
            return [(self.free_kw, (self.statistic_rule.months - 1) * self.rate(period, zone))]
        return []

    def breakpoints_kw(self, record: DemandRecord, period: Interval, zone: ZoneInfo) -> list[float]:
        """Return the statistics at which the cost changes its slope or jumps, rising. [kW].

        The cost is ``amount(billed_kw(.)) + later_bills(.)``; between two of them it is a straight line.
        """
        hinge = self._combined(record, period, zone)
        edges = [self.threshold_kw + self.floor_kw]
        if self.steps is not None:
            edges += [self.threshold_kw + edge for edge, _ in self.steps.rows]
        points = {hinge.kink_kw + max(0.0, edge - hinge.base) / hinge.slope for edge in edges}
        points |= {kink for kink, _ in self.later_pieces(record, period, zone)}
        return sorted(points | {hinge.kink_kw})


def _first_day(period: Interval, zone: ZoneInfo) -> date:
    return period.start.astimezone(zone).date()
