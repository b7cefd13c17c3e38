"""The whole HTTP surface on one page: every route, and who it is for."""

from bot.handlers import assets, certificate_papers, openapi, pages, papers, probes
from bot.handlers.api import bindings as api_bindings
from bot.handlers.api import case_papers as api_case_papers
from bot.handlers.api import cases as api_cases
from bot.handlers.api import certificates as api_certificates
from bot.handlers.api import colleagues as api_colleagues
from bot.handlers.api import commitments as api_commitments
from bot.handlers.api import consents, js_sdk, session
from bot.handlers.api import enterprises as api_enterprises
from bot.handlers.api import files as api_files
from bot.handlers.api import own_data as api_own
from bot.handlers.api import self_assessments as api_self
from bot.handlers.api import self_results as api_results
from bot.handlers.audience import Audience
from bot.handlers.h5 import (
    binding,
    case_papers,
    cases,
    certificates,
    colleagues,
    commitment,
    commitment_seal,
    enterprise,
    login,
    me,
    notices,
    own_data,
    self_assessments,
    self_results,
    self_statements,
    signing_link,
)
from bot.handlers.h5 import consents as consents_page
from bot.handlers.h5 import papers as h5_papers
from bot.handlers.hooks import pictures, wechat
from bot.handlers.public import (
    batches,
    graded,
    lookups,
    published,
    reports,
    shelf,
    sitemap,
    verification,
)
from bot.handlers.public import commitments as public_pages
from bot.handlers.surface import Route

PUBLIC, PROVIDER = Audience.PUBLIC, Audience.PROVIDER
PERSON, MEMBER = Audience.PERSON, Audience.MEMBER

PROMISE = "/h5/e/{enterprise}/commitment"
API_PROMISE = "/api/enterprises/{enterprise}/commitment"
API_E = "/api/enterprises/{enterprise}"
API_TEAM = f"{API_E}/colleagues"
CASES = "/h5/e/{enterprise}/cases"
CASE = f"{CASES}/{{case}}"
PAPER = f"{CASE}/papers/{{material}}"
API_CASES = f"{API_E}/cases"
API_CASE = f"{API_CASES}/{{case}}"
API_PAPERS = f"{API_CASE}/papers"
HELD = "/h5/e/{enterprise}/certificates"
HELD_ONE = f"{HELD}/{{certificate}}"
API_HELD = f"{API_E}/certificates"
API_HELD_ONE = f"{API_HELD}/{{certificate}}"
SELF = "/h5/e/{enterprise}/self"
SELF_IN = f"{SELF}/{{scheme}}"
API_SELF = "/api/enterprises/{enterprise}/self-assessments"
API_SELF_IN = f"{API_SELF}/{{scheme}}"

API = "/api/enterprises/{enterprise}"
API_FILES = f"{API}/files"
API_UPLOAD = f"{API}/uploads/{{upload}}"

