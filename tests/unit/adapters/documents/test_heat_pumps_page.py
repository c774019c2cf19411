"""What docs/heat-pumps.md says is what the program does: its table, its documents, its example."""

import re
from pathlib import Path

import numpy as np
import pytest

from voltherm.adapters.documents.site import site_from_document
from voltherm.adapters.documents.yaml_text import parse_yaml
from voltherm.domain.building_presets import building_of
from voltherm.domain.house import House, Insulation
from voltherm.physics.building import network
from voltherm.physics.heat_pump_presets import HeatPumpType, RatedUnit, heat_pump_of

PAGE = (Path(__file__).parents[4] / "docs" / "heat-pumps.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("insulation", Insulation)
def test_the_table_has_the_figures_of_each_preset(insulation):
    house = House(insulation=insulation, floor_area_m2=150.0, volume_m3=450.0, design_outdoor_c=-32.0)
    envelope, building = house.resolved_envelope, building_of(house)
    (room,) = building.rooms
    net = network(building)
    rates_per_h = np.linalg.eigvals(net.conductance_kw_per_k / net.capacitance_kwh_per_k[:, None]).real
    load_kw = heat_pump_of("pump", house, RatedUnit(type=HeatPumpType.GSHP, rated_heat_kw=30.0)).design_load_kw

    row = (
        f"| `{insulation}` | {envelope.u_wall_w_m2_k:g} / {envelope.u_roof_w_m2_k:g} / {envelope.u_floor_w_m2_k:g} / "
        f"{envelope.u_window_w_m2_k:g} | {envelope.n50_per_h:g} | {100 * envelope.heat_recovery:.0f} % | "
        f"{house.resolved_emitter}, {house.resolved_construction} | {1000 * building.loss_kw_per_k:.0f} | "
        f"{room.capacitance_kwh_per_k + room.mass_capacitance_kwh_per_k:.1f} | {1 / rates_per_h.min():.0f} | "
        f"{load_kw:.1f} |"
    )

    assert row in PAGE


@pytest.mark.parametrize("block", blocks("yaml"))
def test_each_document_of_the_page_is_one(block):
    assets = parse_yaml(block, "heat-pumps.md")
    assert assets.problems == []

    site = site_from_document(
        {
            "id": "house",
            "zone": "Europe/Helsinki",
            "connection": {"import_limit_kw": 17.25},
            "assets": assets.value,
            "tariff": {"library": "finland-spot"},
        }
    )

    assert len(site.heat_pumps) == 1


def test_the_example_in_python_finds_what_the_page_says():
    (code,) = blocks("python")
    names = {}
    exec(code, names)  # noqa: S102 - our own documentation

    said = float(re.search(r"found\.design_load_kw\s+# ([\d.]+)", code).group(1))
    assert names["found"].design_load_kw == pytest.approx(said, abs=0.05)
    assert any("no COP is given" in note for note in names["found"].notes)
    assert any("backup heater" in note for note in names["found"].notes)
