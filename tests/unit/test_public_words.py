"""What everybody sees holds nothing that a member or a stranger wrote, because nobody checked it.

Whoever adds such a thing has it judged first (bot/services/content_checks.py) and says so here.
"""

from dataclasses import fields

from bot.services import graded
from bot.services.public_commitments import Line, Sheet


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def test_a_public_commitment_shows_our_text_and_facts_of_the_register():
    """`end_reason` is shown where staff have written it, and nowhere else."""
    register = {"id", "name", "credit_code", "published_at", "ended_at", "member_until"}
    ours = {"state", "text", "certificate", "document_sha256", "signed", "end_reason"}

    assert names(Sheet) == register | ours
    assert names(Line) == {"id", "name", "credit_code", "published_at"}


def test_a_public_grade_shows_facts_of_the_register():
    certificate = {"programme", "level", "valid_from", "valid_to"}

    assert names(graded.Line) == {"id", "name", "credit_code", "region"} | certificate
