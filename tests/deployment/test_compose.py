"""The compose file: what it starts exists, what it sets is known, what it opens is what the documents say."""

import inspect
import re
import shutil
import subprocess
from importlib import import_module
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deployment.image import ROOT, environment, final
from tests.services import eventually, free_port, status_of
from voltherm.settings import VARIABLES, load_settings

PORTS = {"reporter": 8000, "voltherm": 8001, "validator": 8002}
OURS = sorted(PORTS)
SECRETS = {"API_TOKEN": "t" * 32, "POSTGRES_PASSWORD": "p" * 32}


@pytest.fixture(scope="module", name="compose")
def _compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module", name="services")
def _services(compose):
    return compose["services"]


def filled(text, variables):
    """Return a value as compose would hand it on: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`."""

    def value(match):
        name, kind, rest = match["name"], match["kind"], match["rest"]
        if name in variables:
            return variables[name]
        if kind == ":-":
            return rest
        raise LookupError(f"{name}: {rest}")

    return re.sub(r"\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\}", value, str(text))


def from_env_file(text):
    lines = (line.strip() for line in text.splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def command_of(name):
    """Return the function behind `voltherm NAME`, from the file in which each command lives."""
    module = f"voltherm.interfaces.cli.{name}"
    assert find_spec(module), f"there is no command {name!r}"
    return getattr(import_module(module), name)


def options_of(function):
    names = inspect.signature(function).parameters
    return {f"--{name.strip('_').replace('_', '-')}" for name in names}


# -- What it starts


def test_it_starts_the_three_programs_and_their_database(services):
    assert set(services) == {"postgres", *OURS}


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_the_program_with_options_that_it_knows(services, name):
    command, *arguments = services[name]["command"]
    options = dict(argument.split("=", 1) for argument in arguments)
    assert options.keys() <= options_of(command_of(command))
    assert options["--port"] == str(PORTS[name])


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_in_the_programs_own_list(services, name):
    from voltherm.interfaces.cli.main import app

    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert services[name]["command"][0] in names


@pytest.mark.parametrize("name", OURS)
def test_the_programs_are_one_image(services, name):
    assert services[name]["image"] == "voltherm:${VOLTHERM_VERSION:-local}"
    assert services[name]["build"] == "."


@pytest.mark.pitfall("M26")
@pytest.mark.parametrize("name", OURS)
def test_the_health_checks_ask_with_our_own_program_at_the_right_port(services, name):
    from voltherm.interfaces.cli.main import app

    check = services[name]["healthcheck"]["test"]
    assert check == ["CMD", "voltherm", "probe", f"http://127.0.0.1:{PORTS[name]}/health"]
    assert "probe" in {command.name or command.callback.__name__ for command in app.registered_commands}
    assert inspect.signature(command_of("probe")).parameters.keys() == {"url", "ready"}


def test_the_health_check_of_the_database_asks_by_tcp(services):
    check = services["postgres"]["healthcheck"]["test"]
    assert check[:2] == ["CMD", "pg_isready"]
    assert "--host=127.0.0.1" in check


def test_the_health_check_of_the_database_is_understood_by_postgresql(services, postgres_server):
    port = urlsplit(postgres_server).port
    arguments = services["postgres"]["healthcheck"]["test"][1:]
    assert subprocess.run([*arguments, f"--port={port}"], check=False).returncode == 0


def test_the_service_waits_until_what_it_needs_is_healthy(services):
    waits = services["voltherm"]["depends_on"]
    assert waits == {name: {"condition": "service_healthy"} for name in ("postgres", "reporter", "validator")}
    assert all("healthcheck" in services[name] for name in waits)


# -- What it sets


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(services, name):
    assert set(services[name].get("environment", {})) <= set(VARIABLES)


def test_the_service_starts_with_the_example_file_and_two_secrets(services):
    example = from_env_file((ROOT / ".env.example").read_text())
    file = {**example, **SECRETS}
    given = {name: filled(value, file) for name, value in services["voltherm"]["environment"].items()}
    read = load_settings({**file, **given}, None)

    assert read.database_url.get_secret_value() == f"postgresql://voltherm:{'p' * 32}@postgres:5432/voltherm"
    assert read.reporter_base_url == "http://reporter:8000"
    assert read.bms_base_url == read.meter_base_url == "http://validator:8002"
    assert (read.service_host, read.service_port, read.log_dir) == ("0.0.0.0", 8001, None)  # noqa: S104


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_nothing_starts_without_its_secrets(services, name):
    places = [str(value) for service in services.values() for value in service.get("environment", {}).values()]
    others = {key: value for key, value in SECRETS.items() if key != name}
    with pytest.raises(LookupError, match=rf"{name}: set {name} in \.env"):
        [filled(place, others) for place in places]


def test_the_hosts_that_are_named_are_services_on_a_common_network(services):
    named = set()
    for name in OURS:
        service = services[name]
        for told in (*service.get("environment", {}).values(), *service["command"]):
            for host, port in re.findall(r"(?:https?://|@)([a-z]+):(\d+)", str(told)):
                assert set(services[host]["networks"]) & set(service["networks"])
                assert host == "postgres" or PORTS[host] == int(port)
                named.add((name, host))
    assert named == {
        ("reporter", "validator"),
        ("voltherm", "postgres"),
        ("voltherm", "reporter"),
        ("voltherm", "validator"),
    }


def test_the_simulated_battery_is_the_one_that_the_example_file_describes(compose, services):
    from voltherm.adapters.documents.site import load_site
    from voltherm.bootstrap import configured_site

    described = configured_site(load_settings(from_env_file((ROOT / ".env.example").read_text()), None))
    assert load_site(ROOT / compose["configs"]["site"]["file"]) == described
    for name in ("validator", "reporter"):
        [config] = services[name]["configs"]
        assert f"--site={config['target']}" in services[name]["command"]


def test_the_database_is_the_one_that_the_service_asks_for(services):
    made = services["postgres"]["environment"]
    asked = services["voltherm"]["environment"]["DATABASE_URL"]
    assert asked == f"postgresql://{made['POSTGRES_USER']}:${{POSTGRES_PASSWORD}}@postgres:5432/{made['POSTGRES_DB']}"


# -- What it opens


@pytest.mark.pitfall("M26")
def test_only_the_service_is_reached_from_outside_and_by_default_from_this_machine_alone(services):
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"voltherm"}
    assert [filled(port, {}) for port in published["voltherm"]] == ["127.0.0.1:8001:8001"]
    assert services["reporter"]["expose"] == ["8000"]
    assert services["validator"]["expose"] == ["8002"]


