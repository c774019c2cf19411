"""Settings: what is taken from the environment, and what is refused."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherm.settings import VARIABLES, Settings, SettingsError, load_settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"


def told(error: pytest.ExceptionInfo[SettingsError]) -> dict[str, str]:
    """Return the lines of the error by their variable."""
    return dict(line.split(": ", 1) for line in str(error.value).splitlines())


def problem_of(variable: str, value: str, **others: str) -> str:
    with pytest.raises(SettingsError) as error:
        load_settings({variable: value, **others}, None)
    return told(error)[variable]


def test_nothing_set_is_a_service_that_controls_no_site():
    settings = load_settings({}, None)
    assert (settings.service_host, settings.service_port) == ("127.0.0.1", 8001)
    assert (settings.bms_base_url, settings.sites_file, settings.api_token) == (None, None, None)
    assert settings.secret_values == ()


def test_each_variable_becomes_the_field_of_its_name():
    settings = load_settings({"MPC_HORIZON_HOURS": "24", "SITE_HAS_PV": "no", "log_level": "debug"}, None)
    assert (settings.mpc_horizon_hours, settings.site_has_pv, settings.log_level) == (24, False, "DEBUG")


def test_an_empty_value_is_none_but_for_the_folder_of_logs():
    settings = load_settings({"BMS_TOKEN": "", "MPC_HORIZON_HOURS": " ", "LOG_DIR": ""}, None)
    assert (settings.bms_token, settings.mpc_horizon_hours, settings.log_dir) == (None, 48, None)
    assert load_settings({}, None).log_dir == Path("logs")


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        load_settings({}, None).service_port = 1


def test_the_environment_has_the_word_over_the_file(tmp_path):
    file = tmp_path / "env"
    file.write_text("SERVICE_PORT=9001\nSITE_ID=plant\n")
    settings = load_settings({"SERVICE_PORT": "9002"}, file)
    assert (settings.service_port, settings.site_id) == (9002, "plant")


def test_without_a_file_at_the_default_place_the_environment_speaks_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_settings({"SITE_ID": "a"}).site_id == "a"
    (tmp_path / ".env").write_text("SITE_ID=b\n")
    assert load_settings({}).site_id == "b"


@pytest.mark.parametrize("content", [None, b"SITE_ID=\xff\xfe"])
def test_a_named_file_that_cannot_be_read_is_told(tmp_path, content):
    file = tmp_path / "other.env"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"other\.env: cannot be read as UTF-8 text; check"):
        load_settings({}, file)


def test_the_process_environment_is_read_by_default(monkeypatch):
    monkeypatch.setenv("SITE_ID", "from-the-process")
    assert load_settings(env_file=None).site_id == "from-the-process"


def test_the_meter_is_the_battery_unless_it_has_its_own_address():
    both = {"BMS_BASE_URL": "http://bms:8002/", "BMS_TOKEN": "of-the-bms"}
    same = load_settings(both, None)
    assert same.meter_base_url == same.bms_base_url == "http://bms:8002"
    assert same.meter_token == same.bms_token
    other = load_settings({**both, "METER_BASE_URL": "https://meter/api"}, None)
    assert (other.meter_base_url, other.meter_token) == ("https://meter/api", None)


def test_the_end_of_a_simulated_time_is_an_instant(tmp_path):
    values = {"VOLTHERM_CLOCK_FILE": str(tmp_path / "clock"), "VOLTHERM_CLOCK_UNTIL": "2026-03-12T00:00:00-06:00"}
    assert load_settings(values, None).voltherm_clock_until == datetime(2026, 3, 12, 6, tzinfo=UTC)


@pytest.mark.pitfall("M28")
@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("BATTERY_CAPACITY_KWH", "-500", "must be above 0 (found '-500'); give the usable energy, above 0 kWh"),
        ("BATTERY_CAPACITY_KWH", "0", "must be above 0 (found '0')"),
        ("BATTERY_CAPACITY_KWH", "500 kWh", "is not a number (found '500 kWh')"),
        ("BATTERY_POWER_MAX_KW", "nan", "is not a finite number (found 'nan')"),
        ("BATTERY_POWER_MAX_KW", "inf", "is not a finite number (found 'inf')"),
        ("BATTERY_EFFICIENCY_ROUNDTRIP", "1.05", "must be at most 1 (found '1.05')"),
        (
            "BATTERY_EFFICIENCY_ROUNDTRIP",
            "90",
            "looks like percent (found '90'); give a fraction from 0 to 1: 0.9 for 90 %",
        ),
        ("BATTERY_SOC_MIN", "10", "looks like percent (found '10'); give a fraction from 0 to 1: 0.1 for 10 %"),
        ("BATTERY_SOC_MIN", "-0.1", "must be at least 0 (found '-0.1')"),
        ("BATTERY_SOC_MIN", "0.9", "leaves no room (found '0.9'); use less than BATTERY_SOC_MAX (0.9)"),
        ("BATTERY_WEAR_COST_PER_KWH", "-1", "must be at least 0 (found '-1')"),
        ("SITE_EXPORT_LIMIT_KW", "-1", "must be at least 0 (found '-1')"),
        ("SITE_ID", "a\x00b", "has letters that it must not have"),
        ("SITE_TIMEZONE", "Costa Rica", "is not in the IANA time zone database (found 'Costa Rica')"),
        ("SITE_HAS_PV", "maybe", "is not true or false (found 'maybe')"),
        ("SERVICE_PORT", "0", "must be at least 1 (found '0'); give the port to listen on, such as 8001"),
        ("SERVICE_PORT", "80.5", "is not a whole number (found '80.5')"),
        ("LOG_LEVEL", "loud", "is none of the choices (found 'loud'); give DEBUG, INFO, WARNING or ERROR"),
        ("MPC_INTERVAL_MINUTES", "25", "does not divide an hour (found '25')"),
        (
            "MPC_INTERVAL_MINUTES",
            "5",
            "is not a whole number of steps (found '5'); use a multiple of MPC_TIME_STEP_MINUTES (15)",
        ),
        ("MPC_TIME_STEP_MINUTES", "7", "does not divide an hour (found '7'); use one of 5, 10, 15, 20, 30, 60"),
        ("MPC_HORIZON_HOURS", "169", "must be at most 168 (found '169')"),
        ("MPC_HORIZON_HOURS", "0", "must be at least 1 (found '0')"),
        ("GUARD_INTERVAL_SECONDS", "31", "must be at most 30 (found '31')"),
        ("COMMAND_VALIDITY_SECONDS", "29", "ends before it is safely renewed (found '29.0'); use at least 3 times"),
        ("COMMAND_VALIDITY_SECONDS", "901", "must be at most 900 (found '901')"),
        ("SOC_MAX_AGE_SECONDS", "9", "leaves no reading time to arrive (found '9.0')"),
        ("METER_MAX_AGE_SECONDS", "9", "is shorter than the time between two readings (found '9.0')"),
        ("FORECAST_MAX_AGE_HOURS", "0", "must be above 0 (found '0')"),
        ("REPORTER_BASE_URL", "localhost:8000", "is not an http or https address with a host (found 'localhost:8000')"),
        ("REPORTER_BASE_URL", "ftp://host", "is not an http or https address with a host"),
        ("REPORTER_BASE_URL", "http://", "is not an http or https address with a host"),
        ("REPORTER_BASE_URL", "http://host:99999", "is not an address"),
        ("REPORTER_BASE_URL", "http://host/?token=1", "has a query or a fragment"),
        ("REPORTER_POINT", "../admin", "has letters that it must not have (found '../admin')"),
        ("BMS_SOC_UNIT", "promille", "is none of the choices (found 'promille')"),
        ("RETENTION_MONTHS_PLANS", "1", "must be at least 2 (found '1')"),
        ("VOLTHERM_CLOCK_UNTIL", "2026-03-12T00:00:00", "has no time zone"),
        ("VOLTHERM_CLOCK_UNTIL", "2026-03-12T00:00:00Z", "ends a simulated time that is not there"),
    ],
)
def test_what_cannot_be_is_refused_with_variable_value_and_remedy(variable, value, sentence):
    assert problem_of(variable, value).startswith(sentence)


def test_a_plan_must_be_done_before_the_next_one():
    words = problem_of("MPC_DEADLINE_SECONDS", "300", MPC_INTERVAL_MINUTES="5", MPC_TIME_STEP_MINUTES="5")
    assert words.startswith("is beyond the next plan (found '300.0'); use less than MPC_INTERVAL_MINUTES (300 s)")


@pytest.mark.pitfall("M28")
def test_every_problem_is_told_at_once_contradictions_included():
    with pytest.raises(SettingsError) as error:
        load_settings(
            {"BATTERY_CAPACITY_KWH": "-1", "SERVICE_PORT": "x", "MPC_INTERVAL": "15", "COMMAND_VALIDITY_SECONDS": "20"},
            None,
        )
    assert set(told(error)) == {"BATTERY_CAPACITY_KWH", "SERVICE_PORT", "MPC_INTERVAL", "COMMAND_VALIDITY_SECONDS"}
    assert {problem.field for problem in error.value.problems} == set(told(error))


def test_a_contradiction_with_a_value_that_is_wrong_by_itself_is_not_told():
    with pytest.raises(SettingsError) as error:
        load_settings({"GUARD_INTERVAL_SECONDS": "-3", "COMMAND_VALIDITY_SECONDS": "20"}, None)
    assert set(told(error)) == {"GUARD_INTERVAL_SECONDS"}


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("MPC_INTERVAL_MINUTE", "MPC_INTERVAL_MINUTES"),
        ("BATTERY_CAPACITY", "BATTERY_CAPACITY_KWH"),
        ("BMS_URL", "BMS_BASE_URL"),
        ("GUARD_SECONDS", "GUARD_INTERVAL_SECONDS"),
        ("RETENTION_MONTHS_READING", "RETENTION_MONTHS_READINGS"),
        ("SITE_ZONE", "SITE_TIMEZONE"),
    ],
)
def test_a_mistyped_variable_is_an_error_that_names_a_near_one(variable, near):
    words = problem_of(variable, "15")
    assert words == f"is not a known variable (found '15'); did you mean {near}? rename or remove it"


def test_in_the_file_any_name_that_is_nearly_ours_is_a_mistyped_one(tmp_path):
    file = tmp_path / "env"
    file.write_text("BATERY_CAPACITY_KWH=5\nTARRIF=x\nLOG_LVL=INFO\nPOSTGRES_PASSWORD=x\nCOMPOSE_PROJECT_NAME=y\n")
    with pytest.raises(SettingsError) as error:
        load_settings({"SERVICE_PORTS": "of something else"}, file)
    assert set(told(error)) == {"BATERY_CAPACITY_KWH", "TARRIF", "LOG_LVL"}


def test_variables_of_others_are_left_alone():
    others = {
        "PATH": "/bin",
        "POSTGRES_PASSWORD": "x",
        "VOLTHERM_CI": "1",
        "BMS_SERVICE_HOST": "10.0.0.7",
        "BMS_SERVICE_PORT_HTTP": "8002",
        "REPORTER_PORT": "tcp://10.0.0.8:8000",
        "REPORTER_PORT_8000_TCP_ADDR": "10.0.0.8",
    }
    assert load_settings(others, None) == load_settings({}, None)


@pytest.mark.pitfall("M6")
@pytest.mark.parametrize("variable", ["NIGHTTIME_START_HOUR", "PEAK_DEMAND_RATE", "VALLEY_END_HOUR"])
def test_tariff_variables_of_earlier_programs_are_not_read_in_silence(variable):
    assert problem_of(variable, "17").startswith("the tariff is a document now (found '17'); remove it, and name")


def test_a_file_of_sites_leaves_no_second_place_for_the_same_things():
    settings = load_settings({"SITES_FILE": "sites.yaml", "REPORTER_BASE_URL": "http://reporter"}, None)
    assert settings.sites_file == Path("sites.yaml")
    with pytest.raises(SettingsError) as error:
        load_settings(
            {"SITES_FILE": "sites.yaml", "TARIFF": "t", "BATTERY_SOC_MIN": "0.2", "BMS_BASE_URL": "http://b"}, None
        )
    assert set(told(error)) == {"TARIFF", "BATTERY_SOC_MIN", "BMS_BASE_URL"}
    assert "remove SITES_FILE" in told(error)["TARIFF"]


SECRET = "a-secret that-is-shown-nowhere"  # noqa: S105 - planted to be looked for


@pytest.mark.pitfall("M26")
@pytest.mark.parametrize("variable", ["API_TOKEN", "BMS_TOKEN", "REPORTER_TOKEN", "METER_TOKEN", "BMS_TOKENS"])
def test_a_refused_secret_is_not_shown(variable):
    words = problem_of(variable, SECRET)
    assert "(found '***')" in words
    assert SECRET not in words


@pytest.mark.pitfall("M26")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BMS_BASE_URL", "http://user:hidden-word@bms:8002"),
        ("DATABASE_URL", "mysql://user:hidden-word@db/name"),
        ("DATABASE_URL", "postgresql://user:hidden-word@[db/name"),
        ("BMS_URL", "http://user:hidden-word@bms:8002"),
    ],
)
def test_credentials_in_an_address_are_not_shown(variable, value):
    words = problem_of(variable, value)
    assert "***" in words
    assert "hidden-word" not in words


@pytest.mark.pitfall("M26")
def test_settings_do_not_show_their_secrets_and_can_name_them_to_the_logs():
    url = "postgresql://voltherm:pass%20word@db/voltherm"
    settings = load_settings({"API_TOKEN": "0123456789abcdef", "BMS_TOKEN": "of-the-bms", "DATABASE_URL": url}, None)
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        for secret in settings.secret_values:
            assert secret not in text
    assert settings.secret_values == ("0123456789abcdef", "of-the-bms", "pass word", "pass%20word")
    assert settings.database_url.get_secret_value() == url


def test_a_short_token_is_refused():
    assert problem_of("API_TOKEN", "0123456789abcde").startswith(
        "has fewer than 16 letters (found '***'); use at least"
    )


@given(st.sampled_from(VARIABLES), st.text(max_size=20))
def test_every_text_is_taken_or_refused_with_a_remedy(variable, text):
    try:
        found = load_settings({variable: text}, None)
    except SettingsError as error:
        found = error.problems
    assert isinstance(found, Settings) or all(problem.remedy for problem in found)


def test_settings_made_in_code_are_held_to_the_same_rules():
    with pytest.raises(SettingsError, match="BATTERY_SOC_MIN"):
        Settings(battery_soc_min=0.5, battery_soc_max=0.4)
    assert Settings(battery_soc_min=0.5).battery_soc_min == 0.5


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DEFAULT_COMFORT_MIN_TEMP", "24.5", "leaves no comfort"),
        ("DEFAULT_COMFORT_MIN_TEMP", "4", "must be at least 5"),
        ("DEFAULT_COMFORT_MAX_TEMP", "297", "must be at most 30"),
        ("DEFAULT_COMFORT_MAX_TEMP", "nan", "finite"),
        ("GRID_AREA", "the north", "letters that it must not have"),
        ("TIMEZONE", "Helsinki", "IANA"),
        ("HEAT_TARIF", "finland-spot", "did you mean HEAT_TARIFF"),
    ],
)
def test_what_registered_heat_pumps_cannot_have_is_refused(variable, value, words):
    assert words in problem_of(variable, value)


@pytest.mark.pitfall("M28")
def test_the_example_names_every_variable_and_no_other():
    named = re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert sorted(named) == sorted(VARIABLES)


@pytest.mark.pitfall("M28")
def test_a_copied_example_is_valid_and_states_defaults_and_the_seed(tmp_path):
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE.read_text())
    seed = {
        "service_host": "0.0.0.0",  # noqa: S104 - the seed's value
        "reporter_base_url": "http://localhost:8000",
        "bms_base_url": "http://localhost:8002",
        "meter_base_url": "http://localhost:8002",
    }
    assert load_settings({}, copy).model_dump() == Settings().model_dump() | seed


def test_a_line_of_the_example_stays_valid_when_it_is_switched_on(tmp_path):
    text = re.sub(r"^# ((?!API_TOKEN|SITES_FILE)[A-Z_]+=)", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    copy = tmp_path / ".env"
    copy.write_text(text)
    assert load_settings({}, copy).reporter_point == "poi_1"


def test_the_configuration_page_has_every_variable_with_its_default():
    page = (ROOT / "docs" / "configuration.md").read_text()
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", page, re.MULTILINE))
    assert sorted(rows) == sorted(VARIABLES)
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if name == "database_url" else field.default
        shown = "" if default is None else f"{default}".lower() if isinstance(default, bool) else f"{default}"
        assert rows[name.upper()].strip().strip("`") == shown.removesuffix(".0"), name
