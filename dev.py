#!/usr/bin/env python3
"""Runs, tests and checks Voltherm from a clean clone; the standard library is all it needs.

The first call makes `.venv` and installs the hashed lock, later calls find its stamp and start at once.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "voltherm-stamp"
LOCKS = ROOT / "locks"

OLDEST = (3, 11)
METADATA = ("project", "build-system", "dependency-groups")
# A stamp of a richer lock satisfies a poorer one.
SATISFIED_BY = {"run": ("run", "dev"), "dev": ("dev",)}
# The user's own pip configuration stands, except where it cannot work in a virtual environment or with `-e .`.
PIP_ENVIRONMENT = {"PIP_USER": "0", "PIP_REQUIRE_HASHES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
LOG_LINES_SHOWN = 30
LOG_COLUMNS_SHOWN = 240

# A module's tests share what is dear to make, such as a week of simulated time, so they stay together.
ALL_TESTS = ("-n", "auto", "--dist", "loadscope", "--no-loadscope-reorder")

USAGE = """\
python3 dev.py COMMAND [ARGUMENTS]

  run    start the demo on http://localhost:8001      (arguments go to `voltherm demo`)
  test   run the tests                                (arguments go to pytest)
  check  formatter, linter, types, imports, tests     (--no-tests leaves the tests out)
  bench  measure speed and memory                     (arguments go to the benchmark)
  lock   make locks/*.lock again from pyproject.toml  (--upgrade takes the newest versions)

Each command first brings .venv up to date, which takes a minute or two the first time."""

NO_PIP = """\
This Python ({python}) has neither `ensurepip` nor `pip` (22.3 or newer), so nothing can be installed.
Remedy, one of:
  Debian, Ubuntu:  apt install python3-venv
  Fedora:          dnf install python3-pip
  elsewhere:       run dev.py with a Python that has pip (`python3 -m pip --version` answers)"""


# Old Pythons read as far as here: no syntax newer than 3.6 in this file, and annotations above the exit as strings.
def old_python_message(version: "tuple[int, ...]", which: "Callable[[str], str | None]" = shutil.which) -> str:
    """Return what to tell the user of a Python older than 3.11, with the newer one on the path if there is one."""
    found = [name for name in ("python3.13", "python3.12", "python3.11") if which(name)]
    remedy = f"run `{found[0]} dev.py`, which is installed here" if found else "install Python 3.11 or newer"
    return f"Voltherm needs Python 3.11 or newer, this is {version[0]}.{version[1]}: {remedy}."


if sys.version_info < OLDEST:
    sys.exit(old_python_message(sys.version_info[:2]))


# -- The stamp: what the environment holds ----------------------------------------------------------------------------


def interpreter() -> str:
    """Return what identifies the Python and the place that the environment is made for."""
    return f"{sys.version} {sys.base_prefix} {ROOT}".replace("\n", " ")


def project_metadata() -> str:
    """Return those tables of pyproject.toml that decide what is installed; the tools' settings are not among them."""
    import tomllib  # noqa: PLC0415 -- not there in the Pythons that are turned away above

    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return json.dumps({name: tables.get(name) for name in METADATA}, sort_keys=True)


def digest(lock_bytes: bytes, metadata: str) -> str:
    """Return the fingerprint of a lock together with the project's metadata."""
    return hashlib.sha256(lock_bytes + metadata.encode()).hexdigest()


def stamp_text(lock: str) -> str:
    """Return the stamp that an environment holding `lock` carries."""
    return f"{interpreter()}\n{lock} {digest((LOCKS / f'{lock}.lock').read_bytes(), project_metadata())}\n"


def read_stamp() -> str:
    """Return the environment's stamp, empty where there is none: never made, or an installation was interrupted."""
    try:
        return STAMP.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def is_satisfied(lock: str, stamp: str) -> bool:
    """Tell whether an environment with this stamp holds everything in `lock`."""
    return any(stamp == stamp_text(name) for name in SATISFIED_BY[lock])


def can_be_reused(stamp: str) -> bool:
    """Tell whether a stale environment is whole and of this interpreter, so that it may be brought up to date."""
    return stamp.startswith(interpreter() + "\n") and PYTHON.exists()


# -- Installing -------------------------------------------------------------------------------------------------------


def ensure(lock: str) -> None:
    """Bring `.venv` up to what `lock` asks for; costs next to nothing when it is."""
    if is_satisfied(lock, read_stamp()):
        return
    with only_one_at_a_time():
        stamp = read_stamp()
        if is_satisfied(lock, stamp):
            return
        started = time.monotonic()
        if can_be_reused(stamp):
            say("Bringing .venv up to date")
        else:
            say(f"Making .venv for Python {sys.version.split()[0]}")
            make_environment(VENV)
        STAMP.unlink(missing_ok=True)
        install(lock)
        STAMP.write_text(stamp_text(lock), encoding="utf-8")
        say(f"Environment ready after {time.monotonic() - started:.0f} s")


def install(lock: str) -> None:
    """Install the packages of a lock, then Voltherm itself, editable."""
    pip = find_pip(PYTHON)
    path = LOCKS / f"{lock}.lock"
    pip_install([*pip, "install", "--require-hashes", "--no-deps", "-r", str(path)], n_packages=count_packages(path))
    pip_install([*pip, "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)], n_packages=1)


def count_packages(lock: Path) -> int:
    """Return the number of requirements in a lock, those for other platforms included."""
    return sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines())


@contextlib.contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Hold the checkout while installing, so that two calls do not write into one environment."""
    try:
        import fcntl  # noqa: PLC0415 -- not there on Windows, where the user has to wait by hand
    except ImportError:
        yield
        return
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another dev.py is installing: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def make_environment(place: Path) -> None:
    """Make an empty virtual environment, with pip in it if this Python can put it there."""
    # Inside a virtual environment, and so perhaps inside the one to be cleared, the base interpreter does the work.
    python = getattr(sys, "_base_executable", None) or sys.executable
    make = [python, "-m", "venv", "--clear"]
    if importlib.util.find_spec("ensurepip") and succeeds([*make, str(place)]):
        return
    finished = subprocess.run([*make, "--without-pip", str(place)], check=False, capture_output=True, text=True)
    if finished.returncode:
        sys.exit(f"{place} could not be made:\n{finished.stdout}{finished.stderr}")


def find_pip(python: Path) -> list[str]:
    """Return the command line of a pip that installs into the environment of `python`: its own, or one outside it."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    outside = ([base, "-m", "pip"], ["pip3"], ["pip"])
    for pip in ([str(python), "-m", "pip"], *([*pip, "--python", str(python)] for pip in outside)):
        if succeeds([*pip, "--version"]):
            return pip
    sys.exit(NO_PIP.format(python=base))


def succeeds(command: list[str]) -> bool:
    """Tell whether a command ends well; its output is of no interest."""
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def pip_install(command: list[str], n_packages: int) -> None:
    """Run pip with one moving line of progress; show its own words only when it fails."""
    command = [*command, "--progress-bar", "off", "--no-input"]
    log: list[str] = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | PIP_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as pip:
        assert pip.stdout is not None  # noqa: S101 -- for the type checker: PIPE was asked for
        with Progress(n_packages) as progress:
            for line in pip.stdout:
                log.append(line)
                progress.read(line)
    if pip.returncode:
        say(what_went_wrong(log))
        sys.exit("The installation failed; pip's words are above. Mend the cause and call dev.py again.")


def what_went_wrong(log: list[str]) -> str:
    """Return pip's output from its first error on, or the end of it, without endless lines."""
    errors = [number for number, line in enumerate(log) if line.startswith("ERROR")]
    first = errors[0] if errors else max(0, len(log) - LOG_LINES_SHOWN)
    return "\n".join(line.rstrip()[:LOG_COLUMNS_SHOWN] for line in log[first : first + LOG_LINES_SHOWN])


class Progress:
    """One line that says what pip does and since when, rewritten on a terminal, repeated now and then elsewhere."""

    def __init__(self, n_packages: int) -> None:
        self.n_packages = n_packages
        self.n_seen = 0
        self.doing = "starting"
        self.started = time.monotonic()
        self.is_terminal = sys.stdout.isatty()
        self.finished = threading.Event()
        self.painter = threading.Thread(target=self.repaint, daemon=True)

    def __enter__(self) -> "Progress":  # noqa: PYI034 -- typing.Self is missing in the Pythons that are turned away above
        self.painter.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finished.set()
        self.painter.join()
        if self.is_terminal:
            print("\r\x1b[K", end="", flush=True)

    def read(self, line: str) -> None:
        """Take in one line of pip's output."""
        words = line.split()
        if line.startswith(("Collecting ", "Requirement already satisfied", "Ignoring ")):
            self.n_seen += 1
            name = words[3] if words[0] == "Requirement" else words[1]
            self.doing = f"{min(self.n_seen, self.n_packages)}/{self.n_packages} {name.split('==')[0].rstrip(':')}"
        elif line.startswith("Installing collected packages"):
            self.doing = f"unpacking {line.count(',') + 1} packages"

    def line(self) -> str:
        """Return the line of this moment."""
        return f"  {self.doing}, {time.monotonic() - self.started:.0f} s"

    def repaint(self) -> None:
        """Show the line until the installation ends."""
        while not self.finished.wait(0.2 if self.is_terminal else 5.0):
            if self.is_terminal:
                print(f"\r\x1b[K{self.line()}", end="", flush=True)
            else:
                print(self.line(), flush=True)


def say(message: str) -> None:
    """Print at once, also into a pipe."""
    print(message, flush=True)


# -- Commands ---------------------------------------------------------------------------------------------------------


def run(arguments: list[str]) -> int:
    """Start the demo."""
    ensure("run")
    return become([str(BIN / "voltherm"), "demo", *arguments])


def test(arguments: list[str]) -> int:
    """Run the tests: all of them, a module on each core; those that are named one after the other."""
    ensure("dev")
    return become([str(PYTHON), "-m", "pytest", *(arguments or ALL_TESTS)])


def bench(arguments: list[str]) -> int:
    """Measure speed and memory."""
    ensure("dev")
    return become([str(PYTHON), "-m", "benchmarks", *arguments])


def check(arguments: list[str]) -> int:
    """Run every check to its end and say which failed."""
    unknown = set(arguments) - {"--no-tests"}
    if unknown:
        sys.exit(f"check does not know {' '.join(sorted(unknown))}; it takes --no-tests only")
    ensure("dev")
    failed = []
    for name, command in check_steps(with_tests="--no-tests" not in arguments).items():
        say(f"== {name}")
        if subprocess.run(command, check=False, cwd=ROOT, env=os.environ | {"VOLTHERM_CI": "1"}).returncode:
            failed.append(name)
    say(f"== failed: {', '.join(failed)}" if failed else "== all checks passed")
    return 1 if failed else 0


def check_steps(*, with_tests: bool) -> dict[str, list[str]]:
    """Return the command line of each check by its name."""
    python = str(PYTHON)
    steps = {
        "ruff check": [python, "-m", "ruff", "check", "."],
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "mypy": [python, "-m", "mypy", "--strict", "src", "dev.py"],
        "lint-imports": [str(BIN / "lint-imports"), "--no-logo", "--no-cache"],
    }
    return steps | ({"pytest": [python, "-m", "pytest", *ALL_TESTS]} if with_tests else {})


def lock(arguments: list[str]) -> int:
    """Make both locks again, for every platform and interpreter, without addresses."""
    import tempfile  # noqa: PLC0415 -- needed here only, and not free

    unknown = set(arguments) - {"--upgrade"}
    if unknown:
        sys.exit(f"lock does not know {' '.join(sorted(unknown))}; it takes --upgrade only")
    with tempfile.TemporaryDirectory() as folder:
        say("Fetching uv")
        make_environment(Path(folder))
        python = Path(folder) / PYTHON.relative_to(VENV)
        pip_install([*find_pip(python), "install", "uv"], n_packages=1)
        compile_lock = [
            *(str(python), "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal"),
            *("--generate-hashes", "--no-header", "--no-annotate", "--python-version", ".".join(map(str, OLDEST))),
            *arguments,
        ]
        run_lock, dev_lock = "locks/run.lock", "locks/dev.lock"
        subprocess.run([*compile_lock, "--group", "build", "-o", run_lock], check=True, cwd=ROOT)
        subprocess.run([*compile_lock, "--group", "dev", "-c", run_lock, "-o", dev_lock], check=True, cwd=ROOT)
    say("locks/run.lock and locks/dev.lock are made")
    return 0


def become(command: list[str]) -> int:
    """Go on as another program, so that signals and the exit status are its own."""
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606 -- a fixed command line, without a shell
    return subprocess.run(command, check=False).returncode


COMMANDS = {"run": run, "test": test, "check": check, "bench": bench, "lock": lock}


def main(arguments: list[str]) -> int:
    """Do what the command line asks for and return the exit status."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        say(USAGE)
        return 0 if arguments else 2
    command = COMMANDS.get(arguments[0])
    if command is None:
        say(f"There is no command {arguments[0]!r}.\n\n{USAGE}")
        return 2
    try:
        return command(arguments[1:])
    except KeyboardInterrupt:
        say("\nInterrupted.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
