"""A controlled site in memory: batteries and a meter, stores that may be away, a clock that the test turns."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

from tests.sites import START, battery, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.adapters.devices.in_memory import FakeBattery, FakeMeter
from voltherm.adapters.store_memory.readings import InMemoryReadings
from voltherm.application.confirm_commands import CommandWatch
from voltherm.application.decide_site import ControlOptions
from voltherm.application.forecast_chain import ForecastChain
from voltherm.application.judge_state import StateJudge
from voltherm.application.lease_keeper import LeaseKeeper
from voltherm.application.outlook import column_of
from voltherm.application.site_control.cycle import Cycle
from voltherm.application.site_control.dispatch import Dispatcher
from voltherm.application.site_control.events import AlarmChanged
from voltherm.application.site_control.guard import BatteryParts, SiteGuard
from voltherm.application.site_control.journal import Journal
from voltherm.application.site_control.site_loop import ControlledSite
from voltherm.application.site_control.state import ControlSettings, SiteState
from voltherm.domain.device import DeviceCommand
from voltherm.ports.errors import Malformed, Unavailable
from voltherm.ports.store import Lease, StoredSite

GUARD_S = 10.0
TARIFF = tariff_of(energy(0.1), demand(10.0))


class HandClock:
    """A clock that a test turns; ``jump`` moves its wall alone. Nobody sleeps by it: tests look by hand."""

    def __init__(self):
        self._passed_s, self._jumped = 0.0, timedelta(0)

    def now(self):
        return START + timedelta(seconds=self._passed_s) + self._jumped

    def monotonic_s(self):
        return 1000.0 + self._passed_s

    def pass_s(self, seconds):
        self._passed_s += seconds

    def jump(self, by):
        self._jumped += by

    def taking_part(self):
        return nullcontext()


class Stores:
    """Plans, ledgers, forecasts, sites, audit and one lease a device; all of them away at once, or not."""

    def __init__(self):
        self.is_away = False
        self.refuses_plan = ""
        self.plans, self.rows, self.holders = [], [], {}
        self.epoch = 0
        self.before_saving = None

    def _answer(self):
        if self.is_away:
            raise Unavailable("the database is away")

    async def save_plan(self, record):
        if self.before_saving is not None:
            await self.before_saving()
        self._answer()
        if self.refuses_plan and self.refuses_plan in record.id:
            raise Malformed("another plan of that id is kept")
        if record.id not in [each.id for each in self.plans]:
            self.plans.append(record)

    async def save_ledger(self, *_):
        self._answer()

    async def last_ledger(self, *_):
        self._answer()

    async def save_forecast(self, *_):
        self._answer()

    async def last_forecast(self, *_):
        self._answer()

    async def save_site(self, site):
        self._answer()
        return StoredSite(site=site, version=1)

    async def append(self, _, rows):
        self._answer()
        self.rows += rows

    async def commands(self, *_):
        self._answer()
        return ()

    async def acquire(self, device, holder, _):
        self._answer()
        if self.holders.get(device, holder) != holder:
            return None
        self.epoch += 1
        self.holders[device] = holder
        return Lease(device=device, holder=holder, epoch=self.epoch)

    async def renew(self, *_):
        self._answer()
        return True

    async def give_up(self, lease):
        self._answer()
        self.holders.pop(lease.device, None)

    @property
    def commands_written(self):
        return [row for row in self.rows if isinstance(row, DeviceCommand)]


class Inline:
    """Computes at once; a test may ask it to fail, or hold it up."""

    def __init__(self):
        self.instead = None
        self.gate = None
        self.n_runs = 0

    async def run(self, work, job, _):
        self.n_runs += 1
        if self.gate is not None:
            await self.gate.wait()
        return work(job) if self.instead is None else self.instead


class SiteBench:
    """A site with batteries ``a`` and, where asked, ``b``; its load is 40 kW unless a test says otherwise."""

    def __init__(self, names=("a",), *, load_kw=40.0, soc=0.5, leases_s=None):
        self.clock, self.stores, self.compute = HandClock(), Stores(), Inline()
        self.leases_s = leases_s or self.clock.monotonic_s
        self.load_kw = load_kw
        self.events = []
        self.site = site_of(TARIFF, *(battery(name) for name in names), import_limit_kw=200.0)
        self.batteries = {each.id: FakeBattery(each, self.clock, soc=soc) for each in self.site.batteries}
        self.meter = FakeMeter(
            self.clock,
            loads={"load": lambda _: self.load_kw},
            batteries=self.batteries,
            remembers=timedelta(days=2),
        )
        settings = ControlSettings(options=ControlOptions(horizon=timedelta(hours=3)))
        self.state = SiteState(self.site, 1, settings, self.events.append)
        self.journal = Journal(self.site.id, self.stores)
        self.parts = tuple(self._part(each, settings) for each in self.site.batteries)
        readings = InMemoryReadings(column_of)
        self.cycle = Cycle(
            self.state,
            clock=self.clock,
            meter=self.meter,
            forecasts=ForecastChain(self.site, None, self.stores),
            compute=self.compute,
            plans=self.stores,
            readings=readings,
            ledgers=self.stores,
        )
        self.guard = SiteGuard(self.state, self.parts, self.meter, self.clock)
        self.controlled = ControlledSite(
            self.state,
            cycle=self.cycle,
            guard=self.guard,
            journal=self.journal,
            batteries=self.parts,
            clock=self.clock,
            open_store=_nothing,
            sites=self.stores,
            readings=readings,
            ledgers=self.stores,
        )

    def _part(self, of, settings):
        keeper = LeaseKeeper(self.stores, f"site/{of.id}", "me", self.leases_s)
        dispatcher = Dispatcher(
            "site",
            of.id,
            device=self.batteries[of.id],
            keeper=keeper,
            journal=self.journal,
            clock=self.clock,
            validity=settings.validity,
            listen=self.events.append,
        )
        return BatteryParts(
            battery=of,
            reads=self.batteries[of.id],
            judge=StateJudge(of),
            keeper=keeper,
            dispatcher=dispatcher,
            watch=CommandWatch(of),
        )

    async def begin(self):
        """Take the leases, look, plan, and let the guard send it."""
        await self.renew()
        await self.guard.tick()
        await self.plan()

    async def renew(self):
        """Renew the leases."""
        for part in self.parts:
            await part.keeper.step()

    async def plan(self):
        """Run a cycle and look, as the site's loop does."""
        report = await self.cycle.run(self.stores.epoch)
        await self.guard.tick()
        return report

    async def look(self, n=1, *, renews=True):
        """Let the guard look again and again; return whether the last look wants a plan."""
        wants = False
        for _ in range(n):
            self.clock.pass_s(GUARD_S)
            if renews:
                await self.renew()
            wants = await self.guard.tick()
        return wants

    def heard(self, name="a"):
        """Return what a battery has heard, oldest first."""
        return [each.command for each in self.batteries[name].heard]

    def told_alarms(self, code):
        """Return whether an alarm was raised or cleared, in order."""
        return [each.is_raised for each in self.events if isinstance(each, AlarmChanged) and each.code == code]


async def _nothing():
    return None
