"""The settings of the service: environment variables and ``.env``, read once at start."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from voltherm.adapters.documents.fields import Instant
from voltherm.adapters.documents.problem import Problem, problems_of, shown
from voltherm.domain.comfort import LEAST_TEMP_C
from voltherm.domain.errors import InvalidInputError, VolthermError
from voltherm.domain.time import zone_named

ENV_FILE: Final = Path(".env")
SHORTEST_TOKEN: Final = 16
STEPS_MINUTES: Final = (5, 10, 15, 20, 30, 60)
HIDDEN: Final = "***"
LEAST_PERCENT: Final = 2.0
"""A fraction from here on was meant as percent; between 1 and this it is a mistake of another kind."""
WARMEST_COMFORT_C: Final = 30.0
"""A heat pump's own room limit, where nobody sets another; comfort beyond it would be out of reach. [degC]"""
TYPO_LIKENESS: Final = 0.8
"""A name in the file that is this much like one of ours is a mistyped one."""


class SettingsError(VolthermError):
    """Settings that the service cannot start with.

    Parameters
    ----------
    problems : sequence of Problem
        Everything that is wrong; ``field`` is the name of the variable, and secrets are shown as ``***``.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def _refused(problem: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{problem}", {"problem": problem, "remedy": remedy})


def _http_url(text: str) -> str:
    """Return the address of a service, without a slash at its end."""
    try:
        parts = urlsplit(text)
        has_port = parts.port != 0
    except ValueError:
        raise _refused("is not an address", "write it as http://HOST:PORT") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not has_port or re.search(r"\s", text):
        raise _refused("is not an http or https address with a host", "write it as http://HOST:PORT")
    if "@" in parts.netloc:
        raise _refused("has credentials inside", "put the secret into the ..._TOKEN variable of the same service")
    if parts.query or parts.fragment:
        raise _refused("has a query or a fragment", "give the address only up to the path, as http://HOST:PORT")
    return text.rstrip("/")


def _database_url(secret: SecretStr) -> SecretStr:
    try:
        scheme = urlsplit(secret.get_secret_value()).scheme
    except ValueError:
        scheme = ""
    if scheme not in {"sqlite", "sqlite+aiosqlite", "postgres", "postgresql", "postgresql+asyncpg"}:
        remedy = "write it as sqlite:///voltherm.db or postgresql://user:password@host:5432/name"
        raise _refused("is not the address of an SQLite or PostgreSQL database", remedy)
    return secret


def _token(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise _refused("has blanks or letters outside ASCII", "use printable ASCII letters, such as a random hex text")
    return secret


def _long_token(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST_TOKEN:
        remedy = f"use at least {SHORTEST_TOKEN} random letters, such as those of 'openssl rand -hex 32'"
        raise _refused(f"has fewer than {SHORTEST_TOKEN} letters", remedy)
    return secret


def _step(minutes: int) -> int:
    if minutes not in STEPS_MINUTES:
        raise _refused("does not divide an hour", f"use one of {', '.join(map(str, STEPS_MINUTES))} minutes")
    return minutes


def _interval(minutes: int) -> int:
    if 60 % minutes:
        raise _refused("does not divide an hour", "use 5, 10, 15, 20, 30 or 60 minutes: plans fall on the clock")
    return minutes


def _zone(name: str) -> str:
    try:
        return zone_named(name).key
    except InvalidInputError:
        remedy = "use a name such as America/Costa_Rica"
        raise _refused("is not in the IANA time zone database", remedy) from None


def _fraction(raw: object) -> object:
    """Return ``raw``, unless it looks like percent."""
    try:
        value = float(raw) if isinstance(raw, (str, int, float)) else 0.0
    except ValueError:
        return raw
    if LEAST_PERCENT <= value <= 100:  # noqa: PLR2004 - hundred percent
        raise _refused("looks like percent", f"give a fraction from 0 to 1: {value / 100:g} for {value:g} %")
    return raw


def _capitals(raw: object) -> object:
    return raw.upper() if isinstance(raw, str) else raw


def _small_letters(raw: object) -> object:
    return raw.lower() if isinstance(raw, str) else raw


def _path_or_none(raw: object) -> object:
    return None if raw == "" else raw


Url = Annotated[str, AfterValidator(_http_url)]
Token = Annotated[SecretStr, AfterValidator(_token)]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\w[\w .:/-]*$")]
Fraction = Annotated[float, BeforeValidator(_fraction), Field(ge=0, le=1, allow_inf_nan=False)]
Power = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Months = Annotated[int, Field(ge=2, le=1200)]
Comfortable = Annotated[float, Field(ge=LEAST_TEMP_C, le=WARMEST_COMFORT_C, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Every setting; the variable of a field is its name in capitals.

    Raises
    ------
    SettingsError
        When settings contradict each other; each field is valid by itself.
    """

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True
    )

    service_host: str = Field("127.0.0.1", min_length=1, description="the address to listen on")
    service_port: int = Field(8001, ge=1, le=65535, description="the port to listen on")
    api_token: Annotated[Token, AfterValidator(_long_token)] | None = Field(
        None, description="the token that writing requests carry as Authorization: Bearer"
    )
    instance_name: Name | None = Field(None, description="a name of this instance that no other has")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_capitals)] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_dir: Annotated[Path | None, BeforeValidator(_path_or_none)] = Field(
        Path("logs"), description="the folder of the log files; empty for none"
    )
    log_format: Annotated[Literal["auto", "console", "json"], BeforeValidator(_small_letters)] = Field(
        "auto", description="auto (by whether a person watches), console or json"
    )

    reporter_base_url: Url | None = Field(None, description="the address of the service that forecasts load and sun")
    reporter_token: Token | None = Field(None, description="the token that the reporter asks for")
    reporter_point: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")] | None = Field(
        None, description="the point of the forecasts, letters, digits, _ and -, such as poi_1"
    )
    bms_base_url: Url | None = Field(None, description="the address of the battery; without it none is controlled")
    bms_token: Token | None = Field(None, description="the token that the battery asks for")
    bms_soc_unit: Annotated[Literal["fraction", "percent"], BeforeValidator(_small_letters)] = Field(
        "fraction", description="the unit in which the battery tells its state of charge, fraction or percent"
    )
    meter_base_url: Url | None = Field(None, description="the address of the meter; by default BMS_BASE_URL")
    meter_token: Token | None = Field(None, description="the token that the meter asks for")

    mpc_interval_minutes: Annotated[int, Field(ge=5, le=60), AfterValidator(_interval)] = Field(
        15, description="how often a plan is made, 5 to 60 minutes"
    )
    mpc_horizon_hours: int = Field(48, ge=1, le=168, description="how far a plan looks ahead, 1 to 168 hours")
    mpc_time_step_minutes: Annotated[int, AfterValidator(_step)] = Field(
        15, description="the step of a plan, 5, 10, 15, 20, 30 or 60 minutes"
    )
    mpc_deadline_seconds: Finite = Field(30.0, ge=1, le=600, description="how long a plan may take, 1 to 600 seconds")
    guard_interval_seconds: Finite = Field(
        10.0, ge=1, le=30, description="how often the guard looks at meter and battery, 1 to 30 seconds"
    )
    command_validity_seconds: Finite = Field(
        60.0, ge=3, le=900, description="how long a command holds, 3 guard intervals to 900 seconds"
    )
    soc_max_age_seconds: Finite = Field(
        60.0, ge=1, le=900, description="the age at which a state of charge is too old, 1 to 900 seconds"
    )
    meter_max_age_seconds: Finite = Field(
        30.0, ge=1, le=900, description="the age at which a meter reading is too old, 1 to 900 seconds"
    )
    forecast_max_age_hours: Finite = Field(
        24.0, gt=0, le=168, description="the age at which a forecast is too old, up to 168 hours"
    )

    battery_capacity_kwh: Positive = Field(500.0, description="the usable energy, above 0 kWh")
    battery_power_max_kw: Positive = Field(250.0, description="the largest power in each direction, above 0 kW")
    battery_efficiency_roundtrip: Annotated[
        float, BeforeValidator(_fraction), Field(ge=0.1, le=1, allow_inf_nan=False)
    ] = Field(0.90, description="the share of charged energy that comes back, a fraction from 0.1 to 1")
    battery_soc_min: Fraction = Field(0.10, description="the lowest planned state of charge, a fraction from 0 to 1")
    battery_soc_max: Fraction = Field(0.90, description="the highest planned state of charge, a fraction from 0 to 1")
    battery_wear_cost_per_kwh: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = Field(
        0.01, description="the cost of a kWh charged or discharged, at least 0 in the tariff's currency"
    )

    site_id: Name = Field("site", description="the name of the site, letters, digits and . : / - _")
    site_timezone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None, description="the IANA time zone of the site; by default the tariff's"
    )
    site_import_limit_kw: Power = Field(1000.0, description="what may be drawn from the grid, at least 0 kW")
    site_export_limit_kw: Power = Field(0.0, description="what may be fed into the grid, at least 0 kW")
    site_has_pv: bool = Field(default=True, description="true where the site has a PV plant, else false")
    tariff: str = Field(
        "costa-rica-tmt", min_length=1, description="the tariff: a name of the library, or the path of a YAML file"
    )
    sites_file: Path | None = Field(None, description="a YAML file of several sites")

    grid_area: Annotated[str, BeforeValidator(_capitals), Field(pattern=r"^[A-Z][A-Z0-9_-]{0,19}$")] = Field(
        "FI", description="the price area of the registered heat pumps, such as FI or SE3"
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "Europe/Helsinki", description="the IANA time zone of heat pumps that are registered without one"
    )
    default_comfort_min_temp: Comfortable = Field(
        18.0, description="the lowest room temperature where a registration gives none, 5 to 30 degC"
    )
    default_comfort_max_temp: Comfortable = Field(
        24.0, description="the highest room temperature where a registration gives none, 5 to 30 degC"
    )
    heat_tariff: str = Field(
        "finland-spot",
        min_length=1,
        description="the tariff of the registered heat pumps: a name of the library, or the path of a YAML file",
    )
    prices_file: Path | None = Field(None, description="a CSV file of day-ahead prices; without one a demo is shown")
    weather_file: Path | None = Field(None, description="a CSV file of the weather; without one a demo is shown")

    database_url: Annotated[SecretStr, AfterValidator(_database_url)] = Field(
        SecretStr("sqlite:///voltherm.db"), description="the address of the database"
    )
    retention_months_readings: Months = Field(60, description="how long readings are kept, 2 to 1200 months")
    retention_months_plans: Months = Field(12, description="how long plans are kept, 2 to 1200 months")
    retention_months_forecasts: Months = Field(12, description="how long forecasts are kept, 2 to 1200 months")
    retention_months_commands: Months = Field(60, description="how long commands are kept, 2 to 1200 months")

    voltherm_clock_file: Path | None = Field(None, description="the file that holds the simulated time")
    voltherm_clock_until: Instant | None = Field(
        None, description="the end of the simulated time, ISO 8601 with a zone"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - of pydantic-settings, as the next ones
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the one source: what ``load_settings`` hands in."""
        return (init_settings,)

    @model_validator(mode="before")
    @classmethod
    def _meter_where_the_battery_is(cls, raw: Mapping[str, object]) -> dict[str, object]:
        """Return the values; a meter without an own address is the battery's, and takes its token."""
        values = dict(raw)
        if values.get("meter_base_url") is None and values.get("bms_base_url") is not None:
            values["meter_base_url"] = values["bms_base_url"]
            if values.get("meter_token") is None and values.get("bms_token") is not None:
                values["meter_token"] = values["bms_token"]
        return values

    @model_validator(mode="after")
    def _without_contradictions(self) -> Settings:
        problems = list(chain(_contradictions_in_time(self), _contradictions_in_sites(self)))
        if problems:
            raise SettingsError(problems)
        return self

    @property
    def secret_values(self) -> tuple[str, ...]:
        """What must never be shown: the tokens, and the password of the database."""
        tokens = (self.api_token, self.reporter_token, self.bms_token, self.meter_token)
        password = urlsplit(self.database_url.get_secret_value()).password or ""
        secrets = {token.get_secret_value() for token in tokens if token} | {password, unquote(password)}
        return tuple(sorted(secrets - {""}))


VARIABLES: Final = tuple(name.upper() for name in Settings.model_fields)
"""The names of all variables."""

OURS: Final = (
    "BATTERY_",
    "BMS_",
    "DEFAULT_COMFORT_",
    "GUARD_",
    "HEAT_",
    "METER_",
    "MPC_",
    "PRICES_",
    "REPORTER_",
    "RETENTION_",
    "SITES_",
    "SITE_",
    "VOLTHERM_CLOCK_",
)
"""An unknown variable that begins so is a mistyped one."""

_OF_EARLIER_PROGRAMS = re.compile(r"(PEAK|VALLEY|NIGHT|NIGHTTIME)_\w+")
_IS_SECRET = re.compile("TOKEN|SECRET|PASSWORD|KEY")
_OF_CONTAINERS = re.compile(r"\w+_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)\w*)?)")
"""Kubernetes and older Docker set these for each service that they know, one named ``bms`` for example."""


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path | None = ENV_FILE) -> Settings:
    """Return the settings of the environment; what it does not name is taken from the file, then from the defaults.

    Parameters
    ----------
    environ : Mapping of str to str, optional
        The variables; by default those of this process. An empty value counts as none, but for ``LOG_DIR``.
    env_file : Path or None
        The file; without a file at the default place the environment speaks alone.

    Raises
    ------
    SettingsError
        With every problem.
    """
    from_file = _read(env_file)
    raw = from_file | {name.upper(): value for name, value in (os.environ if environ is None else environ).items()}
    problems = list(_unknown(raw, from_file))
    given = {name.lower(): raw[name] for name in VARIABLES if raw.get(name, "").strip() or name == "LOG_DIR" in raw}
    settings = None
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        problems += _in_our_words(error, given)
        problems += _contradictions_of_the_rest(given, {problem.field for problem in problems})
    except SettingsError as error:
        problems += error.problems
    if problems or settings is None:
        raise SettingsError(problems)
    return settings


