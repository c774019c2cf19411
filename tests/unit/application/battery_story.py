"""Readings of a battery as a test tells them, one after the other, and what is thought of them."""

from datetime import timedelta

from tests.sites import START, battery
from voltherm.application.judge_state import StateJudge
from voltherm.domain.device import DeviceState

BATTERY = battery()  # 100 kWh, 50 kW, 0.9 each way
BEGAN_S = 5000.0


def at(seconds):
    return START + timedelta(seconds=seconds)


def reading(seconds, soc=0.5, **changes):
    """Return a reading that arrives ``seconds`` after the start, by a device whose clock is ours."""
    jump = changes.pop("wall_jump", timedelta(0))
    plain = {
        "device_id": "bess",
        "received_at": at(seconds) + jump,
        "received_s": BEGAN_S + seconds,
        "measured_at": at(seconds),
        "soc": soc,
        "power_kw": 0.0,
        "heartbeat": int(seconds),
    }
    return DeviceState(**(plain | changes))


class Story:
    """A judge that is told readings, every five seconds where a test says nothing else."""

    def __init__(self, options=None, of=BATTERY):
        self.judge = StateJudge(of, options)
        self.now_s = -5.0

    def tell(self, soc=0.5, *, after_s=5.0, **changes):
        """Tell one reading, and return the judgement."""
        self.now_s += after_s
        self.judge.take(reading(self.now_s, soc, **changes))
        return self.judged()

    def tell_for(self, seconds, soc=0.5, **changes):
        """Tell the same reading every five seconds, and return the last judgement."""
        judged = None
        for _ in range(round(seconds / 5)):
            judged = self.tell(soc, **changes)
        return judged

    def judged(self, later_s=0.0):
        return self.judge.judged(at(self.now_s + later_s), BEGAN_S + self.now_s + later_s)


def codes(judged):
    return [code.value for code in judged.codes]
