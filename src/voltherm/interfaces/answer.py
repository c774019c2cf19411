"""A plan as the document that CLI and service answer with, its sentences included."""

from __future__ import annotations

from voltherm.adapters.documents.plan_answer import PlanAnswerDocument, plan_to_document
from voltherm.domain.plan import Plan
from voltherm.domain.site import Site
from voltherm.interfaces.sentences import facts_of_steps, sentence


def answer_document(plan: Plan, site: Site) -> PlanAnswerDocument:
    """Return the answer that tells ``plan`` of ``site``."""
    return plan_to_document(plan, site, [sentence(facts) for facts in facts_of_steps(plan, site)])
