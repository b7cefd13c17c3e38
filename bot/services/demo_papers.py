"""Papers of the demonstration: drawn here, readable, sealed in red; each says what it is."""

from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from io import BytesIO
from math import cos, pi, sin

from PIL import Image, ImageDraw, ImageFont

from bot.clients import fonts
from bot.domain.dates import in_words
from bot.services.demo_names import Invented

A4 = (827, 1170)  # 100 to the inch
SEAL = 640
RED, INK, GREY = "#c8283c", "#1b1b1b", "#767676"
OFFICE = "演示市场登记机关"
INVENTED = "演示材料，内容全部虚构"
_TEXTS = {
    "application": ("我单位自愿申请本项评价，所填内容和所附材料真实、完整。",),
    "tax_status": ("纳税人资格：增值税一般纳税人", "纳税信用等级：A", "近三年没有欠税记录"),
    "tax_grade": ("纳税信用等级：A", "评价年度：上一年度"),
    "tax_certificate": ("所属期内税款已全部缴清，没有欠税。",),
    "capital": ("各股东认缴的出资已全部实缴到位，经核对银行进账单无误。",),
    "statements": ("资产总额、负债总额、所有者权益三项核对相符。", "主营业务收入和净利润见附表。"),
    "financial_statements": ("资产总额、负债总额、所有者权益三项核对相符。",),
    "premises": ("租赁期限五年，用途为生产和办公。",),
    "management_rules": ("质量、财务、用工、安全四项制度已经执行，每季度检查一次。",),
    "credit_report": ("贷款全部按期偿还，没有逾期和欠息。",),
    "bank_letter": ("该单位在我行的结算和贷款记录良好，没有逾期。",),
    "labour": ("全体职工签订合同并参保，工资按月足额发放。",),
    "membership_form": ("我单位承认章程，按时履行会员义务。",),
    "representative_resume": ("从事本行业十五年，没有被列入失信名单。",),
    "representative_id": ("身份证件复印件，证件号码在演示中不填写。",),
    "production_licence": ("许可范围：与营业执照的经营范围一致。",),
    "letter_of_authority": ("兹委托本单位职工办理信用服务的申报、签收和查询。",),
    "commitment_letter": ("我单位承诺依法经营、诚实守信，并同意公开本承诺。",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paper:
    """A file as somebody would choose it on their phone."""

    name: str
    data: bytes


def seal(company: str) -> Paper:
    """The company's own seal on white, as it is photographed for a commitment."""
    page = Image.new("RGB", (SEAL, SEAL), "white")
    _stamp(page, company, middle=(SEAL // 2, SEAL // 2), radius=SEAL * 2 // 5)
    return _jpeg("公章", page)


def licence(one: Invented, *, title: str = "营业执照") -> Paper:
    """A business licence, with the seal of an office that never was."""
    page = Image.new("RGB", (A4[1], A4[0]), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((24, 24, page.width - 24, page.height - 24), outline="#b8924a", width=6)
    draw.text((page.width // 2, 110), title, INK, _font(64), anchor="mm")
    lines = (
        ("统一社会信用代码", one.credit_code), ("名称", one.name),
        ("法定代表人", one.legal_representative), ("成立日期", in_words(one.founded_on)),
        ("住所", one.address), ("登记状态", one.status),
    )  # fmt: skip
    for place, (what, words) in enumerate(lines):
        draw.text((90, 210 + place * 70), what, GREY, _font(24))
        draw.text((330, 206 + place * 70), words, INK, _font(28))
    _stamp(page, OFFICE, middle=(page.width - 220, page.height - 210), radius=100)
    _foot(page)
    return _jpeg(title, page)


def sheet(
    material: str, title: str, one: Invented, *, on: date, note: str = "", pdf: bool = False
) -> Paper:
    """A page about an enterprise with its seal, photographed or as a PDF."""
    page = Image.new("RGB", A4, "white")
    draw = ImageDraw.Draw(page)
    draw.text((A4[0] // 2, 130), title, INK, _font(36), anchor="mm")
    lines = (one.name, f"统一社会信用代码：{one.credit_code}", *_TEXTS.get(material, ()), note)
    for place, words in enumerate(filter(None, lines)):
        draw.text((90, 240 + place * 60), words, INK, _font(24))
    draw.text((A4[0] - 90, 940), in_words(on), INK, _font(24), anchor="rm")
    _stamp(page, one.name, middle=(A4[0] - 210, 880), radius=95)
    _foot(page)
    return _pdf(title, page) if pdf else _jpeg(title, page)


def _stamp(page: Image.Image, words: str, *, middle: tuple[int, int], radius: int) -> None:
    """A round seal in red ink."""
    ink = _ink(words, radius)
    page.paste(RED, (middle[0] - ink.width // 2, middle[1] - ink.height // 2), ink)


@lru_cache(maxsize=64)  # a company seals a score of papers, and each character costs a millisecond
def _ink(words: str, radius: int) -> Image.Image:
    """Where a seal leaves ink: a ring, a star, and the words along the upper arc."""
    middle = radius + 1  # what is drawn round it includes both of its ends
    ink = Image.new("L", (2 * middle, 2 * middle))
    draw = ImageDraw.Draw(ink)
    ring = (1, 1, middle + radius, middle + radius)
    draw.ellipse(ring, outline=255, width=max(radius // 18, 3))
    draw.polygon(_star(middle, middle, radius * 0.3), fill=255)
    size = int(min(radius * 0.28, radius * 3.3 / len(words)))
    opening = min(1.5 * pi, len(words) * 0.4)
    for place, char in enumerate(words):
        angle = (place / max(len(words) - 1, 1) - 0.5) * opening
        tile = Image.new("L", (2 * size, 2 * size))
        ImageDraw.Draw(tile).text((size, size), char, 255, _font(size), anchor="mm")
        turned = tile.rotate(-angle * 180 / pi, resample=Image.Resampling.BICUBIC)
        at = (
            int(middle + sin(angle) * radius * 0.76) - size,
            int(middle - cos(angle) * radius * 0.76) - size,
        )
        ink.paste(255, at, turned)
    return ink


def _star(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    return [
        (x + sin(turn * pi / 5) * long, y - cos(turn * pi / 5) * long)
        for turn in range(10)
        for long in ((radius, radius * 0.382)[turn % 2],)
    ]


def _foot(page: Image.Image) -> None:
    draw = ImageDraw.Draw(page)
    draw.text((page.width // 2, page.height - 50), INVENTED, GREY, _font(18), anchor="mm")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(fonts.face(fonts.folders()), size)


def _jpeg(name: str, page: Image.Image) -> Paper:
    out = BytesIO()
    page.save(out, "JPEG", quality=80)
    return Paper(f"{name}.jpg", out.getvalue())


def _pdf(name: str, page: Image.Image) -> Paper:
    """Without the time of its making, so that the same page is the same file."""
    out = BytesIO()
    page.save(out, "PDF", resolution=100, creationDate=None, modDate=None)
    return Paper(f"{name}.pdf", out.getvalue())
