"""The sites of the settings: what is described, and what is refused before anything is controlled."""

import pytest

from voltherm.adapters.documents.problem import DocumentError
from voltherm.bootstrap import build_service, configured_site, configured_sites
from voltherm.settings import load_settings

BMS = {"BMS_BASE_URL": "http://127.0.0.1:8002", "DATABASE_URL": "sqlite://"}


def settings_of(**variables: str):
    return load_settings(BMS | variables, None)


def nothing(event) -> None:
    """Take an event."""


@pytest.mark.pitfall("M28")
def test_the_variables_describe_one_site():
    site = configured_site(settings_of(BATTERY_CAPACITY_KWH="400", BATTERY_EFFICIENCY_ROUNDTRIP="0.81", SITE_ID="mill"))

    (battery,) = site.batteries
    assert (site.id, battery.capacity_kwh, battery.charge_efficiency) == ("mill", 400.0, pytest.approx(0.9))
    assert [load.id for load in site.loads] == ["load"]
    assert [plant.id for plant in site.pv_plants] == ["pv"]
    assert site.zone.key == "America/Costa_Rica"


def test_without_a_battery_there_is_no_site():
    assert configured_sites(load_settings({}, None)) == ()


def test_a_tariff_that_needs_prices_from_elsewhere_is_refused_before_anything_is_controlled():
    with pytest.raises(DocumentError, match=r"fi_spot.*no source"):
        build_service(settings_of(TARIFF="finland-spot"), nothing)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sites: []", "is not a list of sites"),
        ("- {}", "has no 'site'"),
        ("- site: {id: a}\n", "is missing"),
        ("- site: a.yaml\n  bms_url: x\n", "is not a known field"),
        ("- site: a.yaml\n  bms_base_url: 7\n", "is no text"),
    ],
)
def test_a_file_of_sites_that_will_not_do_is_told_with_field_and_remedy(tmp_path, text, words):
    file = tmp_path / "sites.yaml"
    file.write_text(text)

    with pytest.raises(DocumentError, match=words):
        configured_sites(load_settings({"SITES_FILE": str(file), "DATABASE_URL": "sqlite://"}, None))
