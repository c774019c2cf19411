"""The two files that a backtest leaves behind."""

from __future__ import annotations

from pathlib import Path

from voltherm.application.backtest_result import BacktestResult
from voltherm.application.policies import PolicyName
from voltherm.interfaces.cli.files import FileError, write_text
from voltherm.interfaces.report.page import report_page
from voltherm.interfaces.report.summarise import Origin, result_document

JSON_FILE = "result.json"
PAGE_FILE = "report.html"


def write_results(result: BacktestResult, origin: Origin, folder: Path, told: PolicyName) -> tuple[Path, Path]:
    """Write every figure as JSON and the report as HTML, and return where.

    Raises
    ------
    FileError
        When the folder cannot be made or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: {(error.strerror or 'cannot be made').lower()}; give another folder") from error
    json_file, page_file = folder / JSON_FILE, folder / PAGE_FILE
    write_text(json_file, result_document(result, origin).model_dump_json(indent=1) + "\n")
    write_text(page_file, report_page(result, origin, told))
    return page_file, json_file
