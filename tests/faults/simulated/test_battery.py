"""A battery that fails in every way, one after the other, while the service looks after it: field.md 6.2, rows 1 to 5.

One run of some hours of simulated time; each fault has its own part of it, and normal control between two of them.
What the service thinks is read at marks on the way, what it did from the battery's own log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.faults import invariants
from tests.faults.simulated.descending import DAY, LOAD_KW, site_document, write_recording
from tests.faults.simulated.gateway import Gateway, gateway_to
from tests.faults.simulated.world import World, clear_faults, metered, programs, set_faults
from voltherm.adapters.documents.site import site_from_document
from voltherm.domain.site import Site

GUARD = timedelta(seconds=10)
VALIDITY = timedelta(seconds=60)
SOC_PATH, DISPATCH_PATH = "/api/battery/soc", "/api/battery/dispatch"


@dataclass(kw_only=True)
class Run:
    """What was planned and what was seen."""

    world: World
    validator: str
    gateway: Gateway
    site: Site
    marks: dict[str, dict[str, Any]] = field(default_factory=dict)
    alarms: dict[str, int] = field(default_factory=dict)
    entries: list[invariants.Entry] = field(default_factory=list)
    audit: invariants.Audit = field(default_factory=lambda: invariants.Audit(commands=(), problems=()))

    def fault(self, minute: float, until: float, **faults: object) -> None:
        """Plan a fault from one minute to another."""
        self.gateway.at(at(minute), lambda: set_faults(self.validator, **faults))
        self.gateway.at(at(until), lambda: clear_faults(self.validator))

    def mark(self, minute: float, name: str) -> None:
        """Plan to note the service's status, and how many alarms it has told of."""

        def noted() -> None:
            self.marks[name] = self.world.status()
            self.alarms[name] = len(self.world.alarms())

        self.gateway.at(at(minute), noted)

    def told_alarms(self, first: str, last: str) -> list[tuple[str, bool]]:
        """Return the codes of the alarms that were told between two marks, and whether they were raised."""
        told = self.world.alarms()[self.alarms[first] : self.alarms[last]]
        return [(alarm["code"], alarm["is_raised"]) for alarm in told]

    def followed_kw(self, minute: float) -> float | None:
        """Return what the battery was following at a minute, by its own log; None while it rested."""
        followed = invariants.followed_at(self.entries, self.audit, at(minute))
        return None if followed is None else followed.power_kw

    def received(self, first: float, last: float) -> list[invariants.Entry]:
        """Return the setpoints that reached the battery between two minutes."""
        return [each for each in self.entries if each.event == "received" and at(first) <= each.at < at(last)]


