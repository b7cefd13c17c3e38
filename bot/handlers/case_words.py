"""What pages and the API say about programmes and cases, from the programmes' own data."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from bot.domain.case_papers import HINTS, LABELS, PaperState
from bot.domain.cases import EDITABLE, ENDED, TURNS, State, left
from bot.domain.dates import in_words
from bot.domain.workdays import BEIJING
from bot.scoring.programme import Price, Programme
from bot.services.case_materials import LICENCE
from bot.services.case_views import Case, Document, Summary
from bot.services.cases import Offer

# Of a step: what happens, and who does it. Where the requirements give days, they stand there.
FLOW: Mapping[str, tuple[str, str, int | None]] = MappingProxyType(
    {
        "intake": ("检查材料是否齐全", "协会受理人员", TURNS[State.SUBMITTED].working_days),
        "pay": ("缴费", "您的企业", None),
        "verify": ("核实材料和事实", "协会核实人员", TURNS[State.VERIFYING].working_days),
        "score": ("按公共信用记录计分", "自动计算", None),
        "mark": ("评价小组打分", "评价小组，不少于 {team} 人", None),
        "report": ("写出评价报告", "评价小组，不少于 {team} 人", 2),
        "committee": ("评价委员会审议", "评价委员会，不少于 {committee} 人", 2),
        "candidate_notice": ("公示候选名单", "协会", None),
        "result_notice": ("公布评价结果", "协会", None),
        "award": ("颁发证书", "协会", None),
    }
)
NOTICES = frozenset({"candidate_notice", "result_notice"})
DECIDES: Mapping[str, str] = MappingProxyType(
    {
        "signature": "法定代表人签署并公开即完成，不评等级",
        "score": "公共信用记录的得分决定等级；评价委员会只能确认或退回，不能提高",
        "committee": "评价委员会投票决定，须过半数同意",
    }
)
UPGRADES: Mapping[str, str] = MappingProxyType(
    {
        "none": "没有等级，不涉及升级",
        "any_time": "有效期内随时可以申请升级",
        "next_intake": "下次申报时可以重新评定",
    }
)
TAGS: Mapping[State, str] = MappingProxyType(
    {
        State.DRAFT: "doing",
        State.SUBMITTED: "waiting",
        State.RETURNED: "fix",
        State.ACCEPTED: "doing",
        State.AWAITING_PAYMENT: "due",
        State.VERIFYING: "doing",
        State.REJECTED: "failed",
        State.WITHDRAWN: "ended",
    }
)
PAPER_TAGS: Mapping[PaperState, str] = MappingProxyType(
    {
        PaperState.MISSING: "todo",
        PaperState.UPLOADED: "done",
        PaperState.ACCEPTED: "ok",
        PaperState.RETURNED: "fix",
    }
)


def day(at: datetime) -> date:
    return at.astimezone(BEIJING).date()


def short_price(offer: Offer) -> str:
    """For a list: what it costs today."""
    if offer.programme.fee.mode == "off":
        return "暂不收费"
    return f"{offer.price.fen // 100} 元" if offer.price else "免费"


def price(offer: Offer) -> str:
    """What it costs, what that includes, and what it means that charging is not open."""
    programme, listed = offer.programme, _list_price(offer.programme)
    if programme.fee.mode == "never":
        return "免费，不收取任何费用。"
    if programme.fee.mode == "off":
        if listed is None:
            return "现在不收费。"
        return (
            f"现在不收费。价目表为 {_yuan(listed)}，但收费还没有开放："
            "协会写明法律依据之前，不会向您收取任何费用，申报照常办理。"
        )
    if offer.price is None:
        return "您是会员企业，免费。"
    return f"{_yuan(offer.price)}，受理后、核实前支付。"


def owed(case: Summary) -> str:
    """What this case costs, once it was handed in."""
    if not case.owed_fen:
        return "不收费"
    return f"{case.owed_fen // 100} 元，受理后、核实前支付"


def _list_price(programme: Programme) -> Price | None:
    return next((one for one in programme.fee.prices if one.fen), None)


def _yuan(one: Price) -> str:
    plus = f"，含{one.membership}资格 {one.membership_years} 年" if one.membership else ""
    return f"{one.fen // 100} 元{plus}"


def validity(programme: Programme) -> str:
    review = "，每年年审一次" if programme.annual_review else ""
    years = programme.certificate.valid_years
    return f"证书有效 {years} 年{review}；{UPGRADES[programme.upgrade]}。"


def steps(programme: Programme) -> list[tuple[str, str, str]]:
    """Each step in order: what happens, who does it, how long it takes."""
    rows = []
    for name in programme.flow.steps:
        if name not in FLOW or (name == "pay" and programme.fee.mode != "on"):
            continue
        what, who, days = FLOW[name]
        if name in NOTICES:
            days = programme.notice.working_days
        people = who.format(
            team=programme.flow.team_at_least, committee=programme.flow.committee_at_least
        )
        rows.append((what, people, f"{days} 个工作日" if days else ""))
    return rows


def line(case: Summary) -> str:
    """One line: which step, whose turn, by when."""
    turn = TURNS.get(case.state)
    if turn is None:
        return f"{case.state.label}，{in_words(day(case.moved_at))}结束"
    due = f"，{in_words(case.due_on)}前" if case.due_on else ""
    return f"{case.state.label}，{turn.owner}{due}"


def act(case: Case, base: str, today: date) -> tuple[str, str] | None:
    """The one thing to do now, named after the act and its deadline; None: it is not their turn."""
    head = case.head
    if head.state in ENDED:
        return "重新申报", f"/h5/e/{head.enterprise_id}/cases/new/{head.programme.id}"
    if head.state not in EDITABLE:
        return None
    rest = left(head.due_on, today)
    due = f"（{rest}）" if rest else ""
    if not case.open:
        return f"核对并提交{due}", f"{base}/check"
    first = f"{base}/papers/{case.open[0].rule.id}"
    if head.state is State.RETURNED:
        return f"去补正材料{due}", first
    return f"去准备材料（还差 {len(case.open)} 项）", first


def tasks(case: Case, base: str) -> list[dict[str, object]]:
    """The documents as a task list: state in words, why, and where to."""
    editable = case.head.state in EDITABLE
    rows: list[dict[str, object]] = []
    first = next(iter(case.open), None) if editable else None
    for one in case.documents:
        row: dict[str, object] = {"title": one.rule.name, **_tag(one), "note": note(one)}
        if editable or one.papers:
            row["href"] = f"{base}/papers/{one.rule.id}"
        if one is first:
            row["current"] = True
        rows.append(row)
    return rows


def _tag(one: Document) -> dict[str, object]:
    if one.state is PaperState.MISSING and not one.rule.required:
        return {"status": "optional"}
    if one.fault:
        return {"status": "fix", "words": "已过期"}
    if one.short and one.state is not PaperState.RETURNED:
        return {"status": "fix", "words": "还差年度"}
    return {"status": PAPER_TAGS[one.state], "words": LABELS[one.state]}


def checks(one: Document) -> str:
    """What is looked at by itself, and what only a person looks at."""
    if one.rule.id == LICENCE:
        return "上传后自动检查清晰度、公章，核对企业名称和统一社会信用代码。"
    return "上传后自动检查照片的清晰度和公章；企业名称不能自动核对，由工作人员核对。"


def note(one: Document) -> str:
    """What there is to say about a document beside its state."""
    if said := one.reason or one.fault or one.short:
        return said
    doubts = sum(code not in HINTS for paper in one.papers for code in paper.findings)
    if doubts and one.state is PaperState.UPLOADED:
        return f"有 {doubts} 处请您看一下"
    return f"{len(one.papers)} 个文件" if len(one.papers) > 1 else ""


def history(case: Case) -> Sequence[dict[str, object]]:
    bad = {State.RETURNED: "warn", State.REJECTED: "bad"}
    return [
        {
            "when": in_words(day(one.at)),
            "title": f"{one.by}：{one.action.label}",
            "text": one.reason,
            "kind": bad.get(one.state, "good"),
        }
        for one in case.trail
    ]
