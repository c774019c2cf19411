"""What earlier billing periods do to this one's kW, and this one to later ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs.proration import DAYS_PER_MONTH
from voltherm.domain.tariffs.windows import ALL_MONTHS

Past = Sequence[tuple[date, float]]
"""First day of each earlier billing period and its statistic. [kW]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hinge:
    """The function ``base + slope * max(0, x - kink)``: convex, never falling.

    Parameters
    ----------
    base : float
        Value up to the kink.
    kink_kw : float
        Where it begins to rise. [kW]
    slope : float
        How fast, per kW.
    """

    base: float
    kink_kw: float
    slope: float

    def at(self, statistic_kw: float) -> float:
        """Return the value at ``statistic_kw``."""
        return self.base + self.slope * max(0.0, statistic_kw - self.kink_kw)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanLast:
    """Billed is the mean of the last ``periods`` billing periods, this one included, each of at least a floor.

    While fewer earlier periods are known, it is the mean over those that are and this one.

    Parameters
    ----------
    periods : int
        How many billing periods, at least 2.
    each_min_kw : float
        Floor of each period's statistic before the mean (E2). [kW]
    """

    periods: int
    each_min_kw: float = 0.0

    def __post_init__(self) -> None:
        if self.periods < 2 or not 0 <= self.each_min_kw < float("inf"):  # noqa: PLR2004 - of one there is no mean
            message = f"mean_last: {self.periods} must be at least 2 periods, each_min_kw at least 0"
            raise InvalidInputError(message)

    def combined(self, past: Past, first_day: date) -> Hinge:
        """Return the billed kW as a function of this period's statistic."""
        known = [max(kw, self.each_min_kw) for kw in _within(past, first_day, self.periods - 1)]
        count = len(known) + 1
        return Hinge(base=(sum(known) + self.each_min_kw) / count, kink_kw=self.each_min_kw, slope=1 / count)

    def later(self) -> Hinge:
        """Return the kW that this period's statistic adds to the later bills, all together.

        In the steady state each of the ``periods - 1`` later bills carries its share ``1 / periods``.
        """
        return Hinge(base=0.0, kink_kw=self.each_min_kw, slope=(self.periods - 1) / self.periods)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratchet:
    """Billed is at least a share of the highest statistic of earlier periods.

    Parameters
    ----------
    percent : float
        The share, 0.8 for 80 %.
    months : int
        How many months back the highest counts.
    only : frozenset of int
        Calendar months, 1 to 12, whose statistic counts.
    """

    percent: float
    months: int
    only: frozenset[int] = ALL_MONTHS

    def __post_init__(self) -> None:
        if not 0 < self.percent <= 1 or self.months < 1 or not (self.only and self.only <= ALL_MONTHS):
            message = (
                f"ratchet: {self} must have percent above 0 to 1 (0.8 is 80 %), months at least 1, only of 1 to 12"
            )
            raise InvalidInputError(message)

    def held_kw(self, past: Past, first_day: date) -> float:
        """Return what the period that begins on ``first_day`` is billed at least. [kW]."""
        counted = [(day, kw) for day, kw in past if day.month in self.only]
        return self.percent * max(_within(counted, first_day, self.months), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratchets:
    """Several ratchets at once: the highest of this period's statistic and what each of them holds."""

    rules: tuple[Ratchet, ...]

    def combined(self, past: Past, first_day: date) -> Hinge:
        """Return the billed kW as a function of this period's statistic."""
        held = max((rule.held_kw(past, first_day) for rule in self.rules), default=0.0)
        return Hinge(base=held, kink_kw=held, slope=1.0)

    def later(self, past: Past, first_day: date) -> list[tuple[int, Hinge]]:
        """Return, for each later billing month, its number 1 to 12 and the kW that this period's statistic adds to it.

        A later month is billed at least what the ratchets hold from the known past, and what it typically reaches
        itself: the same calendar month's last known statistic, else the median of the past, else 0.
        """
        rules = [rule for rule in self.rules if first_day.month in rule.only]
        hinges = []
        for ahead in range(1, max((rule.months for rule in rules), default=0) + 1):
            percent = max((rule.percent for rule in rules if rule.months >= ahead), default=0.0)
            later_day = _months_later(first_day, ahead)
            held = max(rule.held_kw(past, later_day) for rule in self.rules)
            kink = max(held, _typical_kw(past, later_day.month)) / percent
            hinges.append((later_day.month, Hinge(base=0.0, kink_kw=kink, slope=percent)))
        return hinges


def _within(past: Past, first_day: date, months: int) -> list[float]:
    """Statistics of the periods that began 1 to ``months`` months before ``first_day``."""
    return [kw for day, kw in past if 1 <= round((first_day - day).days / DAYS_PER_MONTH) <= months]


def _typical_kw(past: Past, month: int) -> float:
    same_month = [kw for day, kw in past if day.month == month]
    if same_month:
        return same_month[-1]
    return median(kw for _, kw in past) if past else 0.0


def _months_later(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, min(day.day, 28))
