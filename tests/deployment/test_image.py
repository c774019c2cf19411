"""The image, as far as it can be proven without an engine: read, built step by step, run as the image would run it."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deployment.image import ROOT, context, copies, dockerfile, environment, final, is_ignored
from tests.services import Process, eventually, free_port, status_of

WRITABLE = "/data"
BUILD_PYTHON = "/opt/voltherm/bin/python"
CALL_THE_ENTRY_POINT = "from voltherm.interfaces.cli.main import main\nmain()"
NOT_SENT = (
    *(".env", "src/.env", "src/voltherm/.env.local", "voltherm.db", "logs/mpc_service.log", ".git/config"),
    *("tests/conftest.py", "shared/x", "src/voltherm/__pycache__/x.pyc", "locks/dev.lock", ".venv/bin/python"),
)
READ_ONLY = """\
set -eu
mount --bind "$1" "$1"
mount -o remount,bind,ro /
shift
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


def runs(stage):
    return [one.value for one in dockerfile() if (one.stage, one.keyword) == (stage, "RUN")]


def installed_with(name, found):
    """Collect a package and all that it needs here, by their normal names."""
    if canonicalize_name(name) in found:
        return found
    found.add(canonicalize_name(name))
    for needed in map(Requirement, requires(name) or ()):
        if needed.marker is None or needed.marker.evaluate({"extra": "asyncio"}):
            installed_with(needed.name, found)
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Make the wheel as the build stage does, from what an engine would be sent."""
    folder = tmp_path_factory.mktemp("context")
    for name in context():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, place)
    step = next(run for run in runs(0) if "hatchling build" in run)
    command = [sys.executable, *step.split()[1:]]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return next((folder / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def package(wheel, tmp_path_factory):
    """Install the wheel, and nothing else, into a folder that goes before the checkout."""
    folder = tmp_path_factory.mktemp("package")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


# -- What is sent to the engine


@pytest.mark.pitfall("M26")
@pytest.mark.parametrize("name", NOT_SENT)
def test_no_secret_and_nothing_needless_reaches_the_engine(name):
    assert is_ignored(name)


def test_the_engine_is_sent_what_the_image_is_made_of_and_nothing_else():
    outside = [name for name in context() if not name.startswith("src/voltherm/")]
    assert outside == ["LICENSE", "README.md", "locks/run.lock", "pyproject.toml"]


def test_everything_that_is_copied_is_there():
    sent = context()
    for stage, origin, sources, _ in copies():
        if origin is None:
            assert all(any(f"{name}/".startswith(f"{source}/") for name in sent) for source in sources), sources
        else:
            assert f"AS {origin}" in next(one.value for one in dockerfile() if one.keyword == "FROM")
            assert stage > 0
    assert {name for _, origin, sources, _ in copies() if origin is None for name in sources} == {
        "LICENSE",
        "README.md",
        "locks/run.lock",
        "pyproject.toml",
        "src",
    }


# -- The instructions


@pytest.mark.pitfall("M26")
def test_nothing_is_fetched_but_the_base_image_and_hashed_wheels():
    keywords = {one.keyword for one in dockerfile()}
    fetching = [run for stage in (0, 1) for run in runs(stage) if re.search(r"curl|wget|apt|git |https?:", run)]
    installing = [run for stage in (0, 1) for run in runs(stage) if " install " in run and " pip " in run]

    assert "ADD" not in keywords
    assert fetching == []
    assert [run for run in installing if not {"--require-hashes", "--no-index"} & set(run.split())] == []
    assert "--only-binary=:all:" in installing[0]


def test_both_stages_have_the_same_slim_base_of_a_python_that_is_supported():
    bases = [one.value.split()[0] for one in dockerfile() if one.keyword == "FROM"]
    version = next(one.value for one in dockerfile() if one.keyword == "ARG").removeprefix("PYTHON_VERSION=")
    assert bases == ["python:${PYTHON_VERSION}-slim"] * 2
    assert version in {"3.12", "3.13"}


@pytest.mark.pitfall("M26")
def test_the_image_runs_as_nobody_in_particular():
    keywords = [one.keyword for one in dockerfile() if one.stage == 1]
    users = [one.value for one in final("USER")]

    assert users == ["10001:10001"]
    assert keywords.index("USER") < keywords.index("ENTRYPOINT")
    assert "RUN" not in keywords[keywords.index("USER") :]


def test_the_image_holds_no_compiler_and_no_installer():
    assert [one.words for one in final("COPY")] == [["--from=build", "/opt/voltherm", "/opt/voltherm"]]
    assert [run for run in runs(1) if re.search("gcc|build-essential|apt|pip", run)] == []
    assert runs(0)[-1].endswith(" pip")


def test_all_that_only_the_build_needed_is_taken_out_again():
    lock = (ROOT / "locks" / "run.lock").read_text()
    locked = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", lock, flags=re.MULTILINE)}
    elsewhere = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==.*sys_platform == '", lock, re.MULTILINE)}
    needed = installed_with("voltherm", set())
    removed = set(runs(0)[-1].split("--yes ")[1].split()) - {"pip"}

    assert removed == locked - needed - elsewhere
    assert needed - {"voltherm"} <= locked


def test_no_secret_is_set_in_the_image():
    variables = environment()
    assert not [name for name in variables if re.search("TOKEN|SECRET|PASSWORD|KEY", name)]
    assert [one.value for one in dockerfile() if one.keyword == "ARG"] == ["PYTHON_VERSION=3.13"]


def test_the_settings_of_the_image_are_settings_of_the_program():
    from voltherm.settings import VARIABLES, load_settings

    own = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert set(environment()) - own <= set(VARIABLES)
    read = load_settings(environment(), None)
    assert read.log_dir is None
    assert read.database_url.get_secret_value() == f"sqlite:///{WRITABLE}/voltherm.db"
    assert [one.value for one in final("VOLUME")] == [WRITABLE]
    assert [one.value for one in final("WORKDIR")] == [WRITABLE]


def test_the_image_ends_in_order_and_says_where_it_listens():
    assert [one.value for one in final("STOPSIGNAL")] == ["SIGTERM"]
    assert [one.value for one in final("EXPOSE")] == ["8001"]
    assert final("ENTRYPOINT")[0].words == ["voltherm"]
    assert final("CMD")[0].words == ["serve", "--host", "0.0.0.0"]  # noqa: S104 - inside a container
    assert "org.opencontainers.image.licenses" in final("LABEL")[0].value


# -- The wheel


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {name.removeprefix("src/") for name in context() if name.startswith("src/voltherm/")}


@pytest.mark.parametrize(
    "kind",
    [
        r"voltherm/py\.typed",
        r"voltherm/adapters/documents/tariff_library/costa-rica-tmt\.yaml",
        r"voltherm/interfaces/report/report\.html\.jinja",
        r"voltherm/interfaces/demo_data/.*\.csv",
        r"voltherm/interfaces/demo_data/site\.yaml",
        r"voltherm/adapters/store/.*versions/.*\.py",
    ],
)
def test_the_wheel_holds_data_and_migrations(wheel, kind):
    with zipfile.ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if re.fullmatch(kind, name)]


def test_the_entry_point_is_in_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "voltherm = voltherm.interfaces.cli.main:main" in archive.read(name).decode()


# -- As the image runs it


@pytest.fixture(scope="module")
def confined(package, tmp_path_factory):
    """Return what starts a program on a read-only file system, without capabilities, but for one folder."""
    folder = tmp_path_factory.mktemp("data")
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", READ_ONLY, "sh", str(folder)]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"this machine does not let us mount: {tried.stderr.strip()}")

    def start(*arguments, env):
        program = f"import sys\nsys.argv = ['voltherm', *{arguments!r}]\n{CALL_THE_ENTRY_POINT}"
        settings = {name: value.replace(WRITABLE, str(folder)) for name, value in environment().items()}
        variables = {**settings, "PYTHONPATH": str(package), "HOME": str(folder), "TMPDIR": str(folder), **env}
        return Process(*prefix, sys.executable, "-c", program, folder=folder, env=variables, name=arguments[0])

    return start


def test_a_confined_program_can_write_to_its_data_only(confined, package, tmp_path):
    looks = f"import voltherm; print(voltherm.__file__); open({str(tmp_path / 'x')!r}, 'w')"
    process = confined("--help", env={})
    assert process.wait() == 0
    assert "Usage" in process.log_text()
    folder = process.log.parent
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", READ_ONLY, "sh", str(folder)]
    ended = subprocess.run(
        [*prefix, sys.executable, "-c", looks],
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.strip() == str(package / "voltherm" / "__init__.py")
    assert "Read-only file system" in ended.stderr


@pytest.mark.pitfall("M26")
def test_the_health_check_of_the_image_works_where_the_image_runs(confined):
    port = free_port()
    _, _, check = final("HEALTHCHECK")[0].value.partition("CMD ")
    program, *arguments = final("HEALTHCHECK")[0].words
    asking = [argument.replace(":8001/", f":{port}/") for argument in arguments]
    sick = confined(*asking, env={})
    assert sick.wait() == 1, sick.log_text()

    service = confined(*final("CMD")[0].words, "--port", str(port), env={})
    try:
        service.wait_until_ready(f"http://127.0.0.1:{port}/health")
        healthy = confined(*asking, env={})
        assert (healthy.wait(), healthy.log_text()) == (0, "")
    finally:
        status = service.stop()
    assert program == "voltherm"
    assert "curl" not in check
    assert status in {0, -15}, service.log_text()
    eventually(lambda: status_of(f"http://127.0.0.1:{port}/health") is None, "the end of the service")
    assert Path(service.log.parent).is_dir()
