"""The house: dev.py, the locks, and what must not stand in any file of the repository."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60

# Written so that this file does not contain what it looks for.
MACHINE_PATH = re.compile("(^|[^A-Za-z0-9_.])/(work|root|farm)/")
REGISTRY_HOST = re.compile("|".join(name + r"\." + end for name, end in (("pypi", "org"), ("pythonhosted", "org"))))


@pytest.fixture(name="dev")
def _dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="house")
def _house(dev, tmp_path, monkeypatch) -> ModuleType:
    """Return dev.py at work in an empty project of its own."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "run.lock").write_text("numpy==2\n")
    (tmp_path / "locks" / "dev.lock").write_text("numpy==2\npytest==9\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "voltherm"\n[tool.ruff]\nline-length = 120\n')
    python = tmp_path / ".venv" / "bin" / "python"
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "LOCKS", tmp_path / "locks")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "voltherm-stamp")
    monkeypatch.setattr(dev, "PYTHON", python)

    def make_environment(_place):
        shutil.rmtree(tmp_path / ".venv", ignore_errors=True)
        python.parent.mkdir(parents=True)
        python.touch()

    monkeypatch.setattr(dev, "make_environment", make_environment)
    monkeypatch.setattr(dev, "install", lambda _lock: None)
    return dev


def refuse_to_install(_lock):
    pytest.fail("installs again")


# -- The stamp


def test_a_second_call_finds_the_stamp_and_installs_nothing(house, monkeypatch):
    house.ensure("run")
    monkeypatch.setattr(house, "install", refuse_to_install)
    house.ensure("run")


def test_an_environment_without_a_stamp_satisfies_nothing(house):
    assert not house.is_satisfied("run", house.read_stamp())
    assert not house.can_be_reused(house.read_stamp())


def test_the_richer_environment_satisfies_the_poorer_and_not_the_other_way_round(house):
    assert house.is_satisfied("run", house.stamp_text("dev"))
    assert not house.is_satisfied("dev", house.stamp_text("run"))


def test_a_changed_lock_is_installed_into_the_same_environment(house):
    house.ensure("dev")
    kept = house.VENV / "kept"
    kept.touch()
    (house.LOCKS / "dev.lock").write_text("numpy==3\n")
    assert not house.is_satisfied("dev", house.read_stamp())
    house.ensure("dev")
    assert house.is_satisfied("dev", house.read_stamp())
    assert kept.exists()


def test_changed_metadata_is_installed_and_changed_tool_settings_are_not(house):
    house.ensure("run")
    pyproject = house.ROOT / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("120", "100"))
    assert house.is_satisfied("run", house.read_stamp())
    pyproject.write_text(pyproject.read_text().replace("voltherm", "volt"))
    assert not house.is_satisfied("run", house.read_stamp())


def test_another_interpreter_gets_a_new_environment(house, monkeypatch):
    house.ensure("run")
    other = house.VENV / "of-the-other"
    other.touch()
    monkeypatch.setattr(house, "interpreter", lambda: "3.99")
    house.ensure("run")
    assert not other.exists()


def test_an_interrupted_installation_is_made_anew_by_the_next_call(house, monkeypatch):
    house.ensure("run")
    (house.LOCKS / "run.lock").write_text("numpy==3\n")

    def interrupted(_lock):
        (house.VENV / "half-written").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(house, "install", interrupted)
        assert house.main(["run"]) == 130
    house.ensure("run")
    assert house.is_satisfied("run", house.read_stamp())
    assert not (house.VENV / "half-written").exists()


# -- Other machines


def test_an_old_python_is_told_which_newer_one_is_here(dev):
    message = dev.old_python_message((3, 9), which=lambda name: name if name == "python3.12" else None)
    assert (
        message == "Voltherm needs Python 3.11 or newer, this is 3.9: run `python3.12 dev.py`, which is installed here."
    )


def test_an_old_python_alone_is_told_what_to_install(dev):
    assert "install Python 3.11 or newer" in dev.old_python_message((3, 9), which=lambda _: None)


def test_an_old_python_can_read_as_far_as_its_message():
    ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_the_pip_of_the_environment_is_the_first_choice(dev, monkeypatch):
    monkeypatch.setattr(dev, "succeeds", lambda _: True)
    assert dev.find_pip(Path("venv/python")) == [str(Path("venv/python")), "-m", "pip"]


