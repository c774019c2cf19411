"""A reporter that fails in every way: field.md 6.2, rows 15 and 16, with a reporter in the place of the price feed.

In every second half-hour of one run another fault; in between good forecasts. At its end the reporter is gone for good.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.faults import invariants
from tests.faults.simulated.descending import DAY, LOAD_KW, site_document, write_recording
from tests.faults.simulated.gateway import gateway_to
from tests.faults.simulated.reporter_stub import PV_KW, forecast, power_kw, reporter_of, scaled
from tests.faults.simulated.world import World, metered, programs
from voltherm.adapters.documents.site import site_from_document
from voltherm.adapters.store.database import Database
from voltherm.application.outlook import column_of
from voltherm.domain.site import Site
from voltherm.ports.store import PlanRecord

HOUR = timedelta(hours=1)
MOST_AGE_H = 2
FAULTS = {
    "missing": "last_good",
    "23 values": "fresh",
    "duplicates": "fresh",
    "hourly": "fresh",
    "yesterday's": "last_good",
    "a million": "last_good",
    "in watts": "last_good",
    "zeros": "last_good",
    "partial": "fresh",
}
"""What the reporter does, an hour after the other, and where the service takes its forecasts from meanwhile."""
GONE = len(FAULTS) + 1
"""From this hour on nothing answers."""
UNTIL = GONE + MOST_AGE_H + 1
MOST_WRONG_KW = 5.0
"""By so much a plan's input may miss the recording, which is the same every day; a dummy misses it by more. [kW]"""


def _answer(kind: str, now: datetime) -> tuple[int, object]:
    """Return what the reporter answers: a fault in the first half of each hour."""
    hour = (now - DAY) // HOUR
    if hour >= GONE:
        return 503, {"detail": "nobody there"}
    good = forecast(kind, now)
    if (now - DAY) % HOUR >= HOUR / 2 or hour == 0:
        return 200, good
    partial = [
        point | {"power": point["power"] if index % 12 < 3 else None} for index, point in enumerate(good["points"])
    ]
    answers: Mapping[str, tuple[int, object]] = {
        "missing": (404, {"detail": "no such forecast"}),
        "23 values": (200, good | {"points": good["points"][:23]}),
        "duplicates": (200, good | {"points": [point for point in good["points"] for _ in (1, 2)]}),
        "hourly": (200, forecast(kind, now, minutes=60)),
        "yesterday's": (200, forecast(kind, now - 24 * HOUR)),
        "a million": (200, scaled(good, 1e6)),
        "in watts": (200, scaled(good, 1e3)),
        "zeros": (200, scaled(good, 0.0)),
    }
    assert set(answers) | {"partial"} == set(FAULTS)
    name = list(FAULTS)[hour - 1]
    return answers[name] if name != "partial" else (200, good | {"points": partial})


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was seen on the way, and what is in the database."""

    world: World
    validator: str
    site: Site
    marks: dict[float, dict[str, Any]]
    plans: tuple[PlanRecord, ...]

    def forecasts_at(self, hour: float) -> dict[str, dict[str, Any]]:
        """Return what the status said of each forecast."""
        return {each["kind"]: each for each in self.marks[hour]["forecasts"]}

    def plans_of(self, hour: float, until: float) -> list[PlanRecord]:
        """Return the plans made between two hours."""
        return [each for each in self.plans if DAY + hour * HOUR <= each.plan.made_at < DAY + until * HOUR]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Return a run with every fault in it."""
    folder = tmp_path_factory.mktemp("reporter")
    document = site_document(has_pv=True)
    (folder / "site.json").write_text(json.dumps(document))
    recording = write_recording(folder / "recording.csv", pv_kw=PV_KW)
    marks: dict[float, dict[str, Any]] = {}
    with programs(folder) as start:
        world = World(folder=folder, start_voltherm=start, begin=DAY, until=DAY + UNTIL * HOUR)
        options = ("--site", str(folder / "site.json"), "--data", str(recording), "--days", "10", "--soc", "0.95")
        validator = world.validator(*options)
        with gateway_to(validator, lambda: world.now) as gateway, reporter_of(_answer, lambda: world.now) as reporter:
            for quarter in range(1, 4 * UNTIL):
                hour = quarter / 4 + 0.1
                gateway.at(DAY + hour * HOUR, lambda hour=hour: marks.update({hour: world.status()}))
            sites = [{"site": document, "bms_base_url": gateway.url, "reporter_base_url": reporter.url}]
            world.serve(sites, guard_s=30, FORECAST_MAX_AGE_HOURS=str(MOST_AGE_H))
            world.wait_until_over()
            gateway.require_all_done()
        world.stop_service()
        site = site_from_document(document, folder=folder)
        yield Run(world=world, validator=validator, site=site, marks=marks, plans=_stored(world))


