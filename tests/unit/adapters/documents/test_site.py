from pathlib import Path

import pytest

from voltherm.adapters.documents.problem import DocumentError
from voltherm.adapters.documents.site import load_site

EXAMPLES = Path(__file__).parents[4] / "examples"
SITE = """\
id: shop
zone: Europe/Helsinki
connection: {import_limit_kw: 63}
assets:
  - {kind: load, id: load}
tariff: TARIFF
"""
TARIFF = """\
id: flat
version: "1"
currency: EUR
zone: Europe/Helsinki
billing: {cycle: calendar_month}
components:
  - {id: energy, kind: energy, direction: import, price_per_kwh: 0.1, when: {windows: [["00:00", "24:00"]]}}
"""


@pytest.mark.parametrize("name", ["factory", "house"])
def test_the_example_sites_load(name):
    site = load_site(EXAMPLES / f"{name}.yaml")

    assert site.id == name
    assert len(site.batteries) == len(site.loads) == len(site.pv_plants) == 1


def test_a_tariff_file_lies_beside_the_site(tmp_path):
    (tmp_path / "flat.yaml").write_text(TARIFF, encoding="utf-8")
    (tmp_path / "site.yaml").write_text(SITE.replace("TARIFF", "flat.yaml"), encoding="utf-8")

    assert load_site(tmp_path / "site.yaml").tariff.id == "flat"


def test_a_tariff_stands_inline_with_unquoted_times(tmp_path):
    inline = "\n" + "\n".join("  " + line for line in TARIFF.replace('"00:00", "24:00"', "10:00, 17:00").splitlines())
    (tmp_path / "site.yaml").write_text(SITE.replace(" TARIFF", inline), encoding="utf-8")

    assert load_site(tmp_path / "site.yaml").tariff.id == "flat"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id: [", "site.yaml:1: is not YAML"),
        ("", "is not an object"),
        ("- 1", "is not an object"),
        (SITE.replace("TARIFF", "missing.yaml"), "missing.yaml: is no file"),
        (SITE.replace("TARIFF", "{library: nowhere}"), "has no such tariff"),
        (SITE.replace("zone: Europe/Helsinki", "zone: Finland"), "is not in the IANA time zone database"),
        (SITE.replace("id: shop", "id: shop\nowner: me"), "owner: is not a known field"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, text, words):
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(DocumentError, match=words):
        load_site(tmp_path / "site.yaml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DocumentError, match="is no file"):
        load_site(tmp_path / "nowhere.yaml")
