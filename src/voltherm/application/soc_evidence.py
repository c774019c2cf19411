"""Whether a told SOC can be true: against what it was before, and against the power that was measured meanwhile."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from voltherm.application.judged_state import Finding, FindingCode, JudgeOptions
from voltherm.domain.assets import Battery
from voltherm.domain.device import DeviceState

MORE_THAN_RATED: Final = 1.5
"""Nameplates round and capacities fade: a battery may be so much quicker than by its figures."""
UNMOVED: Final = 1e-9
SECONDS_PER_HOUR: Final = 3600.0


class SocBracket(NamedTuple):
    """Between what an SOC must have changed."""

    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """An SOC, with the sums of the brackets up to it."""

    at_s: float
    soc: float
    least: float
    most: float


@dataclass(slots=True, kw_only=True)
class _Probation:
    """After a jump: what is said, since when, and how many readings agreed with the new value."""

    finding: Finding
    since_s: float
    n_consistent: int = 0


class SocEvidence:
    """Remembers the SOC and power of the last minutes of one battery.

    Parameters
    ----------
    battery : Battery
        Capacity, efficiencies and limits.
    options : JudgeOptions
        Tolerances.
    """

    def __init__(self, battery: Battery, options: JudgeOptions) -> None:
        self._battery = battery
        self._options = options
        rating_kw = max(battery.charge_limit_kw, battery.discharge_limit_kw)
        self._idle_kw = max(options.idle_share * rating_kw, battery.standby_kw)
        self._previous: DeviceState | None = None
        self._least = self._most = 0.0
        self._window: deque[_Point] = deque()
        self._unmoved: _Point | None = None
        self._probation: _Probation | None = None
        self._frozen: Finding | None = None

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """What speaks against the last SOC."""
        probation = () if self._probation is None else (self._probation.finding,)
        return probation if self._frozen is None else (*probation, self._frozen)

    def learn(self, state: DeviceState) -> bool:
        """Take in a reading and return whether it fits what was known; one on probation may fit."""
        if self._previous is not None:
            elapsed_s = state.received_s - self._previous.received_s
            if elapsed_s < 0:
                self._forget()
            else:
                bracket = self.bracket(self._previous, state)
                self._least, self._most = self._least + bracket.least, self._most + bracket.most
        self._previous = state
        if state.soc is None:
            return False
        here = _Point(at_s=state.received_s, soc=state.soc, least=self._least, most=self._most)
        surprise = self._surprise(here)
        if surprise is not None:
            self._window.clear()
            self._unmoved = None
            self._probation = _Probation(finding=surprise, since_s=here.at_s)
        self._remember(here)
        self._frozen = self._frozen_finding(here)
        if surprise is None:
            self._try_on_probation(here)
        return surprise is None and self._frozen is None

    def bracket(self, before: DeviceState, after: DeviceState) -> SocBracket:
        """Return between what the SOC must have changed, given the power measured at both readings.

        Between two readings close together the power was between both; farther apart, or where none is told, it may
        have been anything that the battery can.
        """
        battery, elapsed_h = self._battery, (after.received_s - before.received_s) / SECONDS_PER_HOUR
        powers = [each.power_kw for each in (before, after)]
        lowest, highest = -battery.discharge_limit_kw, battery.charge_limit_kw
        known = [
            power
            for power in powers
            if power is not None and lowest * MORE_THAN_RATED <= power <= highest * MORE_THAN_RATED
        ]
        is_close = elapsed_h * SECONDS_PER_HOUR <= self._options.power_gap_s
        if is_close and len(known) == len(powers):
            lowest, highest = min(known) - self._idle_kw, max(known) + self._idle_kw
        lost_soc = battery.standing_loss_per_h * elapsed_h
        return SocBracket(
            self._soc_per_h(lowest) * elapsed_h - lost_soc,
            self._soc_per_h(highest) * elapsed_h,
        )

    def _soc_per_h(self, power_kw: float) -> float:
        battery = self._battery
        stored_kw = power_kw * battery.charge_efficiency if power_kw >= 0 else power_kw / battery.discharge_efficiency
        return stored_kw / battery.capacity_kwh

    def _surprise(self, here: _Point) -> Finding | None:
        """Return what cannot be true of the new SOC, seen from the last and from the oldest in the window."""
        if not self._window:
            return None
        options, last, first = self._options, self._window[-1], self._window[0]
        quickest_per_min = (
            MORE_THAN_RATED
            / 60
            * max(self._soc_per_h(self._battery.charge_limit_kw), -self._soc_per_h(-self._battery.discharge_limit_kw))
        )
        elapsed_s, moved = here.at_s - last.at_s, here.soc - last.soc
        allowed = options.soc_resolution + max(options.jump_per_min, quickest_per_min) * elapsed_s / 60
        if abs(moved) > allowed + UNMOVED:
            words = f"SOC jumped from {last.soc:.3f} to {here.soc:.3f} within {elapsed_s:.0f} s"
            return Finding(code=FindingCode.SOC_JUMPED, words=words)
        least, most = here.least - first.least, here.most - first.most
        slack, share = options.energy_tolerance_soc, options.energy_tolerance_share
        rose = here.soc - first.soc
        rose_too_much = rose > most + slack + share * abs(most)
        rose_too_little = rose < least - slack - share * abs(least)
        is_at_end = (rose_too_little and least > 0 and here.soc >= 1 - slack) or (
            rose_too_much and most < 0 and here.soc <= slack
        )
        if (rose_too_much or rose_too_little) and not is_at_end:
            words = (
                f"SOC changed by {rose:+.3f} within {here.at_s - first.at_s:.0f} s, "
                f"the measured power by {least:+.3f} to {most:+.3f}"
            )
            return Finding(code=FindingCode.SOC_DISAGREES, words=words)
        return None

    def _remember(self, here: _Point) -> None:
        self._window.append(here)
        while self._window[0].at_s < here.at_s - self._options.window_s:
            self._window.popleft()
        if self._unmoved is None or abs(here.soc - self._unmoved.soc) > UNMOVED:
            self._unmoved = here

    def _frozen_finding(self, here: _Point) -> Finding | None:
        """Return that the SOC stands although power flows; at full and empty it may."""
        since, far = self._unmoved, self._options.frozen_soc
        if since is None:
            return None
        least, most = here.least - since.least, here.most - since.most
        if (least > far and here.soc < 1 - far) or (most < -far and here.soc > far):
            words = (
                f"SOC stands at {here.soc:.3f} for {here.at_s - since.at_s:.0f} s, "
                f"the measured power changed it by {least:+.3f} to {most:+.3f}; not used until it moves"
            )
            return Finding(code=FindingCode.SOC_FROZEN, words=words)
        return None

    def _try_on_probation(self, here: _Point) -> None:
        trial, options = self._probation, self._options
        if trial is None:
            return
        trial.n_consistent += 1
        if trial.n_consistent >= options.n_consistent and here.at_s - trial.since_s >= options.consistent_s:
            self._probation = None

    def _forget(self) -> None:
        """Begin anew: the monotonic clock went back, so the readings are of another life."""
        self._window.clear()
        self._unmoved = None
        self._probation = None