# fmt: off
ROUTES = (
    # people
    Route("GET", "/", pages.home, PUBLIC),
    Route("POST", "/care", pages.choose_care, PUBLIC),
    Route("GET", "/a/{name}", assets.serve, PUBLIC, quiet=True),
    # certificates, for everybody
    # counted, not traced
    Route("GET", "/v/{number}", verification.show, PUBLIC, quiet=True, at_hand=True),
    Route("GET", "/v", lookups.search, PUBLIC),
    Route("GET", "/certificates/keys.json", published.keys, PUBLIC),
    Route("GET", "/certificates/status.jwt", published.status_list, PUBLIC),
    Route("GET", "/certificates/offline", published.offline, PUBLIC),
    Route("GET", "/certificates/offline.js", published.offline_worker, PUBLIC),
    Route("GET", "/audit/head.json", published.audit_head, PUBLIC),
    Route("GET", "/certificates/report", reports.ask, PUBLIC),
    Route("POST", "/certificates/report", reports.take, PUBLIC),
    Route("POST", "/api/public/certificates:check", batches.check, PUBLIC, batches.CHECK),
    Route("GET", "/public", shelf.index, PUBLIC),
    Route("GET", "/public/about", shelf.about, PUBLIC),
    Route("GET", "/public/graded", graded.page, PUBLIC),
    Route("GET", "/public/methods", shelf.methods, PUBLIC),
    Route("GET", "/public/methods/{scheme}", shelf.method, PUBLIC),
    Route("GET", "/public/notices", shelf.notices, PUBLIC),
    Route("GET", "/public/prices", shelf.prices, PUBLIC),
    Route("GET", "/public/privacy", shelf.privacy, PUBLIC),
    Route("GET", "/api/public/graded", graded.listed, PUBLIC, graded.LIST),
    Route("GET", "/robots.txt", shelf.robots, PUBLIC),
    Route("GET", "/sitemap.xml", sitemap.index, PUBLIC),
    Route("GET", "/sitemap-pages.xml", sitemap.pages, PUBLIC),
    Route("GET", "/sitemap-commitments-{page}.xml", sitemap.commitments, PUBLIC),
    Route("GET", "/public/commitments", public_pages.page, PUBLIC),
    Route("GET", "/public/commitments/{commitment}", public_pages.one, PUBLIC),
    Route("GET", "/api/public/commitments", public_pages.listed, PUBLIC, public_pages.LIST),
    # members' pages
    Route("GET", "/h5/login", login.begin, PUBLIC),
    Route("GET", "/h5/login/return", login.finish, PUBLIC),
    Route("GET", "/h5/me", me.show, MEMBER),
    Route("POST", "/h5/logout", me.sign_out, PERSON),
    Route("GET", "/h5/agree", consents_page.ask, PERSON),
    Route("POST", "/h5/agree", consents_page.answer, PERSON),
    Route("GET", "/h5/consents", consents_page.show, PERSON),
    Route("POST", "/h5/consents", consents_page.choose, PERSON),
    Route("GET", "/h5/export", own_data.show, PERSON),
    Route("POST", "/h5/export", own_data.ask, PERSON),
    Route("POST", "/h5/exports/{export}/link", own_data.link, PERSON),
    Route("GET", "/h5/x/{token}", own_data.look, PUBLIC),
    Route("POST", "/h5/x/{token}", own_data.take, PUBLIC),
    Route("GET", "/h5/close-account", own_data.ask_closing, PERSON),
    Route("POST", "/h5/close-account", own_data.close, PERSON),
    Route("GET", "/h5/lost-phone", me.ask_lost, PERSON),
    Route("POST", "/h5/lost-phone", me.lose_phone, PERSON),
    Route("GET", "/h5/bind", binding.ask, MEMBER),
    Route("POST", "/h5/bind", binding.send, MEMBER),
    Route("GET", "/h5/bind/mini", binding.to_mini, MEMBER),
    Route("POST", "/h5/bind/licence", binding.read_licence, MEMBER),
    Route("GET", "/h5/claims/{claim}", binding.show, MEMBER),
    Route("POST", "/h5/claims/{claim}/papers", binding.hand_in, MEMBER),
    Route("POST", "/h5/claims/{claim}/withdraw", binding.withdraw, MEMBER),
    Route("GET", "/h5/invitations/{token}", colleagues.offer, MEMBER),
    Route("POST", "/h5/invitations/{token}", colleagues.accept, MEMBER),
    Route("GET", "/h5/e/{enterprise}", enterprise.show, MEMBER),
    Route("GET", "/h5/e/{enterprise}/details", enterprise.edit, MEMBER),
    Route("POST", "/h5/e/{enterprise}/details", enterprise.save, MEMBER),
    Route("GET", "/h5/e/{enterprise}/file", enterprise.read_file, MEMBER),
    Route("GET", "/h5/e/{enterprise}/notices", notices.show, MEMBER),
    Route("GET", "/h5/e/{enterprise}/export", own_data.show_enterprise, MEMBER),
    Route("POST", "/h5/e/{enterprise}/export", own_data.ask_enterprise, MEMBER),
    Route("POST", "/h5/e/{enterprise}/renew", enterprise.renew, MEMBER),
    Route("GET", "/h5/e/{enterprise}/leave", colleagues.ask_leaving, MEMBER),
    Route("POST", "/h5/e/{enterprise}/leave", colleagues.leave, MEMBER),
    Route("GET", "/h5/e/{enterprise}/colleagues", colleagues.show, MEMBER),
    Route("GET", "/h5/e/{enterprise}/colleagues/{binding}", colleagues.show_one, MEMBER),
    Route("POST", "/h5/e/{enterprise}/colleagues/{binding}/confirm", colleagues.confirm, MEMBER),
    Route("POST", "/h5/e/{enterprise}/colleagues/{binding}/remove", colleagues.remove, MEMBER),
    Route("POST", "/h5/e/{enterprise}/colleagues/{binding}/suspend", colleagues.suspend, MEMBER),
    Route("POST", "/h5/e/{enterprise}/invitations", colleagues.invite, MEMBER),
    Route("POST", "/h5/e/{enterprise}/invitations/{invitation}/revoke", colleagues.revoke, MEMBER),
    Route("GET", "/h5/e/{enterprise}/papers", h5_papers.show, MEMBER),
    Route("POST", "/h5/e/{enterprise}/papers", h5_papers.send, MEMBER),
    Route("GET", "/h5/files/{file}", papers.download, MEMBER),
    Route("GET", "/h5/files/{file}/pages/{page}", papers.view, MEMBER),
    Route("GET", PROMISE, commitment.show, MEMBER),
    Route("POST", PROMISE, commitment.begin, MEMBER),
    Route("GET", f"{PROMISE}/again", commitment.ask_again, MEMBER),
    Route("GET", f"{PROMISE}/sign", commitment.ask_signature, MEMBER),
    Route("POST", f"{PROMISE}/sign", commitment.sign, MEMBER),
    Route("POST", f"{PROMISE}/forward", commitment.forward, MEMBER),
    Route("GET", f"{PROMISE}/seal", commitment_seal.ask_seal, MEMBER),
    Route("POST", f"{PROMISE}/seal", commitment_seal.seal, MEMBER),
    Route("GET", f"{PROMISE}/letter", commitment_seal.ask_letter, MEMBER),
    Route("POST", f"{PROMISE}/letter", commitment_seal.letter, MEMBER),
    Route("GET", f"{PROMISE}/withdraw", commitment.ask_withdraw, MEMBER),
    Route("POST", f"{PROMISE}/withdraw", commitment.withdraw, MEMBER),
    Route("POST", f"{PROMISE}/abandon", commitment.abandon, MEMBER),
    Route("GET", f"{PROMISE}/letter.pdf", certificate_papers.letter, MEMBER),
    Route("GET", f"{PROMISE}/print.pdf", certificate_papers.draft, MEMBER),
    Route("GET", HELD, certificates.show_all, MEMBER),
    Route("GET", HELD_ONE, certificates.show, MEMBER),
    Route("GET", f"{HELD_ONE}/paper.pdf", certificate_papers.pdf, MEMBER),
    Route("GET", f"{HELD_ONE}/share.png", certificate_papers.picture, MEMBER),
    Route("GET", f"{HELD_ONE}/plaque", certificates.ask_plaque, MEMBER),
    Route("POST", f"{HELD_ONE}/plaque", certificates.order_plaque, MEMBER),
    Route("POST", f"{HELD_ONE}/plaque/cancel", certificates.cancel_plaque, MEMBER),
    Route("GET", "/h5/s/{token}", signing_link.ask, PUBLIC),
    Route("POST", "/h5/s/{token}", signing_link.sign, PUBLIC),
    Route("GET", CASES, cases.listed, MEMBER),
    Route("GET", f"{CASES}/new/{{programme}}", cases.ask, MEMBER),
    Route("POST", f"{CASES}/new/{{programme}}", cases.begin, MEMBER),
    Route("GET", CASE, cases.show, MEMBER),
    Route("GET", PAPER, case_papers.show, MEMBER),
    Route("POST", PAPER, case_papers.send, MEMBER),
    Route("POST", f"{PAPER}/remove", case_papers.remove, MEMBER),
    Route("POST", f"{PAPER}/reuse", case_papers.reuse, MEMBER),
    Route("GET", f"{CASE}/check", cases.check, MEMBER),
    Route("POST", f"{CASE}/submit", cases.submit, MEMBER),
    Route("GET", f"{CASE}/submitted", cases.submitted, MEMBER),
    Route("GET", f"{CASE}/withdraw", cases.ask_withdraw, MEMBER),
    Route("POST", f"{CASE}/withdraw", cases.withdraw, MEMBER),
    Route("GET", SELF, self_assessments.choose, MEMBER),
    Route("GET", SELF_IN, self_assessments.begin, MEMBER),
    Route("GET", f"{SELF_IN}/part/{{section}}", self_assessments.show, MEMBER),
    Route("POST", f"{SELF_IN}/part/{{section}}", self_assessments.save, MEMBER),
    Route("GET", f"{SELF_IN}/one/{{question}}", self_assessments.show_one, MEMBER),
    Route("POST", f"{SELF_IN}/one/{{question}}", self_assessments.save_one, MEMBER),
    Route("GET", f"{SELF_IN}/check", self_results.check, MEMBER),
    Route("POST", f"{SELF_IN}/finish", self_results.finish, MEMBER),
    Route("POST", f"{SELF_IN}/start-over", self_results.start_over, MEMBER),
    Route("GET", f"{SELF_IN}/statements", self_statements.show, MEMBER),
    Route("POST", f"{SELF_IN}/statements", self_statements.take, MEMBER),
    Route("GET", f"{SELF_IN}/template.xlsx", self_statements.excel, MEMBER),
    Route("GET", f"{SELF_IN}/results/{{assessment}}", self_results.result, MEMBER),
    # the API and its document
    Route("GET", "/api/docs", openapi.page, PUBLIC),
    Route("GET", "/api/openapi.json", openapi.document, PUBLIC),
    Route("GET", "/api/js-sdk", js_sdk.sign, PUBLIC, js_sdk.SIGN),
    # the mini-program
    Route("POST", "/api/session", session.create, PUBLIC, session.CREATE),
    Route("DELETE", "/api/session", session.end, PERSON, session.END),
    Route("DELETE", "/api/sessions", session.end_all, PERSON, session.END_ALL),
    Route("GET", "/api/me", session.show, PERSON, session.SHOW),
    Route("POST", "/api/phone", session.phone, MEMBER, session.PHONE),
    Route("GET", "/api/consents", consents.show, PERSON, consents.SHOW),
    Route("POST", "/api/consents", consents.give, PERSON, consents.GIVE),
    Route("DELETE", "/api/consents/{purpose}", consents.revoke, PERSON, consents.REVOKE),
    Route("GET", "/api/export", api_own.show, PERSON, api_own.SHOW),
    Route("POST", "/api/export", api_own.ask, PERSON, api_own.ASK),
    Route("GET", f"{API_E}/export", api_own.show_enterprise, MEMBER, api_own.SHOW_ENTERPRISE),
    Route("POST", f"{API_E}/export", api_own.ask_enterprise, MEMBER, api_own.ASK_ENTERPRISE),
    Route("POST", "/api/exports/{export}/link", api_own.link, PERSON, api_own.LINK),
    Route("GET", "/api/account/closing", api_own.consequences, PERSON, api_own.CONSEQUENCES),
    Route("POST", "/api/account/closing", api_own.close, PERSON, api_own.CLOSE),
    Route("GET", API_FILES, api_files.listed, MEMBER, api_files.LIST),
    Route("POST", API_FILES, api_files.hand_in, MEMBER, api_files.HAND_IN),
    Route("GET", f"{API}/file-openings", api_files.opened, MEMBER, api_files.OPENINGS),
    Route("GET", "/api/files/{file}", papers.download, MEMBER, api_files.OPEN),
    Route("GET", "/api/files/{file}/pages/{page}", papers.view, MEMBER, api_files.VIEW),
    Route("PUT", API_UPLOAD, api_files.begin, MEMBER, api_files.BEGIN),
    Route("GET", API_UPLOAD, api_files.progress, MEMBER, api_files.PROGRESS),
    Route("DELETE", API_UPLOAD, api_files.drop, MEMBER, api_files.DROP),
    Route("PUT", f"{API_UPLOAD}/parts/{{start}}", api_files.add, MEMBER, api_files.ADD),
    Route("POST", f"{API_UPLOAD}/finish", api_files.finish, MEMBER, api_files.FINISH),
    Route("GET", "/api/industries", api_enterprises.list_industries, PUBLIC,
          api_enterprises.INDUSTRIES),
    Route("GET", "/api/claims", api_bindings.listed, MEMBER, api_bindings.LIST),
    Route("POST", "/api/claims", api_bindings.ask, MEMBER, api_bindings.ASK),
    Route("POST", "/api/claims/phone", api_bindings.by_phone, MEMBER, api_bindings.BY_PHONE),
    Route("GET", "/api/claims/{claim}/papers", api_bindings.show_papers, MEMBER,
          api_bindings.PAPERS),
    Route("POST", "/api/claims/{claim}/papers", api_bindings.hand_in, MEMBER,
          api_bindings.HAND_IN),
    Route("POST", "/api/licence", api_bindings.read_licence, MEMBER, api_bindings.READ),
    Route("DELETE", "/api/claims/{claim}", api_bindings.withdraw, MEMBER, api_bindings.WITHDRAW),
    Route("POST", "/api/lost-phone", api_bindings.lose_phone, PERSON, api_bindings.LOST),
    Route("GET", "/api/invitations/{token}", api_colleagues.offer, MEMBER, api_colleagues.OFFER),
    Route("POST", "/api/invitations/{token}", api_colleagues.accept, MEMBER,
          api_colleagues.ACCEPT),
    Route("GET", "/api/enterprises", api_enterprises.listed, MEMBER, api_enterprises.LIST),
    Route("GET", API_E, api_enterprises.show, MEMBER, api_enterprises.SHOW),
    Route("POST", f"{API_E}/details", api_enterprises.describe, MEMBER, api_enterprises.DESCRIBE),
    Route("GET", f"{API_E}/file", api_enterprises.read_file, MEMBER, api_enterprises.READ),
    Route("POST", f"{API_E}/renew", api_enterprises.renew, MEMBER, api_enterprises.RENEW),
    Route("POST", f"{API_E}/leave", api_enterprises.leave, MEMBER, api_enterprises.LEAVE),
    Route("GET", API_TEAM, api_colleagues.listed, MEMBER, api_colleagues.LIST),
    Route("POST", f"{API_TEAM}/{{binding}}/confirm", api_colleagues.confirm, MEMBER,
          api_colleagues.CONFIRM),
    Route("POST", f"{API_TEAM}/{{binding}}/remove", api_colleagues.remove, MEMBER,
          api_colleagues.REMOVE),
    Route("POST", f"{API_TEAM}/{{binding}}/suspend", api_colleagues.suspend, MEMBER,
          api_colleagues.SUSPEND),
    Route("POST", f"{API_E}/invitations", api_colleagues.invite, MEMBER, api_colleagues.INVITE),
    Route("DELETE", f"{API_E}/invitations/{{invitation}}", api_colleagues.revoke, MEMBER,
          api_colleagues.REVOKE),
    Route("GET", API_PROMISE, api_commitments.show, MEMBER, api_commitments.SHOW),
    Route("POST", API_PROMISE, api_commitments.begin, MEMBER, api_commitments.BEGIN),
    Route("POST", f"{API_PROMISE}/signature", api_commitments.sign, MEMBER, api_commitments.SIGN),
    Route("POST", f"{API_PROMISE}/link", api_commitments.forward, MEMBER, api_commitments.FORWARD),
    Route("POST", f"{API_PROMISE}/papers", api_commitments.put, MEMBER, api_commitments.PUT),
    Route("POST", f"{API_PROMISE}/abandonment", api_commitments.abandon, MEMBER,
          api_commitments.ABANDON),
    Route("POST", f"{API_PROMISE}/withdrawal", api_commitments.withdraw, MEMBER,
          api_commitments.WITHDRAW),
    Route("GET", API_CASES, api_cases.listed, MEMBER, api_cases.LIST),
    Route("POST", API_CASES, api_cases.begin, MEMBER, api_cases.BEGIN),
    Route("GET", API_CASE, api_cases.show, MEMBER, api_cases.SHOW),
    Route("POST", API_PAPERS, api_case_papers.add, MEMBER, api_case_papers.ADD),
    Route("GET", f"{API_CASE}/reusable/{{material}}", api_case_papers.reusable, MEMBER,
          api_case_papers.REUSABLE),
    Route("POST", f"{API_PAPERS}/reuse", api_case_papers.reuse, MEMBER, api_case_papers.REUSE),
    Route("DELETE", f"{API_PAPERS}/{{paper}}", api_case_papers.remove, MEMBER,
          api_case_papers.REMOVE),
    Route("POST", f"{API_CASE}/submit", api_cases.submit, MEMBER, api_cases.SUBMIT),
    Route("POST", f"{API_CASE}/withdraw", api_cases.withdraw, MEMBER, api_cases.WITHDRAW),
    Route("GET", API_HELD, api_certificates.listed, MEMBER, api_certificates.LIST),
    Route("GET", API_HELD_ONE, api_certificates.show, MEMBER, api_certificates.SHOW),
    Route("GET", f"{API_HELD_ONE}/pdf", certificate_papers.pdf, MEMBER, api_certificates.PDF),
    Route("GET", f"{API_HELD_ONE}/picture", certificate_papers.picture, MEMBER,
          api_certificates.PICTURE),
    Route("POST", f"{API_HELD_ONE}/plaque", api_certificates.order_plaque, MEMBER,
          api_certificates.ORDER),
    Route("DELETE", f"{API_HELD_ONE}/plaque", api_certificates.cancel_plaque, MEMBER,
          api_certificates.CANCEL),
    Route("GET", f"{API_E}/commitment/letter", certificate_papers.letter, MEMBER,
          api_certificates.LETTER),
    Route("GET", f"{API_E}/commitment/draft", certificate_papers.draft, MEMBER,
          api_certificates.DRAFT),
    Route("GET", API_SELF, api_self.listed, MEMBER, api_self.LIST),
    Route("GET", API_SELF_IN, api_self.show, MEMBER, api_self.SHOW),
    Route("POST", f"{API_SELF_IN}/answers", api_self.answer, MEMBER, api_self.ANSWER),
    Route("DELETE", f"{API_SELF_IN}/answers", api_self.start_over, MEMBER, api_self.START_OVER),
    Route("POST", f"{API_SELF_IN}/results", api_self.finish, MEMBER, api_self.FINISH),
    Route("GET", f"{API_SELF_IN}/results", api_results.history, MEMBER, api_results.HISTORY),
    Route("GET", f"{API_SELF_IN}/results/{{assessment}}", api_results.show, MEMBER,
          api_results.SHOW),
    # other systems
    Route("GET", "/hooks/wechat/{account}", wechat.verify, PROVIDER),
    Route("POST", "/hooks/wechat/{account}", wechat.receive, PROVIDER),
    Route("GET", "/hooks/pictures/{ticket}", pictures.fetch, PROVIDER),
    # machines that watch over us
    Route("GET", "/healthz", probes.alive, PUBLIC, probes.ALIVE, quiet=True),
    Route("GET", "/readyz", probes.ready, PUBLIC, probes.READY, quiet=True),
)
# fmt: on