def _stored(world: World) -> tuple[PlanRecord, ...]:
    async def read() -> tuple[PlanRecord | None, ...]:
        database = Database.at(world.database_url, column_of=column_of, timeout_s=30)
        try:
            names = await database.plans.plan_ids("site", DAY, world.until + HOUR)
            return tuple([await database.plans.plan(name) for name in names])
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as thread:
        return tuple(record for record in thread.submit(lambda: asyncio.run(read())).result() if record is not None)


@pytest.mark.fault(15)
@pytest.mark.fault(16)
@pytest.mark.pitfall("M11")
@pytest.mark.parametrize("name", FAULTS)
def test_the_chain_takes_the_best_that_there_is_and_says_which(run: Run, name: str) -> None:
    hour = list(FAULTS).index(name) + 1.35

    told = run.forecasts_at(hour)

    assert {each["rung"] for each in told.values()} == {FAULTS[name]}, told
    assert all(each["why"] for each in told.values()) is (FAULTS[name] != "fresh")
    assert all(each["source"] == "stub" for each in told.values())


@pytest.mark.fault(15)
@pytest.mark.pitfall("M11")
@pytest.mark.parametrize("name", FAULTS)
def test_the_next_good_forecast_is_taken_again(run: Run, name: str) -> None:
    told = run.forecasts_at(list(FAULTS).index(name) + 1.85)

    assert {each["rung"] for each in told.values()} == {"fresh"}


@pytest.mark.fault(15)
@pytest.mark.pitfall("M11")
def test_a_reporter_that_stays_away_is_replaced_by_the_sites_own_forecasts(run: Run) -> None:
    last = run.forecasts_at(UNTIL - 0.15)
    early = run.forecasts_at(GONE + 0.35)

    assert {each["rung"] for each in early.values()} == {"last_good"}
    assert {each["rung"] for each in last.values()} == {"own"}
    assert run.marks[UNTIL - 0.15]["rung"] == "fresh_plan"
    (*_, plan) = run.plans
    sources = {plan.plan.provenance[name].source for name in ("load", "roof")}
    assert "stub" not in sources


@pytest.mark.fault(15)
@pytest.mark.fault(16)
@pytest.mark.pitfall("M11")
@pytest.mark.pitfall("M12")
def test_no_plan_was_ever_made_of_anything_but_the_sites_own_load_and_sun(run: Run) -> None:
    assert len(run.plans) >= 4 * UNTIL
    for record in run.plans:
        for name, kind in (("load", "load"), ("roof", "solar")):
            series = record.inputs.power_kw[name]
            true_kw = np.array([power_kw(kind, time) for time in series.grid.times()])
            assert np.abs(series.values - true_kw).max() < MOST_WRONG_KW, (record.id, name)


@pytest.mark.fault(15)
def test_what_is_not_known_from_outside_is_labelled_in_the_plan(run: Run) -> None:
    hour = list(FAULTS).index("23 values") + 1
    (short, *_) = run.plans_of(hour, hour + 0.2)

    origin = short.plan.provenance["roof"]

    assert "stub" in origin.source
    assert origin.note
    assert short.plan.grid.n_steps == run.plans[-1].plan.grid.n_steps


@pytest.mark.fault(15)
def test_every_invariant_holds_and_control_never_stopped(run: Run) -> None:
    (battery,) = run.site.batteries
    invariants.assert_all(
        invariants.truth_log(run.validator),
        invariants.audit_of(run.world.database_url, "site"),
        battery=battery,
        seen=metered(run.validator, DAY),
        import_kw=LOAD_KW + 5,
    )
    assert {marked["rung"] for marked in run.marks.values()} == {"fresh_plan"}, (
        "also when the last forecast grew too old"
    )