def _read(env_file: Path | None) -> dict[str, str]:
    if env_file is None or (env_file == ENV_FILE and not env_file.exists()):
        return {}
    try:
        env_file.read_text(encoding="utf-8")
        source = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        remedy = "check name, rights and encoding of the file"
        raise SettingsError(
            [Problem(field=str(env_file), value=None, problem="cannot be read as UTF-8 text", remedy=remedy)]
        ) from None
    return {name.upper(): value for name, value in source.env_vars.items() if value is not None}


def _unknown(raw: Mapping[str, str], from_file: Iterable[str]) -> Iterator[Problem]:
    """Return a problem for each variable that is meant for us and not known."""
    for name, value in sorted(raw.items()):
        if name in VARIABLES:
            continue
        shown_value = HIDDEN if _IS_SECRET.search(name) else shown(_without_userinfo(value))
        if _OF_EARLIER_PROGRAMS.fullmatch(name):
            remedy = "remove it, and name a tariff of the library or a file in TARIFF"
            yield Problem(field=name, value=shown_value, problem="the tariff is a document now", remedy=remedy)
        elif (name.startswith(OURS) and not _OF_CONTAINERS.fullmatch(name)) or (name in from_file and _near(name)):
            remedy = f"did you mean {get_close_matches(name, VARIABLES, n=1, cutoff=0.0)[0]}? rename or remove it"
            yield Problem(field=name, value=shown_value, problem="is not a known variable", remedy=remedy)


