"""States in which no plan can keep every limit: always a plan, its violations named, and control goes on.

The corpus of earlier programs that lost their whole plan (pitfall M17; field.md 6.2, row 20), at the running service:
one site each, all of them under one service.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.faults import invariants
from tests.faults.simulated.descending import DAY, site_document, write_recording
from tests.faults.simulated.world import World, programs, set_faults
from voltherm.adapters.store.database import Database
from voltherm.application.outlook import column_of
from voltherm.ports.store import PlanRecord

BEGIN = DAY + timedelta(hours=12)
UNTIL = BEGIN + timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A site that cannot keep every limit, and which limits its plans must name."""

    soc: float
    load_kw: float = 40.0
    pv_kw: float | None = None
    import_limit_kw: float = 200.0
    faults: dict[str, object] = field(default_factory=dict)
    charge_limit_kw: float = 50.0
    names: str = ""


CASES = {
    "below-minimum": Case(soc=0.08, charge_limit_kw=10.0, names="soc"),
    "above-maximum": Case(soc=0.95, names="soc"),
    "sun-over-load": Case(soc=0.85, load_kw=200.0, pv_kw=600.0, import_limit_kw=1000.0),
    "no-power": Case(soc=0.5, faults={"charge_limit_kw": 0.0, "discharge_limit_kw": 0.0}),
    "import-below-load": Case(soc=0.1, import_limit_kw=20.0, names="import"),
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was found, by name of the case."""

    status: dict[str, dict[str, Any]]
    plans: dict[str, list[PlanRecord]]
    entries: dict[str, list[invariants.Entry]]
    audits: dict[str, invariants.Audit]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Return what the service made of all of them."""
    folder = tmp_path_factory.mktemp("impossible")
    with programs(folder) as start:
        world = World(folder=folder, start_voltherm=start, begin=BEGIN, until=UNTIL)
        urls, sites = {}, []
        for name, case in CASES.items():
            document = _document(name, case)
            (folder / f"{name}.json").write_text(json.dumps(document))
            recording = write_recording(folder / f"{name}.csv", load_kw=case.load_kw, pv_kw=case.pv_kw)
            options = ("--site", str(folder / f"{name}.json"), "--data", str(recording), "--days", "10")
            urls[name] = world.validator(*options, "--soc", str(case.soc))
            if case.faults:
                set_faults(urls[name], **case.faults)
            sites.append({"site": document, "bms_base_url": urls[name]})
        world.serve(sites, guard_s=30)
        world.wait_until_over()
        status = {name: world.status(name) for name in CASES}
        world.stop_service()
        yield Run(
            status=status,
            plans=_stored(world),
            entries={name: invariants.truth_log(url) for name, url in urls.items()},
            audits={name: invariants.audit_of(world.database_url, name) for name in CASES},
        )


def _document(name: str, case: Case) -> dict[str, Any]:
    document = site_document(
        name, load_kw=case.load_kw, has_pv=case.pv_kw is not None, soc_max=0.9, charge_limit_kw=case.charge_limit_kw
    )
    document["connection"] = {"import_limit_kw": case.import_limit_kw, "export_limit_kw": 0}
    return document


def _stored(world: World) -> dict[str, list[PlanRecord]]:
    async def read() -> dict[str, list[PlanRecord]]:
        database = Database.at(world.database_url, column_of=column_of, timeout_s=30)
        try:
            found: dict[str, list[PlanRecord]] = {}
            for name in CASES:
                ids = await database.plans.plan_ids(name, DAY, UNTIL + timedelta(hours=1))
                records = [await database.plans.plan(each) for each in ids]
                found[name] = [record for record in records if record is not None]
            return found
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(read())).result()


@pytest.mark.fault(20)
@pytest.mark.pitfall("M17")
@pytest.mark.parametrize("name", CASES)
def test_there_is_a_fresh_plan_that_is_followed(run: Run, name: str) -> None:
    assert run.status[name]["rung"] == "fresh_plan"
    assert len(run.plans[name]) >= 2
    assert [entry for entry in run.entries[name] if entry.event == "started"]


@pytest.mark.fault(20)
@pytest.mark.pitfall("M17")
@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_kept_is_named_with_its_amount_and_nothing_else_is_broken(run: Run, name: str) -> None:
    first = run.plans[name][0].plan

    broken = {violation.limit: violation.amount for violation in first.violations}

    if CASES[name].names:
        assert any(CASES[name].names in limit for limit in broken), broken
        assert all(amount > 0 for amount in broken.values())
    else:
        assert not broken


@pytest.mark.fault(20)
@pytest.mark.parametrize("name", CASES)
def test_the_audit_tells_all_of_it(run: Run, name: str) -> None:
    invariants.assert_one_holder_at_a_time(run.entries[name])
    invariants.assert_nothing_runs_after_its_end(run.entries[name], run.audits[name])
    invariants.assert_audit_tells_all(run.entries[name], run.audits[name])


@pytest.mark.fault(20)
@pytest.mark.pitfall("M17")
def test_a_battery_outside_its_band_is_led_back(run: Run) -> None:
    assert run.status["below-minimum"]["current_soc"] >= 0.08
    assert run.plans["below-minimum"][-1].plan.assets["battery"].soc is not None
    soc = run.plans["below-minimum"][-1].plan.assets["battery"].soc
    assert soc is not None
    assert soc[-1] >= 0.1 - 1e-6
    assert run.status["above-maximum"]["current_soc"] < 0.95
