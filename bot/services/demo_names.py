"""Invented enterprises: the same ones for the same seed, each by its number, as many as wanted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from bot.domain.credit_codes import ALPHABET, check_character

SEED = 2026
NATIONAL, SHANXI = "中国中小企业协会", "山西省中小企业发展促进会"
EVERY_THIRD = 3  # belongs to the association of Shanxi

# City and the code of its district, as a licence begins.
_NATIONAL_CITIES = (
    ("北京", "110108"), ("上海", "310115"), ("天津", "120116"), ("重庆", "500112"),
    ("石家庄", "130102"), ("沈阳", "210102"), ("大连", "210202"), ("长春", "220102"),
    ("哈尔滨", "230102"), ("南京", "320102"), ("无锡", "320205"), ("苏州", "320505"),
    ("杭州", "330106"), ("宁波", "330203"), ("合肥", "340104"), ("福州", "350102"),
    ("厦门", "350203"), ("南昌", "360102"), ("济南", "370102"), ("青岛", "370202"),
    ("郑州", "410102"), ("武汉", "420106"), ("长沙", "430102"), ("广州", "440106"),
    ("深圳", "440305"), ("东莞", "441900"), ("成都", "510107"), ("贵阳", "520102"),
    ("昆明", "530102"), ("西安", "610113"),
)  # fmt: skip
_SHANXI_CITIES = (
    ("太原", "140105"), ("大同", "140213"), ("阳泉", "140302"), ("长治", "140403"),
    ("晋城", "140502"), ("朔州", "140602"), ("晋中", "140702"), ("运城", "140802"),
    ("忻州", "140902"), ("临汾", "141002"), ("吕梁", "141102"),
)  # fmt: skip
_FIRST = "恒瑞晟鼎润昊宏泽启盛嘉铭卓睿锦隆沐凯弘远博雅汇拓诺景旭朗晨迈信合臻勤捷毅蓝禾康逸"
_SECOND = "达源丰泰通和川成岳峰原海邦诚益腾辉创航宇图业林森驰宁安程华翔固坤赢旺昌顺科力平"
# What it does, and its division of GB/T 4754.
_TRADES = (
    ("精密机械", "C34"), ("新材料", "C30"), ("食品", "C14"), ("医疗器械", "C35"),
    ("电子科技", "C39"), ("节能环保科技", "N77"), ("信息技术", "I65"), ("建筑装饰工程", "E50"),
    ("物流", "G54"), ("农业科技", "A05"), ("纺织", "C17"), ("包装印刷", "C23"),
    ("塑料制品", "C29"), ("金属制品", "C33"), ("商贸", "F51"), ("生物医药", "C27"),
    ("汽车零部件", "C36"), ("家具", "C21"), ("餐饮管理", "H62"), ("工程检测", "M74"),
)  # fmt: skip
_FORMS = ("有限公司", "有限责任公司", "股份有限公司")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "伟芳娜敏静强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉建国志文斌宇浩婷雪波宁慧鹏辉"
_STREETS = ("人民路", "建设街", "创业大道", "科技园路", "解放路", "工业园三路", "迎宾大道")
_STEP = 1_299_709  # a prime: neighbours by number share nothing that can be seen
_ORGANISATION = (3, 7, 9, 10, 5, 8, 4, 2)  # the weights of GB 11714


@dataclass(frozen=True, slots=True)
class Invented:
    """One enterprise that never was."""

    number: int
    credit_code: str
    name: str
    association: str
    industry: str
    address: str
    legal_representative: str
    contact: str
    phone: str
    founded_on: date
    staff: int
    revenue_fen: int
    assets_fen: int
    level: str
    since: date
    until: date
    status: str
    quality: int  # 0 to 99: how its records look
    random: Random


def association_of(number: int) -> str:
    return SHANXI if number % EVERY_THIRD == EVERY_THIRD - 1 else NATIONAL


def invented(numbers: Iterable[int], *, today: date, seed: int = SEED) -> Iterator[Invented]:
    """The enterprises of these numbers; the seed says which, the day only how old they are."""
    for number in numbers:
        yield _one(number, today, Random(f"{seed}:{number}"))  # noqa: S311  # nothing secret


def _one(number: int, today: date, random: Random) -> Invented:
    association = association_of(number)
    cities = _SHANXI_CITIES if association == SHANXI else _NATIONAL_CITIES
    city, brand, trade, form = _parts(number, len(cities))
    town, district = cities[city]
    activity, industry = _TRADES[trade]
    staff = min(int(random.lognormvariate(3.4, 1.1)) + 2, 900)
    revenue = staff * random.randrange(150_000, 900_000) // 10_000 * 10_000
    since, until = _membership(today, random)
    return Invented(
        number=number,
        credit_code=_code(number, district),
        name=f"{town}{brand}{activity}{form}",
        association=association,
        industry=industry,
        address=f"{town}市{random.choice(_STREETS)}{random.randrange(1, 300)}号",
        legal_representative=_person(random),
        contact=_person(random),
        phone=f"100{10_000_000 + number:08d}",  # as the simulated phones: from no real range
        founded_on=today - timedelta(random.randrange(200, 9_500)),
        staff=staff,
        revenue_fen=revenue * 100,
        assets_fen=int(revenue * random.choice((6, 8, 11, 15))) * 10,
        level="理事会员" if random.random() < 0.15 else "会员",
        since=since,
        until=until,
        status=random.choices(("存续", "吊销"), (98, 2))[0],
        quality=min(99, max(0, int(random.gauss(58, 24)))),
        random=random,
    )


def _parts(number: int, cities: int) -> tuple[int, str, int, str]:
    """City, brand, trade and form: no two numbers below their product have all in common."""
    whole = cities * len(_FIRST) * len(_SECOND) * len(_TRADES) * len(_FORMS)
    place = number * _STEP % whole
    place, city = divmod(place, cities)
    place, trade = divmod(place, len(_TRADES))
    place, first = divmod(place, len(_FIRST))
    form, second = divmod(place, len(_SECOND))
    return city, _FIRST[first] + _SECOND[second], trade, _FORMS[form]


def _code(number: int, district: str) -> str:
    """91, the district, an organisation's code with its own check character, and that of all."""
    place, body = number * _STEP % 31**6, ""
    for _ in range(6):
        place, digit = divmod(place, 31)
        body += ALPHABET[digit]
    organisation = "MA" + body
    total = sum(
        int(one, 36) * weight for one, weight in zip(organisation, _ORGANISATION, strict=True)
    )
    check = "0123456789X0"[11 - total % 11]
    first = f"91{district}{organisation}{check}"
    return first + check_character(first)


def _person(random: Random) -> str:
    given = "".join(random.choices(_GIVEN, k=random.choice((1, 2, 2))))
    return random.choice(_SURNAMES) + given


def _membership(today: date, random: Random) -> tuple[date, date]:
    """Mostly this calendar year; one in twelve has lapsed."""
    year = today.year - (1 if random.random() < 0.08 else 0)
    return date(year - random.randrange(4), 1, 1), date(year, 12, 31)