def _near(name: str) -> bool:
    return bool(get_close_matches(name, VARIABLES, n=1, cutoff=TYPO_LIKENESS))


def _in_our_words(error: ValidationError, given: Mapping[str, str]) -> Iterator[Problem]:
    """Return what is wrong with each variable; one that stands in for another is told once."""
    for problem, details in zip(problems_of(error), error.errors(include_url=False), strict=True):
        name = str(details["loc"][0])
        if name not in given:
            continue
        field = Settings.model_fields[name]
        value = HIDDEN if "SecretStr" in str(field.annotation) else shown(_without_userinfo(given[name]))
        words = _WORDS.get(details["type"], problem.problem)
        remedy = str(details.get("ctx", {}).get("remedy") or f"give {field.description}{_such_as(field.default)}")
        yield Problem(field=name.upper(), value=value, problem=words, remedy=remedy)


_WORDS: Final = {
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "bool_parsing": "is not true or false",
    "literal_error": "is none of the choices",
    "string_pattern_mismatch": "has letters that it must not have",
    "string_too_long": "is too long",
}


def _such_as(default: object) -> str:
    return "" if default is None or isinstance(default, (bool, SecretStr)) else f", such as {default}"


def _without_userinfo(value: str) -> str:
    return re.sub(r"(://)[^/@\s]*@", rf"\1{HIDDEN}@", value)


