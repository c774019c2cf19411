"""What tests of devices share: a clock that they move, a transport that answers what they say, commands."""

from datetime import timedelta

from tests.sites import START, battery
from voltherm.domain.device import CommandKind, CommandSource, DeviceCommand

BATTERY = battery()  # 100 kWh, 50 kW, 0.9 each way
MINUTE = timedelta(minutes=1)


class HandClock:
    """A clock that a test moves; `jump` moves the wall clock only."""

    def __init__(self, start=START):
        self._start = start
        self._passed_s = 0.0
        self._jumped = timedelta(0)

    def now(self):
        return self._start + timedelta(seconds=self._passed_s) + self._jumped

    def monotonic_s(self):
        return 1000.0 + self._passed_s

    def pass_s(self, seconds):
        self._passed_s += seconds

    def jump(self, by):
        self._jumped += by


class SaidHttp:
    """In place of `JsonHttp`: answers what a test says, and remembers what was asked."""

    def __init__(self, *answers, status=200, name="http://127.0.0.1:8002"):
        self.name = name
        self.answers = list(answers)
        self.status = status
        self.asked = []
        self.sent = []

    def _next(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def get(self, path, params=None, *, allow_nan=False):
        assert allow_nan, "a device may write NaN, and the rest of its answer counts"
        self.asked.append((path, params))
        return self._next()

    async def post(self, path, body, *, answers=frozenset()):
        self.sent.append((path, body))
        assert self.status in answers
        return self.status, self._next()


def command(clock, *, sequence=1, epoch=1, power_kw=20.0, **changes):
    """Return a command of now that holds for a minute."""
    plain = {
        "id": f"c{epoch}-{sequence}",
        "site_id": "site",
        "device_id": "bess",
        "epoch": epoch,
        "sequence": sequence,
        "kind": CommandKind.SETPOINT,
        "power_kw": power_kw,
        "planned_kw": power_kw,
        "issued_at": clock.now(),
        "valid_until": clock.now() + MINUTE,
        "source": CommandSource.PLAN,
        "reason": "shave_peak",
    }
    return DeviceCommand(**(plain | changes))
