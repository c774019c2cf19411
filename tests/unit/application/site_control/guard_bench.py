"""A guard with everything around it in memory: devices say what a test wants, the clock is set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from voltherm.application.confirm_commands import CommandWatch
from voltherm.application.judge_state import StateJudge
from voltherm.application.lease_keeper import LeaseKeeper
from voltherm.application.site_control.dispatch import Dispatcher
from voltherm.application.site_control.events import SiteEvent
from voltherm.application.site_control.guard import BatteryParts, SiteGuard
from voltherm.application.site_control.journal import Journal
from voltherm.application.site_control.state import ControlSettings, SiteState
from voltherm.domain.assets import Battery
from voltherm.domain.device import Acknowledgement, CommandKind, DeviceCommand, DeviceMode, DeviceState, MeterState
from voltherm.domain.site import Site
from voltherm.ports.errors import Unavailable
from voltherm.ports.store import CommandEvent, Lease

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class HandClock:
    """A clock that a test moves."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now, self._now_s = now, 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._now_s

    def pass_s(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._now_s += seconds


class Bess:
    """A battery that says what a test wants and remembers what it was told."""

    def __init__(self, battery: Battery, clock: HandClock) -> None:
        self.battery, self.clock = battery, clock
        self.soc, self.power_kw = 0.5, 0.0
        self.mode = DeviceMode.READY
        self.charge_limit_kw: float | None = None
        self.discharge_limit_kw: float | None = None
        self.is_silent = self.refuses = self.loses_answers = False
        self.told: list[DeviceCommand] = []

    @property
    def told_kw(self) -> list[float]:
        return [command.power_kw for command in self.told if command.kind is CommandKind.SETPOINT]

    async def read_state(self) -> DeviceState:
        if self.is_silent:
            raise Unavailable("silent")
        return DeviceState(
            device_id=self.battery.id,
            received_at=self.clock.now(),
            received_s=self.clock.monotonic_s(),
            measured_at=self.clock.now(),
            soc=self.soc,
            power_kw=self.power_kw,
            mode=self.mode,
            charge_limit_kw=self.charge_limit_kw,
            discharge_limit_kw=self.discharge_limit_kw,
        )

    async def send(self, command: DeviceCommand) -> Acknowledgement:
        self.told.append(command)
        if self.loses_answers:
            raise Unavailable("the answer was lost")
        return Acknowledgement(command_id=command.id, is_accepted=not self.refuses, detail="no" if self.refuses else "")


class Meter:
    """A meter that says what a test wants; one that is frozen repeats its last answer."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.grid_kw = 0.0
        self.mean_kw: float | None = None
        self.is_silent = self.is_frozen = False
        self._measured_at = clock.now()

    async def read_meter(self) -> MeterState:
        if self.is_silent:
            raise Unavailable("silent")
        if not self.is_frozen:
            self._measured_at = self.clock.now()
        quarter = self._measured_at - timedelta(seconds=self._measured_at.timestamp() % 900)
        return MeterState(
            received_at=self.clock.now(),
            received_s=self.clock.monotonic_s(),
            measured_at=self._measured_at,
            grid_kw=self.grid_kw,
            interval_start=None if self.mean_kw is None else quarter,
            interval_mean_kw=self.mean_kw,
        )


class Leases:
    """Gives every lease."""

    async def acquire(self, device: str, holder: str, ttl: timedelta) -> Lease | None:
        return Lease(device=device, holder=holder, epoch=1)

    async def renew(self, lease: Lease, ttl: timedelta) -> bool:
        return True

    async def give_up(self, lease: Lease) -> None:
        return


class Log:
    """Takes every row."""

    async def append(self, site_id: str, rows: Sequence[DeviceCommand | CommandEvent]) -> None:
        return


class Bench:
    """A guard at work.

    Parameters
    ----------
    site : Site
        Whose.
    clock : HandClock
        The time.
    """

    def __init__(self, site: Site, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        self.events: list[SiteEvent] = []
        self.state = SiteState(site, 1, ControlSettings(), self.events.append)
        self.meter = Meter(self.clock)
        self.bess = {battery.id: Bess(battery, self.clock) for battery in site.batteries}
        journal = Journal(site.id, Log())
        self.parts = tuple(self._part(battery, journal) for battery in site.batteries)
        self.guard = SiteGuard(self.state, self.parts, self.meter, self.clock)

    def _part(self, battery: Battery, journal: Journal) -> BatteryParts:
        device = self.bess[battery.id]
        keeper = LeaseKeeper(Leases(), battery.id, "here", self.clock.monotonic_s)
        dispatcher = Dispatcher(
            self.state.site.id,
            battery.id,
            device=device,
            keeper=keeper,
            journal=journal,
            clock=self.clock,
            validity=self.state.settings.validity,
            listen=self.state.listen,
        )
        return BatteryParts(
            battery=battery,
            reads=device,
            judge=StateJudge(battery),
            keeper=keeper,
            dispatcher=dispatcher,
            watch=CommandWatch(battery),
        )

    async def look(self, n: int = 1, every_s: float = 10.0) -> None:
        """Look ``n`` times, ten seconds apart, the time passing before each."""
        for _ in range(n):
            self.clock.pass_s(every_s)
            for part in self.parts:
                await part.keeper.step()
            await self.guard.tick()