def _contradictions_of_the_rest(given: Mapping[str, str], wrong: Iterable[str]) -> Sequence[Problem]:
    """Return what contradicts each other among the variables that are valid by themselves."""
    bad = {name.lower() for name in wrong}
    try:
        Settings.model_validate({name: value for name, value in given.items() if name not in bad})
    except SettingsError as error:
        return [problem for problem in error.problems if not any(name.upper() in str(problem) for name in bad)]
    return ()


def _contradictions_in_time(settings: Settings) -> Iterator[Problem]:
    step, interval = settings.mpc_time_step_minutes, settings.mpc_interval_minutes
    guard = settings.guard_interval_seconds
    if interval % step:
        remedy = f"use a multiple of MPC_TIME_STEP_MINUTES ({step}), such as {step}"
        yield _problem("MPC_INTERVAL_MINUTES", interval, "is not a whole number of steps", remedy)
    if settings.mpc_deadline_seconds >= 60 * interval:
        remedy = f"use less than MPC_INTERVAL_MINUTES ({60 * interval} s), such as 30"
        yield _problem("MPC_DEADLINE_SECONDS", settings.mpc_deadline_seconds, "is beyond the next plan", remedy)
    if settings.command_validity_seconds < 3 * guard:
        remedy = f"use at least 3 times GUARD_INTERVAL_SECONDS ({3 * guard:g} s): two renewals may then be lost"
        problem = "ends before it is safely renewed"
        yield _problem("COMMAND_VALIDITY_SECONDS", settings.command_validity_seconds, problem, remedy)
    if settings.soc_max_age_seconds < 2 * guard:
        remedy = f"use at least twice GUARD_INTERVAL_SECONDS ({2 * guard:g} s): one reading may be late"
        yield _problem("SOC_MAX_AGE_SECONDS", settings.soc_max_age_seconds, "leaves no reading time to arrive", remedy)
    if settings.meter_max_age_seconds < guard:
        remedy = f"use at least GUARD_INTERVAL_SECONDS ({guard:g} s), at which readings come"
        problem = "is shorter than the time between two readings"
        yield _problem("METER_MAX_AGE_SECONDS", settings.meter_max_age_seconds, problem, remedy)
    if settings.voltherm_clock_until is not None and settings.voltherm_clock_file is None:
        value = settings.voltherm_clock_until.isoformat()
        remedy = "name the file of the simulated time in VOLTHERM_CLOCK_FILE, or remove it"
        yield _problem("VOLTHERM_CLOCK_UNTIL", value, "ends a simulated time that is not there", remedy)


