"""The codes of refusals are a promise to programs: they are added to, and never changed."""

import importlib
import pkgutil

import bot
from bot.domain.errors import DomainError

CODES = [
    "answers_faulty", "bad_credit_code", "bad_data", "bad_input", "bad_roster", "bad_signature",
    "bad_statements", "bad_token", "binding_not_renewable", "binding_too_fresh", "bound_already",
    "case_incomplete", "case_not_eligible", "case_state", "certificate_state",
    "claim_without_papers", "code_refused", "commitment_state", "export_link_over",
    "export_not_ready", "fee_not_allowed", "foreign_origin", "idempotency_key_missing",
    "idempotency_key_reused", "in_progress", "invitation_over", "licence_quota",
    "licence_unavailable", "licence_unreadable", "login_adrift", "login_declined",
    "login_preview", "may_not_remove", "mini_program_unavailable", "needs_legal_representative",
    "needs_membership", "needs_two", "no_consent", "no_fee", "no_plaque", "no_signing_key",
    "not_decided", "not_found", "not_in_production", "not_signed_in", "not_yet_made",
    "other_data", "overtaken", "phone_not_on_roster", "plaque_ordered", "plaque_waits",
    "privacy_not_agreed", "rare_character", "refused", "search_too_short",
    "self_assessment_finished", "signing_key_over", "signing_link_over", "stale", "too_large",
    "too_many", "too_slow", "unavailable", "unprintable", "unreadable_file", "wechat_risk",
    "wrong_offset",
]  # fmt: skip


def subclasses(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind}.union(*(subclasses(below) for below in kind.__subclasses__()))


def ours() -> set[type[DomainError]]:
    for part in ("domain", "services", "handlers", "clients"):
        for module in pkgutil.walk_packages([f"{bot.__path__[0]}/{part}"], f"bot.{part}."):
            importlib.import_module(module.name)
    return {one for one in subclasses(DomainError) if one.__module__.startswith("bot.")}


def test_no_code_changes_and_a_new_one_is_written_down():
    assert sorted({one.code for one in ours()}) == sorted(CODES)
