"""Every field that members have typed, by name, wherever it lies now; a double has another name."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping

from bot.clients.database import fetch
from bot.clients.vault import Vault
from bot.services import commitments
from models import (
    Assessment,
    Binding,
    CaseMaterial,
    CaseStep,
    Commitment,
    Consent,
    CreditCase,
    Draft,
    FileUpload,
    Identity,
    Invitation,
    Job,
    LicencePhoto,
    Registration,
    SelfAssessment,
    StoredFile,
    UploadPart,
    User,
)

Found = dict[str, object]
SAYS = ("state", "what", "became")  # what a message is about
READ = (
    Assessment, Binding, CaseMaterial, CaseStep, Commitment, Consent, CreditCase, Draft,
    FileUpload, Identity, Invitation, Job, LicencePhoto, Registration, SelfAssessment, StoredFile,
    UploadPart, User,
)  # fmt: skip


class Look:
    """Finds everything; reads it anew whenever one row is another than at the look before."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._rows, self._found = "", Found()

    async def __call__(self) -> Found:
        rows = await _digest_of_rows()
        if rows != self._rows:
            self._rows, self._found = rows, await everything(self._vault)
        return self._found


async def _digest_of_rows() -> str:
    """Of all that is read below, made by the database in one statement."""
    tables = " UNION ALL ".join(
        f"SELECT md5('{name} ' || t::text) AS row FROM \"{name}\" t"
        for name in (model._meta.db_table for model in READ)
    )
    [made] = await fetch(f"SELECT md5(string_agg(row, '' ORDER BY row)) AS rows FROM ({tables}) a")
    return made["rows"]


async def everything(vault: Vault) -> Found:
    found: Found = {}
    for part in (_people, _bindings, _firm, _promises, _answers, _files, _cases):
        found |= await part(vault)
    return found


class Names(Counter):
    """The first of its name, the second …"""

    def __call__(self, name: str) -> str:
        self[name] += 1
        return f"{name} {self[name]}"


def fields(name: str, given: Mapping[str, object]) -> Found:
    """What is empty is not there."""
    return {
        f"{name} {one}": value for one, value in given.items() if value not in (None, "", [], False)
    }


async def _people(_: Vault) -> Found:
    found: Found = {"people": await User.filter(joined_into_id=None).count()}
    names = Names()
    for one in await Identity.all():
        found[names(f"identity {one.openid}")] = one.unionid
    openids = await _openids()
    for one in await Consent.all().order_by("id"):
        name = names(f"consent {openids[one.user_id]} {one.purpose}")
        found |= {f"{name} version": one.version, f"{name} stands": one.revoked_at is None}
    for job in await Job.filter(kind="people.tell").order_by("id"):
        told = job.payload
        name = names(f"message {openids[told['user']]} {told['message']}")
        found[name] = next((told["values"][one] for one in SAYS if one in told["values"]), "")
    return found


async def _openids() -> dict[object, str]:
    """Of everybody in the account, by the user's id as it stands in rows and in messages."""
    known = await fetch(
        "SELECT i.user_id AS id, o.openid FROM identity i JOIN identity o ON o.unionid = i.unionid"
        " AND o.openid LIKE 'oSbx%'"
    )
    return {key: row["openid"] for row in known for key in (row["id"], str(row["id"]))}


async def _originals(ids: Iterable[object]) -> dict[object, str]:
    rows = await StoredFile.filter(id__in=[one for one in ids if one])
    return {row.id: row.original_sha256 for row in rows}


async def _bindings(vault: Vault) -> Found:
    found: Found = {}
    names, openids = Names(), await _openids()
    for one in await Binding.all().order_by("id"):
        papers = await _originals((one.licence_file, one.letter_file))
        sealed = one.phone_sealed
        given = {
            "role": one.role.value,
            "state": one.state.value,
            "person": one.person,
            "firm": one.name_given,
            "legal": one.legal_representative,
            "founded": one.founded_on and one.founded_on.isoformat(),
            "address": one.address,
            "phone": vault.open(sealed, context=f"binding:{one.id}:phone") if sealed else "",
            "licence": papers.get(one.licence_file),
            "letter": papers.get(one.letter_file),
            "older": one.older_files,
        }
        found |= fields(names(f"binding {openids[one.user_id]}"), given)
    for link in await Invitation.all().order_by("created_at"):
        state = "used" if link.used_at else "back" if link.revoked_at else "open"
        found |= {names(f"invitation {link.role.value}"): state}
    return found


async def _firm(_: Vault) -> Found:
    found: Found = {}
    names = Names()
    for one in await Registration.all().order_by("id"):
        found[names("firm version")] = one.source
        if one.superseded_at:
            continue
        given = {
            "legal": one.legal_representative,
            "status": one.status,
            "founded": one.founded_on and one.founded_on.isoformat(),
            "industry": one.industry,
            "staff": one.staff,
            "revenue": one.revenue_fen,
            "address": one.address,
        }
        found |= fields("firm", given)
    return found


async def _promises(vault: Vault) -> Found:
    found: Found = {}
    names = Names()
    for one in await Commitment.all().order_by("id"):
        seal = await _originals([one.seal_file])
        strokes = await commitments.strokes_of(one, vault)
        given = {
            "state": one.state.value,
            "legal": one.legal_representative,
            "strokes": repr(strokes) if strokes else "",
            "seal": seal.get(one.seal_file),
            "reason": one.end_reason,
        }
        found |= fields(names("commitment"), given)
    return found


async def _answers(_: Vault) -> Found:
    """Those of a result stand where those of the draft stood."""
    found: Found = {}
    names = Names()
    for draft in await Draft.all():
        for name, entry in draft.entries.items():
            found[f"{draft.kind} {name}"] = json.loads(entry["value"])
    results = await fetch(
        "SELECT a.scheme, s.answers FROM self_assessment s JOIN assessment a"
        " ON a.id = s.assessment_id ORDER BY s.id"
    )
    for row in results:
        answers = json.loads(row["answers"])
        found[names(f"result {row['scheme']}")] = len(answers)
        found |= {f"self:{row['scheme']} {name}": one for name, one in answers.items()}
    return found


async def _files(_: Vault) -> Found:
    names = Names()
    found: Found = {names("photo that waits"): one.name for one in await LicencePhoto.all()}
    for one in await StoredFile.filter(erased_at=None):
        found[names(f"file {one.original_sha256}")] = (one.kind, one.name)
    for upload in await FileUpload.all().prefetch_related("parts"):
        originals = await _originals([upload.file_id])
        given = {"kind": upload.kind, "name": upload.name, "size": upload.size}
        given |= {f"part {part.start}": part.size for part in upload.parts}
        found |= fields(f"upload {upload.id}", given | {"file": originals.get(upload.file_id)})
    return found


async def _cases(_: Vault) -> Found:
    found: Found = {}
    names = Names()
    for one in await CreditCase.all().order_by("id"):
        case = names("case")
        given = {
            "programme": one.programme,
            "kinds": one.kinds,
            "state": one.state.value,
            "numbered": one.number is not None,
        }
        found |= fields(case, given)
        for step in await CaseStep.filter(case_id=one.id).order_by("turn"):
            found[f"{case} step {step.turn}"] = (step.action.value, step.reason)
        for paper in await CaseMaterial.filter(case_id=one.id).prefetch_related("file"):
            name = f"{case} {paper.material} {paper.file.original_sha256}"
            found[names(name)] = (paper.dated_on and paper.dated_on.isoformat(), paper.version)
    return found