_SAID_IN_THE_FILE = ("battery_", "site_", "tariff", "bms_base_url", "meter_base_url", "reporter_point")


def _contradictions_in_sites(settings: Settings) -> Iterator[Problem]:
    low, high = settings.battery_soc_min, settings.battery_soc_max
    if low >= high:
        yield _problem("BATTERY_SOC_MIN", low, "leaves no room", f"use less than BATTERY_SOC_MAX ({high:g})")
    coldest, warmest = settings.default_comfort_min_temp, settings.default_comfort_max_temp
    if coldest > warmest:
        remedy = f"use at most DEFAULT_COMFORT_MAX_TEMP ({warmest:g})"
        yield _problem("DEFAULT_COMFORT_MIN_TEMP", coldest, "leaves no comfort", remedy)
    if settings.sites_file is None:
        return
    is_same = settings.meter_base_url == settings.bms_base_url
    for name in sorted(settings.model_fields_set - ({"meter_base_url"} if is_same else set())):
        if name.startswith(_SAID_IN_THE_FILE):
            value = shown(getattr(settings, name))
            remedy = "remove it, or remove SITES_FILE: each site of the file names its own"
            yield _problem(name.upper(), value, "has no effect beside SITES_FILE", remedy)


def _problem(name: str, value: float | str | None, problem: str, remedy: str) -> Problem:
    return Problem(field=name, value=value if value is None else f"{value}", problem=problem, remedy=remedy)
