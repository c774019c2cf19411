"""What a battery in memory really did, whatever it told."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a battery really did over one span.

    Parameters
    ----------
    start_s, end_s : float
        The span, by the monotonic clock. [s]
    power_kw : float
        AC power, charging positive. [kW]
    soc : float
        State of charge at its end.
    command_id : str or None
        The command that was in force; None while the battery followed its own default.
    """

    start_s: float
    end_s: float
    power_kw: float
    soc: float
    command_id: str | None


class TruthLog:
    """Adjacent spans of a battery's life, all of them: for demos and tests, not for years.

    Parameters
    ----------
    start_s : float
        When its life begins; before it rested. [s]
    soc : float
        State of charge then.
    """

    def __init__(self, start_s: float, soc: float) -> None:
        self.spans: list[Truth] = []
        self._ends_s = [start_s]
        self._energies_kws = [0.0]
        self._socs = [soc]

    def append(self, span: Truth) -> None:
        """Add the next span; it begins where the last one ended."""
        self.spans.append(span)
        self._ends_s.append(span.end_s)
        self._energies_kws.append(self._energies_kws[-1] + span.power_kw * (span.end_s - span.start_s))
        self._socs.append(span.soc)

    def mean_kw(self, start_s: float, end_s: float) -> float:
        """Return the mean AC power over a span, charging positive. [kW]."""
        first, last = (self._at(moment_s, self._energies_kws) for moment_s in (start_s, end_s))
        return (last - first) / (end_s - start_s)

    def soc_at(self, moment_s: float) -> float:
        """Return the state of charge at a moment."""
        return self._at(moment_s, self._socs)

    def _at(self, moment_s: float, values: list[float]) -> float:
        """Interpolate, and hold the first and the last value outside."""
        index = bisect_left(self._ends_s, moment_s)
        if index == 0:
            return values[0]
        if index == len(values):
            return values[-1]
        before_s, after_s = self._ends_s[index - 1 : index + 1]
        share = (moment_s - before_s) / (after_s - before_s)
        return values[index - 1] + share * (values[index] - values[index - 1])