def test_a_pip_outside_serves_an_environment_that_has_none(dev, monkeypatch):
    monkeypatch.setattr(dev, "succeeds", lambda command: "--python" in command)
    assert dev.find_pip(Path("venv/python"))[1:] == ["-m", "pip", "--python", str(Path("venv/python"))]


def test_a_machine_without_any_pip_is_told_the_remedy(dev, monkeypatch):
    monkeypatch.setattr(dev, "succeeds", lambda _: False)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        dev.find_pip(Path("venv/python"))


# -- The command line


def run_dev(*arguments):
    return subprocess.run([sys.executable, ROOT / "dev.py", *arguments], check=False, capture_output=True, text=True)


@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), ([], 2), (["fly"], 2)])
def test_the_usage_names_every_command(dev, arguments, status):
    finished = run_dev(*arguments)
    assert finished.returncode == status
    for command in dev.COMMANDS:
        assert f"\n  {command} " in finished.stdout


@pytest.mark.parametrize("command", ["check", "lock"])
def test_an_unknown_flag_is_named(dev, command):
    with pytest.raises(SystemExit, match="does not know --fast"):
        dev.main([command, "--fast"])


def test_progress_counts_packages_and_says_when_they_are_unpacked(dev):
    progress = dev.Progress(3)
    progress.read("Collecting numpy==2.4.6 (from -r run.lock (line 1))\n")
    progress.read("Requirement already satisfied: piqp==0.6 in somewhere\n")
    progress.read("  Downloading numpy.whl (16 MB)\n")
    assert progress.line().startswith("  2/3 piqp, ")
    progress.read("Installing collected packages: numpy, piqp, scipy\n")
    assert progress.line().startswith("  unpacking 3 packages, ")


def test_a_failed_installation_shows_the_error_and_not_the_way_there(dev):
    log = ["Collecting numpy\n", "ERROR: HASHES DO NOT MATCH\n", f"  Expected {'0' * 1000}\n"]
    shown = dev.what_went_wrong(log).splitlines()
    assert shown[0] == "ERROR: HASHES DO NOT MATCH"
    assert len(shown[1]) < 300


def test_checks_can_leave_the_tests_out(dev):
    assert set(dev.check_steps(with_tests=True)) - set(dev.check_steps(with_tests=False)) == {"pytest"}


# -- The locks


def requirements(lock):
    """Return the hashes of each `name==version ; marker` of a lock."""
    text = (ROOT / "locks" / f"{lock}.lock").read_text(encoding="utf-8").replace("\\\n", "")
    return {
        line.split("--hash")[0].strip(): re.findall("--hash=sha256:([0-9a-f]{64})", line) for line in text.splitlines()
    }


@pytest.mark.parametrize("lock", ["run", "dev"])
def test_every_locked_package_has_its_hashes(lock):
    for requirement, hashes in requirements(lock).items():
        assert "==" in requirement
        assert hashes, requirement


@pytest.mark.parametrize("lock", ["run", "dev"])
def test_a_lock_carries_no_addresses(lock):
    text = (ROOT / "locks" / f"{lock}.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|--(extra-)?index|--find-links|@", text)


def test_the_development_lock_holds_all_of_the_run_time_lock():
    missing = requirements("run").keys() - requirements("dev").keys()
    assert not {requirement.split(";")[0] for requirement in missing}


# -- Every file


def tracked_files():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        if os.environ.get("VOLTHERM_CI"):
            pytest.fail("CI works on a git clone")
        pytest.skip("not a git clone")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("forbidden", [MACHINE_PATH, REGISTRY_HOST], ids=["machine path", "registry host"])
def test_no_tracked_file_names_a_machine_path_or_a_registry(forbidden):
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked_files()
        for number, line in enumerate(path.read_bytes().decode("utf-8", errors="ignore").splitlines(), start=1)
        if forbidden.search(line)
    ]
    assert not found, "\n".join(found)


def sources():
    return [*(ROOT / "src").rglob("*.py"), ROOT / "dev.py"]


def test_no_source_file_is_longer_than_the_house_allows():
    counted = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert not {str(path.relative_to(ROOT)): n for path, n in counted.items() if n > MAX_FILE_LINES}


def test_no_function_is_longer_than_the_house_allows():
    too_long = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                n_lines = node.end_lineno - node.lineno + 1
                if n_lines > MAX_FUNCTION_LINES:
                    too_long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = n_lines
    assert not too_long
