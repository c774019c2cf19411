"""The cycle: state, forecasts, ledger, plan, store; single flight, and never on the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from voltherm.application.decide_site import Decided, DecisionJob, decide_job
from voltherm.application.forecast_chain import ChainReport, ForecastChain
from voltherm.application.site_control.events import CycleDone
from voltherm.application.site_control.ladder import RunningPlan
from voltherm.application.site_control.readings import step_means, taken_in
from voltherm.application.site_control.state import CycleReport, SiteState
from voltherm.application.site_memory import BatteryNow, SiteMemory
from voltherm.domain.assets import Battery
from voltherm.domain.control import Rung
from voltherm.domain.plan import Feasible, Infeasible, Optimal, Plan
from voltherm.ports.clock import Clock
from voltherm.ports.compute import Compute, NotComputed
from voltherm.ports.devices import ReadsMeter
from voltherm.ports.errors import Malformed, OutsideError
from voltherm.ports.store import LedgerStore, PlanRecord, PlanStore, ReadingStore

METER_S: Final = 10.0
"""Longest time to fetch metered intervals in a cycle. [s]."""
FEW: Final = 8
"""More intervals at once are taken in off the event loop: a month of them takes a second."""
MOST_UNSTORED: Final = 96
"""Plans kept for the database while it is away: a day of them."""


class Cycle:
    """Makes plans for one site.

    Parameters
    ----------
    state : SiteState
        What is known; a new plan is put there.
    clock : Clock
        The time.
    meter : ReadsMeter
        The site's meter.
    forecasts : ForecastChain
        Where forecasts come from.
    compute : Compute
        Where plans are computed.
    plans, readings, ledgers : PlanStore, ReadingStore, LedgerStore
        Where everything is kept.
    """

    def __init__(  # noqa: PLR0913 - each is a part of its own
        self,
        state: SiteState,
        *,
        clock: Clock,
        meter: ReadsMeter,
        forecasts: ForecastChain,
        compute: Compute,
        plans: PlanStore,
        readings: ReadingStore,
        ledgers: LedgerStore,
    ) -> None:
        self._state = state
        self._clock, self._meter, self._forecasts, self._compute = clock, meter, forecasts, compute
        self._plans, self._readings, self._ledgers = plans, readings, ledgers
        self._flight: asyncio.Task[CycleReport] | None = None
        self._collecting = asyncio.Lock()
        self._unstored: deque[PlanRecord] = deque(maxlen=MOST_UNSTORED)
        self._storing = asyncio.Lock()
        self._last_id = ("", 0)

    async def run(self, epoch: int, lateness_s: float = 0.0) -> CycleReport:
        """Return what came of a cycle; while one is running, that one's.

        Parameters
        ----------
        epoch : int
            Of the lease under which the plan is made; part of its id.
        lateness_s : float
            How late after its time the cycle begins. [s]
        """
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._run(epoch, lateness_s))
        return await asyncio.shield(self._flight)

    async def close(self) -> None:
        """End a cycle that is running."""
        if self._flight is not None and not self._flight.done():
            self._flight.cancel()
            await asyncio.wait([self._flight])

    async def collect(self) -> None:
        """Fetch the metered intervals that are missing, store them, and bring history and ledger up to them."""
        async with self._collecting:
            await self._collect()

    async def _collect(self) -> None:
        state, now, options = self._state, self._clock.now(), self._state.settings.options
        since = state.memory.observed_until or now - options.history
        try:
            async with asyncio.timeout(METER_S):
                fetched = await self._meter.read_intervals(since)
        except (OutsideError, TimeoutError) as error:
            state.alarms.put(now, "meter_intervals", str(error) or f"no answer within {METER_S:g} s")
            return
        state.alarms.put(now, "meter_intervals", "")
        over = tuple(reading for reading in fetched if reading.interval.end <= now)
        if not over:
            return
        untold = [asset.id for asset in state.site.forecast_assets if asset.id not in over[-1].power_kw]
        words = f"the meter does not tell of {', '.join(untold)}: it must name them in power_kw" if untold else ""
        state.alarms.put(now, "meter_assets", words)
        means = step_means(over, options.step)
        if len(means) > FEW:
            state.memory = await asyncio.to_thread(taken_in, state.site, state.memory, means, options)
        else:
            state.memory = taken_in(state.site, state.memory, means, options)
        try:
            await self._readings.save_readings(state.site.id, over)
            tariff = (state.site.tariff.id, state.site.tariff.version)
            await self._ledgers.save_ledger(state.site.id, state.memory.ledger, tariff)
        except OutsideError as error:
            state.alarms.put(now, "readings_unstored", str(error))
        else:
            state.alarms.put(now, "readings_unstored", "")

    async def store_waiting(self) -> None:
        """Store the plans that the database has not taken yet, one caller at a time.

        Raises
        ------
        OutsideError
            When it does not take them now either. A plan that it will never take is dropped, so that it holds up none.
        """
        async with self._storing:
            while self._unstored:
                record = self._unstored[0]
                try:
                    await self._plans.save_plan(record)
                except Malformed:
                    self._taken(record)
                    raise
                self._taken(record)

    def _taken(self, record: PlanRecord) -> None:
        if self._unstored and self._unstored[0] is record:
            self._unstored.popleft()

    async def _run(self, epoch: int, lateness_s: float) -> CycleReport:
        began_s = self._clock.monotonic_s()
        await self.collect()
        now = self._clock.now()
        memory = self._state.memory = self._present()
        expected = await self._forecasts.current(now, memory.history, allows_demo=self._is_simulated())
        self._state.forecasts, self._state.forecasts_s = expected.reports, self._clock.monotonic_s()
        job = DecisionJob(
            site=self._state.site,
            memory=memory,
            now=now,
            forecasts=expected.given,
            options=self._state.settings.options,
        )
        decided = await self._compute.run(decide_job, job, self._state.settings.deadline_s)
        plan_id = await self._follow(decided, job, epoch)
        return self._reported(decided, plan_id, lateness_s, self._clock.monotonic_s() - began_s)

    def _present(self) -> SiteMemory:
        """The memory with the batteries as they are believed to be now, and the running interval's mean."""
        state, now = self._state, self._clock.now()
        batteries = {battery.id: self._battery_now(battery, now) for battery in state.site.batteries}
        so_far = state.running_so_far(now, self._clock.monotonic_s())
        return replace(state.memory, batteries=batteries, mean_so_far_kw=None if so_far is None else so_far.mean_kw)

    def _is_simulated(self) -> bool:
        """Whether every battery says that it is a simulator: only then may demo data decide."""
        states = [judged.state for judged in self._state.judged.values()]
        return bool(states) and all(state is not None and state.is_simulated for state in states)

    def _battery_now(self, battery: Battery, now: datetime) -> BatteryNow:
        """The battery as it is believed; one that is not, or must not be commanded, is planned at rest."""
        judged = self._state.judged.get(battery.id)
        if judged is None or judged.state is None or judged.soc is None:
            known = self._state.memory.batteries.get(battery.id)
            return BatteryNow(at=now, soc=battery.soc_floor if known is None else known.soc, is_out=True)
        if battery.id in self._state.refusals:
            return BatteryNow(at=judged.state.received_at, soc=judged.soc, is_out=True)
        return BatteryNow(
            at=judged.state.received_at,
            soc=judged.soc,
            charge_limit_kw=judged.state.charge_limit_kw,
            discharge_limit_kw=judged.state.discharge_limit_kw,
        )

    async def _follow(self, decided: Decided | NotComputed, job: DecisionJob, epoch: int) -> str | None:
        """Store a plan that is good, and make it the running one; a plan that is not good leaves the last one."""
        state = self._state
        if isinstance(decided, NotComputed):
            state.plan_trouble = f"the plan was not computed: {decided.why}"
            return None
        state.memory = replace(state.memory, targets=decided.targets)
        plan, inputs = decided.decision.plan, decided.inputs
        if plan is None or inputs is None:
            state.plan_trouble = decided.decision.why
            return None
        plan_id = self._new_id(job.now, epoch)
        record = PlanRecord(id=plan_id, site_version=state.version, inputs=inputs, plan=plan)
        await self._stored(record, job.now)
        if decided.decision.rung is not Rung.FRESH_PLAN:
            state.plan_trouble = decided.decision.why
            return plan_id
        now_s = self._clock.monotonic_s()
        state.running = RunningPlan(
            id=plan_id,
            decision=decided.decision,
            plan=plan,
            made_s=now_s,
            forecasts_s=now_s - oldest_forecast_s(self._state.forecasts),
        )
        state.plan_trouble = ""
        return plan_id

    def _new_id(self, now: datetime, epoch: int) -> str:
        """An id that sorts by time; of several plans of one instant, the later ones are numbered."""
        began = f"{now:%Y%m%dT%H%M%S.%f}Z/{self._state.site.id}/{epoch}"
        self._last_id = began, self._last_id[1] + 1 if self._last_id[0] == began else 1
        return began if self._last_id[1] == 1 else f"{began}/{self._last_id[1]}"

    async def _stored(self, record: PlanRecord, now: datetime) -> None:
        self._unstored.append(record)
        try:
            await self.store_waiting()
        except OutsideError as error:
            self._state.alarms.put(now, "plan_unstored", str(error))
        else:
            self._state.alarms.put(now, "plan_unstored", "")

    def _reported(
        self, decided: Decided | NotComputed, plan_id: str | None, lateness_s: float, duration_s: float
    ) -> CycleReport:
        state, now = self._state, self._clock.now()
        plan = None if isinstance(decided, NotComputed) else decided.decision.plan
        outcome = outcome_word(decided)
        solve_s = None
        if plan is not None:
            solve_s = (plan.timing.build_ms + plan.timing.solve_ms + plan.timing.validate_ms) / 1e3
        report = CycleReport(
            at=now,
            at_s=self._clock.monotonic_s(),
            outcome=outcome,
            why=state.plan_trouble,
            plan_id=plan_id,
            duration_s=duration_s,
            solve_s=solve_s,
        )
        state.last_cycle = report
        state.n_cycles += 1
        state.n_failed += bool(state.plan_trouble)
        state.alarms.put(now, "no_plan", state.plan_trouble)
        state.listen(
            CycleDone(
                site_id=state.site.id,
                at=now,
                outcome=outcome,
                why=state.plan_trouble,
                plan_id=plan_id,
                lateness_s=lateness_s,
                duration_s=duration_s,
                solve_s=solve_s,
            )
        )
        return report


def outcome_word(decided: Decided | NotComputed) -> str:
    """Return what came of a decision, in one word."""
    if isinstance(decided, NotComputed):
        return "not_computed"
    return "no_setpoint" if decided.decision.plan is None else plan_word(decided.decision.plan)


def plan_word(plan: Plan) -> str:
    """Return a plan's outcome in one word."""
    match plan.outcome:
        case Optimal():
            return "optimal"
        case Feasible():
            return "feasible"
        case Infeasible():
            return "infeasible"
        case _:
            return "fallback"


def oldest_forecast_s(reports: Iterable[ChainReport]) -> float:
    """Return how long the oldest forecast from outside has been known; one of our own is as young as its plan. [s]."""
    return max((60 * report.age_minutes for report in reports if report.age_minutes is not None), default=0.0)
