"""Each block and each term has a golden problem, and it has not changed."""

from pathlib import Path

import highspy
import pytest

import voltherm.optimization
from tests.golden.cases import CASES, FOLDER

OPTIMIZATION = Path(voltherm.optimization.__file__).parent
PARTS = sorted(
    f"{path.parent.name}_{path.stem}"
    for ring in ("blocks", "terms")
    for path in (OPTIMIZATION / ring).glob("*.py")
    if path.stem != "__init__"
)


@pytest.mark.parametrize("part", PARTS)
def test_every_block_and_term_has_a_golden_problem(part):
    assert part in CASES, f"add a case named {part} to tests/golden/cases.py"
    assert (FOLDER / f"{part}.lp").exists(), "write it with: python -m tests.golden.cases"


@pytest.mark.parametrize("name", CASES)
def test_the_problem_is_the_golden_one(name):
    assert CASES[name]() == (FOLDER / f"{name}.lp").read_text(encoding="utf-8")


def test_no_golden_problem_is_left_over():
    assert {path.stem for path in FOLDER.glob("*.lp")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_solver_reads_the_golden_problem(name):
    highs = highspy.Highs()
    highs.silent()
    assert highs.readModel(str(FOLDER / f"{name}.lp")) == highspy.HighsStatus.kOk