def at(minute: float) -> datetime:
    """Return the instant of a minute of the run."""
    return DAY + timedelta(minutes=minute)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Return a run with every fault in it."""
    folder = tmp_path_factory.mktemp("battery")
    document = site_document()
    (folder / "site.json").write_text(json.dumps(document))
    with programs(folder) as start:
        world = World(folder=folder, start_voltherm=start, begin=DAY, until=at(147))
        recording = write_recording(folder / "recording.csv")
        options = ("--site", str(folder / "site.json"), "--data", str(recording), "--days", "10", "--soc", "0.95")
        validator = world.validator(*options)
        with gateway_to(validator, lambda: world.now) as gateway:
            done = Run(
                world=world, validator=validator, gateway=gateway, site=site_from_document(document, folder=folder)
            )
            _plan(done)
            world.serve([{"site": document, "bms_base_url": gateway.url}], guard_s=GUARD.total_seconds())
            world.wait_until_over()
            gateway.require_all_done()
            world.stop_service()
            done.entries = invariants.truth_log(validator)
            done.audit = invariants.audit_of(world.database_url, "site")
            yield done


def _plan(run: Run) -> None:
    run.mark(5, "normal")
    run.fault(10, 20, drop=True)
    run.mark(10 + 5 / 6, "gone for less than a minute")
    run.mark(11.5, "gone")
    run.mark(23, "back")
    run.fault(30, 40, is_lying=True)
    run.mark(35, "lying")
    run.mark(45.5, "planned around")
    run.mark(55, "honest")
    for index, (name, told) in enumerate(NONSENSE.items()):
        begin = 60 + 10 * index
        run.fault(begin, begin + 3, **told)
        run.mark(begin + 2, name)
        run.mark(begin + 6, f"after {name}")
    run.fault(100, 103, soc_jump=-0.45)
    run.mark(100.5, "jump")
    run.mark(107, "after jump")
    run.fault(110, 113, is_frozen=True)
    run.mark(112, "frozen")
    run.mark(116, "after frozen")
    run.fault(118, 119, discharge_limit_kw=10.0)
    run.mark(118 + 1 / 3, "limited")
    run.mark(121, "unlimited")
    for index, mode in enumerate(("local", "fault", "standby")):
        run.fault(126 + 7 * index, 128 + 7 * index, mode=mode)
        run.mark(127.5 + 7 * index, mode)
        run.mark(130 + 7 * index, f"after {mode}")


NONSENSE: dict[str, dict[str, object]] = {
    "NaN": {"soc": "NaN"},
    "not implemented": {"soc": 65535},
    "101 %": {"soc": 1.01},
    "none": {"soc": None},
}


def test_every_invariant_holds_after_all_faults(run: Run) -> None:
    seen = metered(run.validator, DAY)
    (battery,) = run.site.batteries

    invariants.assert_all(run.entries, run.audit, battery=battery, seen=seen, import_kw=LOAD_KW + 5)
    invariants.assert_fate_is_known(run.audit, before=at(147))


def test_the_battery_discharges_by_plan_before_the_first_fault(run: Run) -> None:
    normal = run.marks["normal"]

    assert normal["rung"] == "fresh_plan"
    assert normal["alarms"] == {}
    assert run.followed_kw(5) == pytest.approx(-LOAD_KW, abs=1)


@pytest.mark.fault(1)
@pytest.mark.pitfall("M13")
class TestGone:
    def test_the_reading_is_stale_after_a_minute_and_no_setpoint_is_sent(self, run: Run) -> None:
        young, gone = run.marks["gone for less than a minute"], run.marks["gone"]

        assert young["rung"] == "fresh_plan"
        assert gone["rung"] == "no_setpoint"
        assert not gone["devices"]["battery"]["is_believed"]
        assert gone["devices"]["battery"]["battery_power_kw"] is None
        assert not [command for command, _ in run.audit.commands if at(11.2) < command.issued_at < at(20)]

    def test_the_battery_reverts_when_its_last_command_ends(self, run: Run) -> None:
        last = [entry for entry in run.entries if entry.event == "started" and entry.at < at(10)][-1]
        (reverted,) = [entry for entry in run.entries if entry.event == "reverted" and entry.at < at(20)]

        assert reverted.at == run.audit.by_id[last.command_id].valid_until
        assert reverted.at <= at(10) + VALIDITY

    def test_it_is_asked_no_more_often_than_the_guard_looks(self, run: Run) -> None:
        n_looks = timedelta(minutes=10) // GUARD

        assert run.gateway.n_requests(SOC_PATH, at(10), at(20)) <= n_looks
        assert run.gateway.n_requests(DISPATCH_PATH, at(10), at(20)) <= VALIDITY // GUARD

    def test_each_alarm_is_told_once(self, run: Run) -> None:
        told = run.told_alarms("normal", "back")

        assert len(told) == len(set(told)), told
        assert ("battery_unread:battery", True) in told
        assert ("battery_unread:battery", False) in told

    def test_setpoints_resume_after_some_good_readings(self, run: Run) -> None:
        resumed = next(entry for entry in run.entries if entry.event == "started" and entry.at >= at(20))

        assert at(20) + 2 * GUARD <= resumed.at <= at(21)
        assert run.marks["back"]["rung"] == "fresh_plan"
        assert run.marks["back"]["alarms"] == {}


@pytest.mark.fault(5)
@pytest.mark.pitfall("M14")
class TestLying:
    def test_it_is_degraded_after_three_misses_and_planned_around(self, run: Run) -> None:
        lying = run.marks["lying"]

        assert "not_following:battery" in lying["alarms"]
        assert lying["rung"] == "no_setpoint"
        around = run.marks["planned around"]
        assert around["predicted_soc"] == pytest.approx(around["current_soc"], abs=1e-3)
        misses = [
            event
            for command, events in run.audit.commands
            for event in events
            if event.stage.value == "missed" and at(30) < event.at < at(40)
        ]
        assert 3 <= len(misses) <= 4  # the fourth was under way

    def test_one_alarm_is_told_and_it_recovers_by_itself(self, run: Run) -> None:
        told = [alarm for alarm in run.told_alarms("back", "honest") if alarm[0] == "not_following:battery"]

        assert told == [("not_following:battery", True), ("not_following:battery", False)]
        assert run.marks["honest"]["rung"] == "fresh_plan"
        assert run.followed_kw(55) == pytest.approx(-LOAD_KW, abs=1)

    def test_the_status_tells_commanded_and_measured_apart(self, run: Run) -> None:
        assert run.marks["lying"]["devices"]["battery"]["measured_power_kw"] == 0


@pytest.mark.fault(3)
@pytest.mark.pitfall("M13")
class TestNonsense:
    @pytest.mark.parametrize("name", [*NONSENSE, "jump", "frozen"])
    def test_it_is_never_planned_on_nor_commanded_by(self, run: Run, name: str) -> None:
        marked = run.marks[name]

        assert not marked["devices"]["battery"]["is_believed"]
        assert marked["current_soc"] is None
        assert marked["rung"] == "no_setpoint"

    @pytest.mark.parametrize("name", [*NONSENSE, "jump", "frozen"])
    def test_control_is_back_by_itself_afterwards(self, run: Run, name: str) -> None:
        after = run.marks[f"after {name}"]

        assert after["rung"] == "fresh_plan"
        assert after["alarms"] == {}

    def test_no_alarm_floods(self, run: Run) -> None:
        told = run.told_alarms("honest", "after frozen")

        assert len(told) <= 2 * 3 * (len(NONSENSE) + 3), told


@pytest.mark.fault(4)
class TestLimited:
    def test_a_cut_limit_is_kept_within_one_look_and_planned_with(self, run: Run) -> None:
        first = next(entry for entry in run.received(118, 119) if entry.at >= at(118))
        limited = run.marks["limited"]

        assert first.at <= at(118) + GUARD
        assert first.power_kw == pytest.approx(-10)
        assert limited["plan_age_s"] <= GUARD.total_seconds()
        assert all(entry.power_kw is not None and entry.power_kw >= -10 for entry in run.received(118, 119))

    def test_the_full_power_is_back_with_the_next_plan(self, run: Run) -> None:
        assert run.marks["unlimited"]["alarms"] == {}
        assert run.followed_kw(121) == pytest.approx(-LOAD_KW, abs=1)

    @pytest.mark.parametrize(("mode", "minute"), [("local", 126), ("fault", 133), ("standby", 140)])
    def test_a_battery_that_is_not_ours_is_left_alone(self, run: Run, mode: str, minute: float) -> None:
        marked, after = run.marks[mode], run.marks[f"after {mode}"]

        assert marked["rung"] == "no_setpoint"
        assert marked["devices"]["battery"]["mode"] == mode
        assert not run.received(minute + 0.2, minute + 2)
        assert run.followed_kw(minute + 1) is None
        assert after["rung"] == "fresh_plan"

    def test_each_mode_raises_its_alarm_once(self, run: Run) -> None:
        told = run.told_alarms("unlimited", "after standby")

        assert [alarm for alarm in told if alarm[0] == "not_controlling"] == [
            ("not_controlling", True),
            ("not_controlling", False),
        ] * 3
        assert len(told) <= 2 * 3 * 2, told
