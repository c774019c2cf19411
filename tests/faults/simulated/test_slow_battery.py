"""A battery that answers slowly and then not at all, beside one that is well: field.md 6.2, row 2."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.faults import invariants
from tests.faults.simulated.descending import DAY, LOAD_KW, site_document, write_recording
from tests.faults.simulated.gateway import gateway_to
from tests.faults.simulated.world import World, clear_faults, metered, programs, set_faults
from voltherm.adapters.documents.site import site_from_document

GUARD = timedelta(seconds=30)
SITES = ("slow", "well")
HISTORY = ("--days", "10", "--soc", "0.95")


def at(minute: float) -> datetime:
    """Return the instant of a minute of the run."""
    return DAY + timedelta(minutes=minute)


@pytest.mark.fault(2)
@pytest.mark.pitfall("M22")
def test_a_slow_and_then_silent_battery_is_left_alone_and_the_other_site_misses_nothing(tmp_path: Path) -> None:
    documents = {name: site_document(name) for name in SITES}
    recording = write_recording(tmp_path / "recording.csv")
    with programs(tmp_path) as start:
        world = World(folder=tmp_path, start_voltherm=start, begin=DAY, until=at(16))
        validators = {}
        for name, document in documents.items():
            file = tmp_path / f"{name}.json"
            file.write_text(json.dumps(document))
            validators[name] = world.validator("--site", str(file), "--data", str(recording), *HISTORY)
        with gateway_to(validators["slow"], lambda: world.now) as gateway:
            marks = {}
            gateway.at(at(4.1), lambda: set_faults(validators["slow"], latency_s=5.0))
            gateway.at(at(5.6), lambda: set_faults(validators["slow"], latency_s=0.0, is_silent=True))
            gateway.at(at(6.9), lambda: marks.update(silent=world.status("slow"), beside=world.status("well")))
            gateway.at(at(7.1), lambda: clear_faults(validators["slow"]))
            gateway.at(at(13), lambda: marks.update(after=world.status("slow")))
            urls = {"slow": gateway.url, "well": validators["well"]}
            sites = [{"site": documents[name], "bms_base_url": urls[name]} for name in SITES]
            world.serve(sites, guard_s=GUARD.total_seconds())
            world.wait_until_over()
            gateway.require_all_done()
        world.stop_service()
        entries = {name: invariants.truth_log(validators[name]) for name in SITES}
        audits = {name: invariants.audit_of(world.database_url, name) for name in SITES}
        seen = {name: metered(validators[name], DAY) for name in SITES}

    for name in SITES:
        (battery,) = site_from_document(documents[name], folder=tmp_path).batteries
        invariants.assert_all(entries[name], audits[name], battery=battery, seen=seen[name], import_kw=LOAD_KW + 5)
    assert marks["silent"]["rung"] == "no_setpoint"
    assert not marks["silent"]["devices"]["battery"]["is_believed"]
    assert any(entry.event == "reverted" and at(4) < entry.at < at(7) for entry in entries["slow"])
    assert marks["after"]["rung"] == "fresh_plan"
    assert marks["beside"]["rung"] == "fresh_plan"
    started = [entry.at for entry in entries["well"] if entry.event == "started"]
    assert {at(minute / 2) for minute in range(2, 32)} <= set(started)
