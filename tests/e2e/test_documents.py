"""What the documents tell readers to run, runs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
VOLTHERM = [sys.executable, "-c", "from voltherm.interfaces.cli.main import main; main()"]


def readme_commands():
    section = README.split("## First steps")[1]
    block = re.search(r"```\n(.*?)```", section, re.DOTALL).group(1)
    return [line for line in block.splitlines() if line.startswith(".venv/bin/voltherm") and "serve" not in line]


@pytest.mark.parametrize("command", readme_commands())
def test_the_first_steps_of_the_readme_run(command):
    arguments = shlex.split(command)[1:]
    finished = subprocess.run([*VOLTHERM, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert len(finished.stdout.splitlines()) > 5


def test_the_controller_example_runs_and_decides_once_it_has_a_history(tmp_path):
    block = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "controller.md").read_text(), re.DOTALL).group(1)
    script = tmp_path / "example.py"
    script.write_text(block)
    finished = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("fresh_plan") == 8


def test_every_page_that_the_documents_link_to_exists():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
