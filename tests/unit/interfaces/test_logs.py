"""Logs: what is written where, and what never is."""

import json
import logging
import re
from pathlib import Path

import pytest
import structlog

from voltherm.interfaces.api import logs
from voltherm.interfaces.api.logs import configure_logs, forget_values, redact_values
from voltherm.interfaces.api.redaction import redacted_text
from voltherm.settings import load_settings

TOKEN = "bms-7f3a9c1e55d2"  # noqa: S105 - planted to be looked for, as the next two
API_TOKEN = "api'0123456789\\abcdef"  # noqa: S105
PASSWORD = "pass word/1"  # noqa: S105
SECRETS = (TOKEN, API_TOKEN, PASSWORD, "pass%20word%2F1")


class Terminal:
    """Standard error where a person watches."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return True


class FullDisk(Terminal):
    """Takes nothing."""

    def write(self, text):
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def _logging_as_before():
    """Give the process its logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    levels = {name: logging.getLogger(name).level for name in logs.QUIET_LOGGERS}
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()
    forget_values()


def written(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "voltherm.log").read_text().splitlines()]


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def refuse(message: str) -> None:
    raise ValueError(message)


def plant_secrets() -> None:
    """Log the secrets of the settings in every way that programs have been seen to."""
    url = f"postgresql://voltherm:{PASSWORD.replace(' ', '%20').replace('/', '%2F')}@db/voltherm"
    settings = load_settings({"BMS_TOKEN": TOKEN, "API_TOKEN": API_TOKEN, "DATABASE_URL": url}, None)
    redact_values(settings.secret_values)
    log = structlog.get_logger("service")
    log.info("asked", headers={"Authorization": f"Bearer {TOKEN}", "accept": "json"}, device=[{"bms_token": TOKEN}])
    log.info(f"connecting to {url} with {TOKEN}", settings=settings, password=987654, raw={PASSWORD: 1})  # noqa: G004
    logging.getLogger("foreign").warning("url %s token=%s key %s", url, "unregistered", API_TOKEN)
    a_local_variable = "local-" + TOKEN
    try:
        refuse(f"401 from http://bms/?token={TOKEN} ({API_TOKEN!r})")
    except ValueError:
        log.exception("failed", length=len(a_local_variable))


@pytest.mark.pitfall("M26")
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_secrets_of_the_settings_reach_neither_console_nor_file(tmp_path, capsys, log_format):
    configure_logs(log_dir=tmp_path, log_format=log_format)
    plant_secrets()
    console, file = capsys.readouterr().err, (tmp_path / "voltherm.log").read_text()
    for text in (console, file):
        for secret in (*SECRETS, "unregistered", "987654", json.dumps(API_TOKEN)[1:-1]):
            assert secret not in text
        assert "connecting to postgresql://***@db/voltherm with ***" in text
        assert "ValueError: 401 from http://bms/?token=***" in text
        assert "accept" in text


@pytest.mark.pitfall("M26")
def test_a_traceback_shows_lines_of_code_and_no_variables(tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    configure_logs(log_dir=tmp_path)
    unregistered = "-".join(("shown", *["only", "by", "locals"]))
    try:
        len(unregistered) / 0
    except ZeroDivisionError:
        structlog.get_logger().exception("failed")
    for text in (terminal.text, (tmp_path / "voltherm.log").read_text()):
        assert "ZeroDivisionError" in text
        assert "shown-only-by-locals" not in text


def test_a_terminal_is_written_to_for_reading_and_a_pipe_in_json(tmp_path, capsys, monkeypatch):
    configure_logs()
    structlog.get_logger("a").info("planned", power_kw=-41.5)
    entry = lines(capsys)[0]
    assert {key: entry[key] for key in ("event", "power_kw", "level", "logger")} == {
        "event": "planned",
        "power_kw": -41.5,
        "level": "info",
        "logger": "a",
    }
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    configure_logs(log_dir=tmp_path)
    structlog.get_logger("a").info("planned", power_kw=-41.5)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.text)
    assert "planned" in plain
    assert "power_kw=-41.5" in plain
    assert written(tmp_path)[0]["power_kw"] == -41.5


