"""Latency of a plan from site data to the validated answer, against the usual ways to write the same problem."""

from __future__ import annotations

import pulp

from benchmarks.measure import Contender, interleaved_cpu_ms, machine_note, markdown_table
from benchmarks.sites import STEPS, Case, battery_case, unified_case
from tests.oracles.cvxpy_dpp import ParametrisedSite
from tests.oracles.cvxpy_loop import solve_with_loop
from tests.oracles.facts import facts_of
from tests.oracles.pulp_model import solve_with_pulp
from voltherm.application.plan_site import plan_site
from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.optimization.problem import build_site_problem
from voltherm.optimization.solver import Solved, solve

ROUNDS = 30
AGREEMENT = 1e-5
"""Relative difference of the objectives above which the comparison would be of different problems."""

OURS = "Voltherm plan_site"
LOOP = "cvxpy, loop, rebuilt"
DPP = "cvxpy DPP, built once, Clarabel"
TARGET_LOOP, TARGET_DPP, TARGET_MS = 100.0, 3.0, 12.0


def report() -> str:
    """Return both sites' tables and whether the targets are met."""
    parts = [
        f"## Plan latency, {STEPS} steps: CPU ms, median\n",
        "From site data (domain objects) to the answer; ours with replay, bill, reasons and validation, the others",
        f"with the objective alone. Interleaved runs after warm-up, fresh data in each; {machine_note()}.\n",
    ]
    for title, case in (("battery", battery_case), ("battery + PV + three demand windows", unified_case)):
        _check_agreement(case)
        parts += [f"### {title}\n", _table(interleaved_cpu_ms(_contenders(case), ROUNDS, case)), ""]
    return "\n".join(parts)


def _contenders(case: Case) -> list[Contender]:
    parametrised = ParametrisedSite(facts_of(*case(0)))
    return [
        Contender(name=OURS, run=lambda given: plan_site(*given).objective.total),
        Contender(name="Voltherm, build and solve alone", run=lambda given: _build_and_solve(*given)),
        Contender(name=DPP, run=lambda given: parametrised.solve(facts_of(*given))),
        Contender(name="PuLP, rebuilt, HiGHS", run=lambda given: solve_with_pulp(facts_of(*given)), every=3),
        Contender(
            name="PuLP, rebuilt, CBC",
            run=lambda given: solve_with_pulp(facts_of(*given), solver=pulp.PULP_CBC_CMD(msg=False, threads=1)),
            every=3,
        ),
        Contender(name=f"{LOOP}, Clarabel", run=lambda given: solve_with_loop(facts_of(*given), "CLARABEL"), every=6),
        Contender(name=f"{LOOP}, ECOS", run=lambda given: solve_with_loop(facts_of(*given), "ECOS"), every=6),
    ]


def _build_and_solve(site: Site, inputs: PlanInputs) -> float:
    """Return the objective alone, as the others do."""
    linear = build_site_problem(site, inputs).model.build()
    solved = solve(linear, inputs.options.solve_limit_s)
    assert isinstance(solved, Solved)
    return float(linear.cost @ solved.x) + linear.offset


def _check_agreement(case: Case) -> None:
    """All contenders must solve the same problem."""
    plan = plan_site(*case(0)).objective.total
    for contender in _contenders(case):
        objective = contender.run(case(0))
        assert isinstance(objective, float)
        if abs(objective - plan) > AGREEMENT * abs(plan):
            message = f"{contender.name} finds {objective:.6g}, plan_site {plan:.6g}: not the same problem"
            raise AssertionError(message)


def _table(medians: dict[str, float]) -> str:
    ours = medians[OURS]
    targets = {OURS: f"below {TARGET_MS:g} ms: {_word(ours < TARGET_MS)}"}
    for name, value in medians.items():
        factor = TARGET_DPP if name == DPP else TARGET_LOOP if name.startswith(LOOP) else None
        if factor is not None:
            targets[name] = f"at least {factor:g}x: {_word(value / ours >= factor)}"
    rows = [(name, f"{value:.1f}", f"{value / ours:.1f}x", targets.get(name, "")) for name, value in medians.items()]
    return markdown_table(("way", "CPU ms", "to ours", "target"), rows)


def _word(is_met: bool) -> str:  # noqa: FBT001 - a yes or no is all there is to say
    return "met" if is_met else "NOT met"
