import json
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest

import voltherm as library

OPTIMA = {"factory-free": 208_335.8, "factory-neutral": 211_708.9, "factory-demand": 3_199_584.0}


@pytest.mark.parametrize(("name", "optimum"), OPTIMA.items())
def test_the_command_line_finds_the_known_optimum(voltherm, examples, name, optimum):
    ended = voltherm("plan", examples / f"{name}.json")

    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert answer["objective"]["total"] == pytest.approx(optimum, rel=1e-6)
    assert answer["outcome"] == "optimal"


@pytest.mark.parametrize(("name", "optimum"), OPTIMA.items())
def test_the_service_finds_the_known_optimum(service, examples, name, optimum):
    body = (examples / f"{name}.json").read_bytes()
    request = Request(f"{service}/v1/plan", data=body, headers={"Content-Type": "application/json"})  # noqa: S310

    with urlopen(request, timeout=60) as response:  # noqa: S310 - our own address
        answer = json.load(response)

    assert answer["objective"]["total"] == pytest.approx(optimum, rel=1e-6)


@pytest.mark.parametrize(("name", "optimum"), OPTIMA.items())
def test_python_finds_the_known_optimum(examples, name, optimum):
    asked = library.load_request(examples / f"{name}.json")

    assert library.plan_site(asked.site, asked.inputs).objective.total == pytest.approx(optimum, rel=1e-6)


def test_the_python_example_runs(examples):
    ended = subprocess.run(
        [sys.executable, examples / "plan_a_factory.py"], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("Optimal: ")
