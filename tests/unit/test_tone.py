"""How we speak: the rules of tone, each over every word that a member can receive from us."""

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

import bot
from bot.domain import bindings, cases, certificates, commitments
from bot.domain.certificates import REASON_WORDS
from bot.domain.knowledge import fill
from bot.handlers.wechat.knowledge import shipped
from bot.handlers.wechat.words import WORDS
from bot.scoring.library import questionnaire, shipped_pack, versions
from bot.services.messages import MESSAGES

CODE = Path(bot.__file__).parent
KNOWN = {"AAA", "AA", "A", "B", "C", "D", "M", "PDF", "HEIC", "OFD"}  # grades, kinds of files
JARGON = (
    "系统", "接口", "密钥", "字段", "参数", "数据库", "服务器", "后台", "缓存", "令牌", "校验",
    "采信", "登录态", "报错", "请问", "亲，", "哦", "呢。",
)  # fmt: skip
REFUSES = re.compile(
    r"没有(?!等您|改动)|还没|不能|查不|打不开|看不懂|没看懂|没听清|太多|查无|不是我们|不在|没有人看"
)
GOES_ON = re.compile(
    r"请|点这里|致电|发“|打字|\$link|\{url\}|\$site|\d{3}-\d{8}|\w+：\$(link|bind|home)"
)
# Put into other texts, or a line of a list to choose from: what to do next stands around them.
PIECES = re.compile(
    r"part_|dialogue_example|unbind_(no|yes)$|assess_(no_score|look|all|one|place)$"
)
# The code that words an answer of the chat by itself: prompts, faults, refusals, days, steps.
SPEAKING = (
    "domain/cases.py", "domain/dates.py", "domain/dialogues.py", "domain/errors.py",
    "domain/workdays.py", "handlers/case_words.py", "scoring/answers.py", "scoring/asks.py",
    "scoring/typed.py", "services/bindings.py", "services/colleagues.py", "services/drafts.py",
    "services/self_answers.py", "services/self_assessments.py",
)  # fmt: skip
CHINESE = re.compile(r"[\u3400-\u9fff]")
# What people type stands in this module, and it is the only one that may hold such words.
TYPED = "answers.py"
_ADDRESS = re.compile(r"(https?://|www\.)[\w./?=-]+|\$site[\w./?=-]*")
_PLACE = re.compile(r"\$\w+|\{\w+\}")


def constants(tree: ast.AST) -> Iterator[ast.Constant]:
    """Texts in code, without docstrings."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node


def chat() -> Iterator[tuple[str, str]]:
    yield from WORDS.items()
    for entry in shipped.press().print(shipped.texts()).entries.values():
        yield f"knowledge/{entry.id}", fill(entry.answer, {})


def messages() -> Iterator[tuple[str, str]]:
    for name, one in MESSAGES.items():
        yield name, one.words
        yield f"{name}.about", one.about
        for channel, keywords in one.keywords.items():
            for keyword in keywords:
                yield f"{name}.{channel}.{keyword.name}", keyword.text


def labels() -> Iterator[tuple[str, str]]:
    """The words that are filled in, and the questions that are offered."""
    for table in (certificates.WORDS, REASON_WORDS):
        yield from ((str(key), words) for key, words in table.items())
    for kind in (cases.State, commitments.State, bindings.State, bindings.Role, bindings.How):
        yield from ((str(one), one.label) for one in kind)
    for entry in shipped.entries():
        yield f"question/{entry.id}", entry.question


def in_code() -> Iterator[tuple[str, str]]:
    """What the chat says though no file of words holds it, and no pattern of what it reads."""
    for name in SPEAKING:
        for node in constants(ast.parse((CODE / name).read_text())):
            if CHINESE.search(node.value) and "\\" not in node.value:
                yield f"{name}:{node.lineno}", node.value


def asked() -> Iterator[tuple[str, str]]:
    """The questions of every self-assessment, with what may be answered and what is said then."""
    for scheme in versions():
        for question in questionnaire(shipped_pack(scheme)):
            said = (question.text, question.none, question.example, question.unit, question.wrong)
            for text in (*said, *(option.label for option in question.options)):
                yield f"{scheme}/{question.id}: {text}", text


def everything() -> Iterator[tuple[str, str]]:
    return chain(chat(), messages(), labels(), in_code(), asked())


def whole_ones() -> Iterator[tuple[str, str]]:
    return (
        (name, text)
        for name, text in chain(chat(), messages())
        if "." not in name and not PIECES.match(name)
    )


def said_to_a_friend(text: str) -> bool:
    return "你" in text.replace("你好", "")


def in_latin_letters(text: str) -> bool:
    plain = _PLACE.sub("", _ADDRESS.sub("", text))
    return not set(re.findall(r"[A-Za-z]+", plain)) <= KNOWN


def in_code_words(text: str) -> bool:
    return any(word in text for word in JARGON)


def ends_with_a_refusal(text: str) -> bool:
    """It refuses, and its end does not say what to do next."""
    first, *rest = [line for line in text.splitlines() if line]
    return bool(REFUSES.search(first)) and not GOES_ON.search("\n".join([first, *rest][-2:]))


RULES = [
    ("we say 您, never 你", said_to_a_friend, everything),
    ("no letters but those that everybody knows", in_latin_letters, everything),
    ("no code words", in_code_words, everything),
    ("a refusal ends with what to do next", ends_with_a_refusal, whole_ones),
]


@pytest.mark.parametrize(("rule", "broken", "texts"), RULES, ids=[rule for rule, *_ in RULES])
def test_every_word_that_a_member_receives_keeps_the_rules_of_tone(rule, broken, texts):
    assert {name: text for name, text in texts() if broken(text)} == {}, rule


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        (said_to_a_friend, "你好，你要查什么？"),
        (in_latin_letters, "请看 APP 里的 PDF"),
        (in_code_words, "系统没有这个字段"),
        (ends_with_a_refusal, "没有查到。\n\n就是这样。"),
    ],
)
def test_each_rule_finds_what_breaks_it(broken, text):
    assert broken(text)


def test_no_reply_of_the_chat_stands_in_code():
    folder = CODE / "handlers" / "wechat"
    found = [
        f"{file.name}:{node.lineno}: {node.value}"
        for file in sorted(folder.glob("*.py"))
        if file.name != TYPED
        for node in constants(ast.parse(file.read_text()))
        if CHINESE.search(node.value)
    ]

    assert found == []
