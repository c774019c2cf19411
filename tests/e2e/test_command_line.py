import json
import subprocess
import sys

import pytest

HEAVY = ("numpy", "scipy", "pydantic", "fastapi", "piqp", "highspy", "rich", "yaml", "uvicorn")
OWN_HEAVY = tuple(name for name in HEAVY if name != "pydantic")
"""Typer itself imports pydantic to describe a command's arguments."""


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], HEAVY),
        (["plan", "--help"], OWN_HEAVY),
        (["bill", "--help"], OWN_HEAVY),
        (["serve", "--help"], OWN_HEAVY),
    ],
)
def test_help_imports_nothing_heavy(arguments, heavy):
    program = (
        "import sys\n"
        "from voltherm.interfaces.cli.main import main\n"
        f"sys.argv = ['voltherm', *{arguments!r}]\n"
        "try:\n    main()\n"
        f"except SystemExit as ended:\n    print('IMPORTED', *(set({heavy!r}) & set(sys.modules)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout.splitlines()[-1].split() == ["IMPORTED"]


def test_importing_the_package_imports_nothing_heavy():
    program = f"import sys, voltherm; print(*(set({HEAVY!r}) & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout.split() == []


def test_a_plan_goes_through_a_file_into_words(voltherm, examples, tmp_path):
    planned = voltherm("plan", examples / "factory-demand.json", "--out", tmp_path / "plan.json")
    explained = voltherm("explain", tmp_path / "plan.json")
    at_once = voltherm("plan", examples / "factory-demand.json", "--explain")

    assert (planned.returncode, planned.stdout) == (0, "")
    assert explained.returncode == 0, explained.stderr
    assert explained.stdout == at_once.stdout
    assert "the demand_peak target is" in explained.stdout
    assert max(map(len, explained.stdout.splitlines())) <= 80


def test_a_request_comes_from_standard_input(voltherm, examples):
    ended = voltherm("plan", "-", stdin=(examples / "factory-free.json").read_text())

    assert ended.returncode == 0
    assert json.loads(ended.stdout)["site"] == "factory"


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["plan", "nowhere.json"], None, "nowhere.json: no such file"),
        (["plan", "-"], "{", "is not JSON"),
        (["plan", "-"], "{}", "error: site: is missing; add it"),
        (["explain", "-"], "{}", "is missing"),
        (["tariffs", "show", "nowhere"], None, "nowhere"),
        (["tariffs", "check", "nowhere.yaml"], None, "no such file"),
        (["bill", "nowhere.yaml", "nowhere.csv"], None, "is no file"),
        (["dance"], None, "No such command"),
        (["plan"], None, "Missing argument"),
    ],
)
def test_bad_input_ends_with_2_and_words_on_standard_error(voltherm, arguments, stdin, words):
    ended = voltherm(*arguments, stdin=stdin)

    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


@pytest.mark.pitfall("M7")
def test_a_naive_time_ends_with_2(voltherm, examples):
    document = json.loads((examples / "factory-free.json").read_text())
    ended = voltherm("plan", "-", stdin=json.dumps({**document, "now": "2026-01-15T00:00:00"}))

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: now: has no time zone (found '2026-01-15T00:00:00')")


def test_a_bill_is_printed_line_by_line(voltherm, examples):
    ended = voltherm("bill", examples / "factory.yaml", examples / "factory-readings.csv")

    assert ended.returncode == 0, ended.stderr
    assert "incomplete: the data does not cover the whole period" in ended.stdout
    assert "Total" in ended.stdout
    assert "CRC" in ended.stdout


def test_the_library_of_tariffs_is_listed_and_shown(voltherm, tmp_path):
    listed = voltherm("tariffs")
    shown = voltherm("tariffs", "show", "costa-rica-tmt")
    (tmp_path / "mine.yaml").write_text(shown.stdout, encoding="utf-8")
    checked = voltherm("tariffs", "check", tmp_path / "mine.yaml")

    assert "costa-rica-tmt" in listed.stdout
    assert shown.returncode == 0
    assert checked.returncode == 0, checked.stderr
    assert "no problems" in checked.stdout
