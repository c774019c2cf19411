"""Whether a battery's SOC may be planned on: pure, told of every reading and of the time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from voltherm.application.judged_state import SOC_DOUBTS, Finding, FindingCode, JudgedState, JudgeOptions
from voltherm.application.reading_age import ReadingAge
from voltherm.application.soc_evidence import SocEvidence
from voltherm.domain.assets import Battery
from voltherm.domain.device import DeviceMode, DeviceState

__all__ = ["Finding", "FindingCode", "JudgeOptions", "JudgedState", "StateJudge"]

MODE_FINDINGS: Final = {
    DeviceMode.STANDBY: Finding(
        code=FindingCode.STANDBY, words="the battery is in standby: it takes no commands until it is ready"
    ),
    DeviceMode.LOCAL: Finding(
        code=FindingCode.LOCAL, words="the battery is in local mode: somebody operates it on the spot, who comes first"
    ),
    DeviceMode.FAULT: Finding(
        code=FindingCode.FAULT, words="the battery has stopped itself with a fault: see its alarms"
    ),
}


class StateJudge:
    """Remembers what one battery told and judges it: the same readings give the same judgement.

    ``take`` every reading, ask for what is ``judged`` whenever one wants to plan or command. A doubt ends when its
    cause does; then the SOC is used again after some good readings one after the other. Ages are counted by the
    monotonic clock alone.

    Parameters
    ----------
    battery : Battery
        The battery that is read.
    options : JudgeOptions, optional
        Ages and tolerances.
    """

    def __init__(self, battery: Battery, options: JudgeOptions | None = None) -> None:
        self._options = options or JudgeOptions()
        self._age = ReadingAge(self._options.soc_max_age_s)
        self._evidence = SocEvidence(battery, self._options)
        self._last: DeviceState | None = None
        self._beat: tuple[int, float] | None = None
        self._n_good = 0
        self._is_recovering = False
        self._failure = ""

    def miss(self, why: str) -> None:
        """Take in that a read failed, in words; what was read before only grows older."""
        self._failure = why

    def take(self, state: DeviceState) -> None:
        """Take in a reading."""
        options = self._options
        self._failure = ""
        was_silent = self._last is not None and state.received_s - self._last.received_s > options.soc_max_age_s
        self._last = state
        self._age.learn(state)
        if state.heartbeat is not None and (self._beat is None or state.heartbeat != self._beat[0]):
            self._beat = (state.heartbeat, state.received_s)
        fits = self._evidence.learn(state)
        if was_silent:
            self._n_good, self._is_recovering = 0, True
        if fits and not self._doubts(state.received_s):
            self._n_good += 1
        else:
            self._n_good, self._is_recovering = 0, True
        if self._n_good >= options.n_good and not self._evidence.doubts:
            self._is_recovering = False

    def judged(self, now: datetime, now_s: float) -> JudgedState:
        """Return what is thought of the last reading.

        Parameters
        ----------
        now : datetime
            The moment, by our clock; it is noted, and decides nothing.
        now_s : float
            The moment, by the monotonic clock that also stamped the readings. [s]
        """
        state = self._last
        if state is None:
            words = f"the battery has not been read yet{self._after_failure()}"
            return JudgedState(at=now, state=None, findings=(Finding(code=FindingCode.NO_READING, words=words),))
        findings = [*self._doubts(now_s), *self._evidence.doubts]
        if self._is_recovering and not any(each.code in SOC_DOUBTS for each in findings):
            findings.append(self._recovering())
        if state.mode in MODE_FINDINGS:
            findings.append(MODE_FINDINGS[state.mode])
        offset_s = self._age.offset_s
        if offset_s is not None and abs(offset_s) > self._options.clock_offset_alarm_s:
            findings.append(
                Finding(code=FindingCode.CLOCK_OFF, words=f"the device's clock is off by {offset_s:+.1f} s")
            )
        return JudgedState(
            at=now,
            state=state,
            findings=tuple(findings),
            age_s=self._age_s(state, now_s),
            clock_offset_s=offset_s,
        )

    def _age_s(self, state: DeviceState, now_s: float) -> float:
        return max(0.0, now_s - state.received_s) + self._age.lag_s

    def _doubts(self, now_s: float) -> list[Finding]:
        """Return what speaks against using the last reading at a moment, its SOC's own story aside."""
        state, options = self._last, self._options
        if state is None:
            return []
        doubts = []
        if state.soc is None:
            said = "; ".join(state.problems) or "the device told none"
            doubts.append(Finding(code=FindingCode.SOC_MISSING, words=f"no SOC: {said}"))
        age_s = self._age_s(state, now_s)
        if age_s > options.soc_max_age_s:
            read_s = max(0.0, now_s - state.received_s)
            words = f"SOC is {age_s:.0f} s old, read {read_s:.0f} s ago{self._after_failure()}"
            doubts.append(Finding(code=FindingCode.SOC_STALE, words=words))
        elif self._age.is_doubtful:
            words = "the reading looks old by the device's clock, which has not been seen to move"
            doubts.append(Finding(code=FindingCode.SOC_STALE, words=words))
        stood_s = 0.0 if self._beat is None else state.received_s - self._beat[1]
        if stood_s > options.heartbeat_max_s:
            words = f"the heartbeat stands for {stood_s:.0f} s although reads succeed"
            doubts.append(Finding(code=FindingCode.HEARTBEAT_STANDS, words=words))
        offset_s = self._age.least_offset_s
        if offset_s is not None and abs(offset_s) > options.clock_offset_max_s:
            words = f"the device's clock is off by {offset_s:+.0f} s: set it, and check its zone"
            doubts.append(Finding(code=FindingCode.CLOCK_FAR_OFF, words=words))
        return doubts

    def _after_failure(self) -> str:
        return f": {self._failure}" if self._failure else ""

    def _recovering(self) -> Finding:
        words = f"{self._n_good} of {self._options.n_good} good readings since the last doubt"
        return Finding(code=FindingCode.RECOVERING, words=words)
