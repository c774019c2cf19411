"""A plan as the document that CLI and service answer with, its sentences included."""

from __future__ import annotations

from voltherm.adapters.documents.plan_answer import PlanAnswerDocument, plan_to_document
from voltherm.domain.plan import Plan
from voltherm.domain.site import Site
from voltherm.interfaces.heat_sentences import heat_facts_of_steps, heat_sentence
from voltherm.interfaces.sentences import facts_of_steps, sentence


def answer_document(plan: Plan, site: Site) -> PlanAnswerDocument:
    """Return the answer that tells ``plan`` of ``site``."""
    return plan_to_document(plan, site, _sentences(plan, site))


def _sentences(plan: Plan, site: Site) -> list[str]:
    """What the batteries do and why, where there are any, and what each heat pump does."""
    heated = [[heat_sentence(facts) for facts in step] for step in heat_facts_of_steps(plan, site)]
    if site.heat_pumps and not site.batteries:
        return ["; ".join(parts) for parts in heated]
    told = [sentence(facts) for facts in facts_of_steps(plan, site)]
    return ["; ".join([first, *parts]) for first, parts in zip(told, heated, strict=True)]