@pytest.mark.pitfall("M26")
def test_battery_forecasts_and_database_are_on_networks_without_a_way_out(compose, services):
    inner = {name for name, network in compose["networks"].items() if (network or {}).get("internal")}
    assert inner == {"battery", "database", "forecasts"}
    assert services["validator"]["networks"] == ["battery"]
    assert services["postgres"]["networks"] == ["database"]
    assert set(services["reporter"]["networks"]) <= inner
    assert not [name for name, service in services.items() if "network_mode" in service]


@pytest.mark.pitfall("M26")
def test_every_container_is_confined(services):
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert "privileged" not in service, name
        assert not [volume for volume in service.get("volumes", ()) if volume.startswith(("/", "."))], name


def test_every_volume_is_declared_and_lies_where_the_program_writes(compose, services):
    mounted = {name: dict(volume.split(":") for volume in services[name]["volumes"]) for name in services}
    assert {volume for places in mounted.values() for volume in places} == set(compose["volumes"])
    for name in OURS:
        assert list(mounted[name].values()) == [one.value for one in final("VOLUME")]


# -- What it starts, started


@pytest.fixture(name="started")
def _started(compose, services, postgres_url, start_voltherm, tmp_path):
    """Start the three programs as the file says, with other ports and folders, and no containers around them."""
    ports = {name: free_port() for name in OURS}
    file = {**from_env_file((ROOT / ".env.example").read_text()), **SECRETS}
    site = str(ROOT / compose["configs"]["site"]["file"])
    settings = {name: value.replace("/data", str(tmp_path)) for name, value in environment().items()}

    def here(text):
        for name, port in PORTS.items():
            text = text.replace(f"//{name}:{port}", f"//127.0.0.1:{ports[name]}").replace(f"={port}", f"={ports[name]}")
            text = text.replace(f"//127.0.0.1:{port}/", f"//127.0.0.1:{ports[name]}/")
        text = text.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - here no container stands between
        return text.replace("/data", str(tmp_path)).replace("/etc/voltherm/site.yaml", site)

    def start(name):
        service = services[name]
        given = {key: here(filled(value, file)) for key, value in service.get("environment", {}).items()}
        own = {**(file if "env_file" in service else {}), **given}
        if "DATABASE_URL" in given:
            own["DATABASE_URL"] = postgres_url.replace("+asyncpg", "")
        _, _, check = service["healthcheck"]["test"][1:]
        return start_voltherm(*map(here, service["command"]), env={**settings, **own}, ready=here(check))

    return {name: (start(name), f"http://127.0.0.1:{ports[name]}") for name in ("validator", "reporter", "voltherm")}


@pytest.mark.pitfall("M26")
def test_what_the_file_starts_becomes_healthy_and_ready_and_ends_in_order(started):
    for name, (process, url) in started.items():
        eventually(lambda url=url: status_of(f"{url}/health/ready") in {200, 404}, f"{name} is ready")
        assert process.is_running, process.log_text()
    for process, _ in reversed(started.values()):
        assert process.stop() in {0, -15}, process.log_text()
        assert "Traceback" not in process.log_text()
        assert SECRETS["API_TOKEN"] not in process.log_text()


# -- Compose itself


def test_compose_accepts_the_file(tmp_path):
    if not has_compose():
        pytest.skip("the docker here has no compose plugin")
    shutil.copy(ROOT / "compose.yaml", tmp_path)
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in SECRETS.items()))
    read = subprocess.run(
        ["docker", "compose", "config", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (read.returncode, read.stderr) == (0, "")


def has_compose():
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
