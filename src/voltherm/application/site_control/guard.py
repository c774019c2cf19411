"""The guard: every few seconds it reads, judges, holds the limits of now, and renews what the devices follow."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from voltherm.application.clamp_power import ClampCode, clamp_power
from voltherm.application.confirm_commands import CommandWatch
from voltherm.application.decide_site import ceiling_kw
from voltherm.application.judge_state import StateJudge
from voltherm.application.judged_state import JudgedState
from voltherm.application.lease_keeper import LeaseKeeper
from voltherm.application.local_rule import local_powers
from voltherm.application.reading_age import ReadingAge
from voltherm.application.site_control.dispatch import Dispatcher, Wanted
from voltherm.application.site_control.events import GuardTicked, RungChanged
from voltherm.application.site_control.ladder import Ground, RunningPlan, Standing, standing
from voltherm.application.site_control.running_mean import RunningMean
from voltherm.application.site_control.state import SiteState
from voltherm.domain.assets import Battery
from voltherm.domain.control import MeterReading, Rung
from voltherm.domain.device import CommandKind, CommandSource
from voltherm.domain.time import TimeGrid
from voltherm.optimization.terms.demand import peak_ceiling_kw
from voltherm.physics.guard import ImportBounds, guarded_powers
from voltherm.ports.clock import Clock
from voltherm.ports.devices import ReadsMeter, ReadsState
from voltherm.ports.errors import OutsideError

READ_S: Final = 4.0
"""A device or meter that has not answered by then is not read in this look. [s]."""
ROUNDING_KW: Final = 1e-9
MARGIN: Final = 0.001
"""The mean is held by this share under the ceiling: a watt above it raises the peak for the whole billing period."""
MOVED_S: Final = 2.0
"""The wall clock was moved when it went this much more or less than the monotonic clock between two looks. [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryParts:
    """Everything that belongs to one battery.

    Parameters
    ----------
    battery : Battery
        Its parameters.
    reads : ReadsState
        Where its state comes from.
    judge : StateJudge
        Whether it is believed.
    keeper : LeaseKeeper
        Whether it may be commanded.
    dispatcher : Dispatcher
        Where commands go.
    watch : CommandWatch
        Whether they are followed.
    """

    battery: Battery
    reads: ReadsState
    judge: StateJudge
    keeper: LeaseKeeper
    dispatcher: Dispatcher
    watch: CommandWatch


class Held(NamedTuple):
    """What may be sent: powers that the batteries can, what was wanted of each [kW], what the guard did, the plan."""

    powers: Mapping[str, float]
    wanted: Mapping[str, float]
    moved: str
    running: RunningPlan | None


class SiteGuard:
    """Looks after one site between its plans.

    Parameters
    ----------
    state : SiteState
        What is known; readings and standing are put there.
    batteries : tuple of BatteryParts
        In the order of the site's batteries.
    meter : ReadsMeter
        The site's meter.
    clock : Clock
        The time.
    """

    def __init__(self, state: SiteState, batteries: tuple[BatteryParts, ...], meter: ReadsMeter, clock: Clock) -> None:
        self._state = state
        self._batteries = batteries
        self._meter = meter
        self._clock = clock
        self._mean = RunningMean(state.settings.options.step)
        self._meter_age = ReadingAge(state.settings.meter_max_age.total_seconds())
        self._last_look: tuple[datetime, float] | None = None
        self._looking = asyncio.Lock()
        self._is_cut = False

    async def tick(self) -> bool:
        """Look once, and return whether a new plan is wanted before its time.

        It is when a battery has come back or was lost, when there is no plan or none that can be followed, when the
        wall clock was moved, and when a battery's limits of now begin to cut the plan, or cease to.
        """
        async with self._looking:
            return await self._tick()

    async def _tick(self) -> bool:
        clock_moved = self._clock_moved()
        refused_before, was_cut = self._state.refusals, self._is_cut
        async with asyncio.TaskGroup() as tasks:
            for part in self._batteries:
                tasks.create_task(self._read_battery(part))
            tasks.create_task(self._read_meter())
        self._judge()
        self._confirm()
        refusals = self._state.refusals = self._refusals()
        await self._act(self._stand(refusals))
        changed = clock_moved or refusals.keys() != refused_before.keys() or self._is_cut is not was_cut
        has_no_plan = self._state.running is None or self._state.standing.rung is Rung.LOCAL_RULE
        return len(refusals) < len(self._batteries) and (changed or has_no_plan)

    async def release_all(self) -> None:
        """Release every device after a look that is running, so that nothing is sent behind it."""
        async with self._looking:
            await self.release()

    async def release(self, only: Collection[str] | None = None) -> None:
        """Tell the devices that follow us to go back to their own default; what cannot be told reverts by itself.

        Parameters
        ----------
        only : collection of battery id, optional
            Which; by default all.
        """
        for part in self._batteries:
            is_meant = only is None or part.battery.id in only
            if is_meant and part.dispatcher.is_followed(self._clock.now()) and part.keeper.lease is not None:
                wanted = Wanted(kind=CommandKind.RELEASE, source=CommandSource.GUARD, reason="release")
                await part.dispatcher.send(wanted)

    # -- Reading -------------------------------------------------------------------------------------------------------

    async def _read_battery(self, part: BatteryParts) -> None:
        try:
            async with asyncio.timeout(READ_S):
                part.judge.take(await part.reads.read_state())
        except (OutsideError, TimeoutError) as error:
            trouble = str(error) or f"no answer within {READ_S:g} s"
            part.judge.miss(trouble)
        else:
            trouble = ""
        self._state.alarms.put(self._clock.now(), f"battery_unread:{part.battery.id}", trouble)

    async def _read_meter(self) -> None:
        state = self._state
        try:
            async with asyncio.timeout(READ_S):
                meter = await self._meter.read_meter()
        except (OutsideError, TimeoutError) as error:
            state.meter_trouble = str(error) or f"no answer within {READ_S:g} s"
        else:
            self._meter_age.learn(meter)
            state.meter, state.meter_trouble = meter, ""
            state.meter_lag_s = math.inf if self._meter_age.is_doubtful else self._meter_age.lag_s
            if state.fresh_meter(self._clock.monotonic_s()) is not None:
                state.so_far = self._mean.take(self._clock.now(), meter)
            else:
                state.meter_trouble = "the meter answers with a reading that is old by its own clock, which stands"
        is_fresh = state.fresh_meter(self._clock.monotonic_s()) is not None
        self._state.alarms.put(self._clock.now(), "meter_stale", "" if is_fresh else state.meter_trouble)

    def _judge(self) -> None:
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        self._state.judged = {part.battery.id: part.judge.judged(now, now_s) for part in self._batteries}
        for name, judged in self._state.judged.items():
            words = "" if judged.is_usable else "; ".join(judged.why)
            self._state.alarms.put(now, f"soc_not_believed:{name}", words)
            self._state.alarms.put(now, f"clock_offset:{name}", judged.clock_alarm)

    def _confirm(self) -> None:
        """Hold the measured power against what was sent."""
        now = self._clock.now()
        for part in self._batteries:
            judged = self._state.judged[part.battery.id]
            for verdict in part.watch.look(judged.state, self._clock.monotonic_s()) if judged.state is not None else ():
                part.dispatcher.observed(verdict.command, verdict.stage, verdict.detail, verdict.measured_kw)
            self._state.alarms.put(now, f"not_following:{part.battery.id}", part.watch.degraded)
            other = "" if self._is_one_of_us(judged, part) else part.watch.other_controller
            self._state.alarms.put(now, f"other_controller:{part.battery.id}", other)

    def _is_one_of_us(self, judged: JudgedState, part: BatteryParts) -> bool:
        """Whether the battery follows a command of another instance of this service, which the lease sorts out."""
        echo = None if judged.state is None else judged.state.echo
        ours = f"{self._state.site.id}/{part.battery.id}/"
        return echo is not None and echo.command_id is not None and echo.command_id.startswith(ours)

    def _clock_moved(self) -> bool:
        """Whether the wall clock was moved since the last look."""
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        last, self._last_look = self._last_look, (now, now_s)
        if last is None:
            return False
        moved_s = (now - last[0]).total_seconds() - (now_s - last[1])
        is_moved = abs(moved_s) > MOVED_S
        words = f"the wall clock was moved by {moved_s:+.0f} s" if is_moved else ""
        self._state.alarms.put(now, "clock_moved", words)
        return is_moved

    # -- Deciding ------------------------------------------------------------------------------------------------------

    def _refusals(self) -> dict[str, str]:
        """Which batteries nothing may be sent to, and why."""
        now_s = self._clock.monotonic_s()
        found = {part.battery.id: self._refusal(part, now_s) for part in self._batteries}
        return {name: why for name, why in found.items() if why}

    def _refusal(self, part: BatteryParts, now_s: float) -> str:
        if part.keeper.lease is None:
            return part.keeper.why or "the lease has ended"
        judged = self._state.judged.get(part.battery.id)
        if judged is None:
            return "has not been read yet"
        if not (judged.is_usable and judged.is_commandable):
            return "; ".join(judged.why)
        return "" if part.watch.may_command(now_s) else part.watch.degraded

    def _stand(self, refusals: Mapping[str, str]) -> Standing:
        state, now = self._state, self._clock.now()
        is_refused = bool(refusals) and len(refusals) == len(self._batteries)
        refusal = "; ".join(f"{name}: {why}" for name, why in refusals.items()) if is_refused else ""
        now_s = self._clock.monotonic_s()
        ground = Ground(refusal, state.running, state.plan_trouble, state.fresh_meter(now_s) is not None)
        stood = standing(ground, now, now_s, state.settings.ladder)
        if stood.rung is not state.standing.rung:
            before = state.standing.rung
            state.listen(RungChanged(site_id=state.site.id, at=now, before=before, after=stood.rung, why=stood.why))
        state.standing = stood
        state.alarms.put(now, "not_controlling", stood.why if stood.rung is Rung.NO_SETPOINT else "")
        state.alarms.put(now, "local_rule", stood.why if stood.rung is Rung.LOCAL_RULE else "")
        return stood

    # -- Acting --------------------------------------------------------------------------------------------------------

    async def _act(self, stood: Standing) -> None:
        self._state.ceiling_kw = None
        match stood.rung:
            case Rung.FRESH_PLAN | Rung.LAST_PLAN if self._state.running is not None:
                planned = self._commandable(_planned_kw(self._state.running, self._clock.now()))
                await self._send(self._guarded(planned, self._plan_ceiling_kw(self._state.running)), planned)
            case Rung.LOCAL_RULE:
                await self._send(self._local_powers(), {})
            case _:
                self._state.listen(GuardTicked(site_id=self._state.site.id, at=self._clock.now()))
                await self.release()
                return
        await self.release(only=self._state.refusals)

    def _commandable(self, powers: Mapping[str, float]) -> dict[str, float]:
        return {name: power for name, power in powers.items() if name not in self._state.refusals}

    def _guarded(self, planned: Mapping[str, float], ceiling: float) -> Held:
        """The planned powers, held under the ceiling where the meter is read.

        A battery is counted with what it can now: what one must not give, the next one is asked for.
        """
        running, reading = self._state.running, self._reading()
        if reading is None:
            return Held(planned, planned, "", running)
        able = {battery.id: battery for battery in self._able()}
        possible = {
            name: min(max(power, -able[name].discharge_limit_kw), able[name].charge_limit_kw)
            for name, power in planned.items()
        }
        self._state.ceiling_kw = ceiling = ceiling * (1.0 - MARGIN)
        bounds, left_h = ImportBounds(ceiling, self._state.site.connection.export_limit_kw), self._left_h(reading)
        powers = guarded_powers(tuple(able.values()), possible, bounds, reading, left_h)
        wanted = guarded_powers(self._state.site.batteries, planned, bounds, reading, left_h)
        margin_kw = MARGIN * abs(ceiling) / (1.0 - reading.elapsed_share) if math.isfinite(ceiling) else 0.0
        slack_kw = ROUNDING_KW + margin_kw  # keeping the margin is no event
        is_moved = any(
            abs(held[name] - given[name]) > slack_kw
            for held, given in ((powers, possible), (wanted, planned))
            for name in given
        )
        return Held(powers, wanted, f"peak_guard: holds {ceiling:.1f} kW at the meter" if is_moved else "", running)

    def _local_powers(self) -> Held:
        state, reading = self._state, self._reading()
        if reading is None:
            return Held({}, {}, "", None)
        now, step = self._clock.now(), state.settings.options.step
        start = now - timedelta(seconds=now.timestamp() % step.total_seconds())
        targets = {} if state.memory.targets is None else state.memory.targets.kw
        in_force = peak_ceiling_kw(state.site.tariff, state.memory.ledger, targets, TimeGrid(start, step, 1))
        limit = state.site.connection.import_limit_kw
        ceiling = min(in_force, limit) if in_force > 0 else limit  # nothing reached yet is nothing to defend
        state.ceiling_kw = ceiling
        bounds, left_h = ImportBounds(ceiling, state.site.connection.export_limit_kw), self._left_h(reading)
        wanted = local_powers(self._commandables(), bounds, reading, left_h)
        return Held(local_powers(self._able(), bounds, reading, left_h), wanted, "", None)

    def _commandables(self) -> tuple[Battery, ...]:
        return tuple(part.battery for part in self._batteries if part.battery.id not in self._state.refusals)

    def _able(self) -> tuple[Battery, ...]:
        """The batteries that may be commanded, with the limits that clamping will leave them now."""
        state, validity = self._state, self._state.settings.validity
        able = []
        for battery in self._commandables():
            judged = state.judged[battery.id]
            charge = clamp_power(battery.charge_limit_kw, battery, judged, validity=validity).power_kw
            discharge = -clamp_power(-battery.discharge_limit_kw, battery, judged, validity=validity).power_kw
            able.append(replace(battery, charge_limit_kw=charge, discharge_limit_kw=discharge))
        return tuple(able)

    def _plan_ceiling_kw(self, running: RunningPlan) -> float:
        step = running.step_at(self._clock.now())
        if step is None or step == 0:
            return running.decision.ceiling_kw
        memory = self._state.memory
        return ceiling_kw(self._state.site, memory.ledger, running.plan, running.decision.targets_kw, step)

    def _reading(self) -> MeterReading | None:
        """The meter without the batteries; None while the meter is not read."""
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        meter, so_far = self._state.fresh_meter(now_s), self._state.running_so_far(now, now_s)
        if meter is None:
            return None
        batteries_kw = sum(self._battery_kw(part) for part in self._batteries)
        soc = {name: judged.soc for name, judged in self._state.judged.items() if judged.soc is not None}
        return MeterReading(
            net_kw=meter.grid_kw - batteries_kw,
            mean_so_far_kw=0.0 if so_far is None else so_far.mean_kw,
            elapsed_share=0.0 if so_far is None else so_far.elapsed_share,
            soc=soc,
        )

    def _battery_kw(self, part: BatteryParts) -> float:
        """What a battery does now: as measured, or where that is as old as no meter may be, what it follows. [kW]."""
        judged = self._state.judged[part.battery.id]
        is_young = judged.age_s is not None and judged.age_s <= self._state.settings.meter_max_age.total_seconds()
        measured = judged.state.power_kw if judged.state is not None and is_young else None
        return part.dispatcher.followed_kw(self._clock.now()) if measured is None else measured

    def _left_h(self, reading: MeterReading) -> float:
        """What is left of the metering interval, at least one guard interval. [h]."""
        settings = self._state.settings
        left = max((1.0 - reading.elapsed_share) * settings.options.step, settings.guard)
        return left / timedelta(hours=1)

    async def _send(self, held: Held, planned: Mapping[str, float]) -> None:
        state, moved, running = self._state, held.moved, held.running
        codes: list[str] = [moved.partition(":")[0]] if moved else []
        for part in self._batteries:
            name = part.battery.id
            if name not in held.powers:
                continue
            judged, validity = state.judged[name], state.settings.validity
            clamped = clamp_power(held.powers[name], part.battery, judged, validity=validity)
            reasons = clamp_power(held.wanted[name], part.battery, judged, validity=validity).reasons
            codes += [reason.code.value for reason in reasons]
            words = (*((moved,) if moved else ()), *(str(reason) for reason in reasons))
            wanted = Wanted(
                power_kw=clamped.power_kw,
                planned_kw=planned.get(name),
                source=_source(running, moved),
                reason=_reason(running, self._clock.now()),
                clamps=words,
                plan_id=None if running is None else running.id,
            )
            sent = await part.dispatcher.send(wanted)
            if sent is not None:
                part.watch.sent(sent.command, sent.answer, self._clock.monotonic_s())
                is_taken = sent.answer is not None and sent.answer.is_accepted
                state.alarms.put(self._clock.now(), f"command_not_taken:{name}", "" if is_taken else sent.detail)
        self._is_cut = ClampCode.BMS.value in codes
        state.listen(GuardTicked(site_id=state.site.id, at=self._clock.now(), clamps=tuple(codes)))


def _source(running: RunningPlan | None, moved: str) -> CommandSource:
    if running is None:
        return CommandSource.LOCAL_RULE
    return CommandSource.GUARD if moved else CommandSource.PLAN


def _reason(running: RunningPlan | None, now: datetime) -> str:
    step = None if running is None else running.step_at(now)
    return "local_rule" if running is None or step is None else running.plan.reasons[step].value


def _planned_kw(running: RunningPlan, now: datetime) -> dict[str, float]:
    """The plan's battery powers of now; in its first step those of the rest of that step."""
    step = running.step_at(now)
    if step is None:
        return {}
    if step == 0:
        return {command.asset_id: command.power_kw for command in running.decision.commands}
    batteries = {command.asset_id for command in running.decision.commands}
    return {name: float(running.plan.assets[name].power_kw[step]) for name in sorted(batteries)}