def test_nothing_from_outside_begins_a_new_line_on_the_console(capsys):
    configure_logs(log_format="console")
    structlog.get_logger().info("request", path="/a\n2026 [error] forged\x1b[2J")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_numbers_that_json_cannot_say_are_texts_and_the_line_stays_json(capsys):
    configure_logs()
    structlog.get_logger().info("seen", mean_kw=float("nan"), ceiling_kw=float("inf"), path=Path("a/b"))
    entry = lines(capsys)[0]
    assert (entry["mean_kw"], entry["ceiling_kw"], entry["path"]) == ("nan", "inf", "a/b")


def test_a_value_that_cannot_be_shown_does_not_lose_the_line(capsys):
    class Broken:
        def __str__(self):
            raise RuntimeError

    configure_logs()
    structlog.get_logger().info("seen", thing=Broken())
    assert lines(capsys)[0]["thing"] == "a Broken that cannot be shown"


def test_what_is_endless_is_cut(capsys):
    endless: dict[str, object] = {}
    endless["itself"] = endless
    configure_logs()
    structlog.get_logger().info("seen", endless=endless, long=list(range(10_000)))
    entry = lines(capsys)[0]
    assert len(entry["long"]) == 200
    assert "..." in json.dumps(entry["endless"])


def test_the_level_is_the_one_asked_for_and_libraries_stay_quiet_below_warning(capsys):
    configure_logs(level="DEBUG")
    structlog.get_logger("voltherm.guard").debug("ours")
    logging.getLogger("httpx2").info("HTTP Request: GET")
    logging.getLogger("httpcore2.http11").debug("send_request_headers")
    logging.getLogger("sqlalchemy.engine.Engine").info("SELECT")
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("uvicorn.error").error("port taken")
    assert [entry["event"] for entry in lines(capsys)] == ["ours", "port taken"]


def test_the_file_is_made_with_its_folder_and_turns_over_when_it_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LARGEST_FILE_BYTES", 400)
    monkeypatch.setattr(logs, "OLD_FILES", 2)
    folder = tmp_path / "not" / "there"
    configure_logs(log_dir=folder)
    for number in range(20):
        structlog.get_logger().info("line", number=number)
    assert sorted(file.name for file in folder.iterdir()) == ["voltherm.log", "voltherm.log.1", "voltherm.log.2"]
    assert written(folder)[-1]["number"] == 19


@pytest.mark.fault(11)
def test_a_full_disk_costs_lines_and_nothing_else_and_they_are_counted(tmp_path):
    (tmp_path / "voltherm.log").symlink_to("/dev/full")
    configured = configure_logs(log_dir=tmp_path)
    structlog.get_logger().info("lost")
    logging.getLogger("foreign").warning("lost too")
    assert configured.n_dropped == 2
    (tmp_path / "voltherm.log").unlink()
    structlog.get_logger().info("kept")
    assert [entry["event"] for entry in written(tmp_path)] == ["kept"]
    assert configured.n_dropped == 2


@pytest.mark.fault(11)
def test_a_folder_that_cannot_be_made_leaves_the_console(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    configured = configure_logs(log_dir=tmp_path / "file" / "logs")
    structlog.get_logger().info("still said")
    assert lines(capsys)[0]["event"] == "still said"
    assert configured.n_dropped == 1


def test_a_console_that_is_gone_raises_nothing(monkeypatch):
    monkeypatch.setattr("sys.stderr", FullDisk())
    configured = configure_logs(log_format="json")
    structlog.get_logger().info("lost")
    assert configured.n_dropped == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /?api_key=abc&x=1", "GET /?api_key=***&x=1"),
        ('{"token": "abc", "soc": 0.5}', '{"token": "***", "soc": 0.5}'),
        ("Authorization: Basic dTpw", "Authorization: Basic ***"),
        ("Bearer abc.def", "Bearer ***"),
        ("http://user:pw@host/a", "http://***@host/a"),
        ("the token: refused", "the token: refused"),
        ("a basic plan at http://host/a@b", "a basic plan at http://host/a@b"),
    ],
)
def test_secrets_are_known_by_their_surroundings(text, shown):
    assert redacted_text(text) == shown


def test_a_short_text_is_no_secret():
    redact_values(["", "abc", "abcd"])
    assert redacted_text("abc abcd") == "abc ***"


def test_what_a_plain_logger_adds_stands_in_the_line_without_secrets(capsys):
    configure_logs(log_format="json")

    logging.getLogger("voltherm.of.an.inner.ring").info("changes", extra={"rung": "own", "bms_token": TOKEN})

    line = json.loads(capsys.readouterr().err)
    assert line["rung"] == "own"
    assert TOKEN not in str(line)
