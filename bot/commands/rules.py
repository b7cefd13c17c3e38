"""`python -m bot rules …`: score a file of facts, run the cases, show, check and compare rules."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.context import current
from bot.commands.rules_text import comparison_lines, explanation_lines, pack_lines, table
from bot.domain.errors import DomainError
from bot.domain.workdays import BEIJING
from bot.scoring.canonical import canonical
from bot.scoring.cases import read_cases, run_case
from bot.scoring.diff import compare
from bot.scoring.engine import score as score_facts
from bot.scoring.explain import explain
from bot.scoring.facts import BASES, Facts
from bot.scoring.facts_reader import read_facts
from bot.scoring.library import (
    PACKS,
    PROGRAMMES,
    pack_path,
    shipped_cases,
    shipped_pack,
    shipped_programmes,
    shipped_wording,
    versions,
)
from bot.scoring.lint import Finding, check_pack, load_pack
from bot.scoring.pack import Pack
from bot.scoring.pack_reader import read_pack
from bot.scoring.programme_lint import check_programme
from bot.scoring.programme_reader import read_programme
from bot.scoring.questions_reader import read_questionnaire
from bot.scoring.reading import BadData, parse_toml

LEAST_CASES = 40

rules = typer.Typer(help="评分规则：计分、例子、查看、检查、比较。", no_args_is_help=True)

Scheme = Annotated[str, typer.Option(help="评价体系的编号，见 rules list")]
Version = Annotated[int | None, typer.Option(help="版本，默认最新")]
AsOf = Annotated[str, typer.Option(help="评价日，例如 2026-03-01")]


@rules.command()
def score(
    scheme: Scheme,
    facts: Annotated[Path, typer.Option(help="企业事实文件（.toml 或 .json）")],
    as_of: AsOf,
    version: Version = None,
    basis: Annotated[str | None, typer.Option(help="self 自评，verified 核实评价")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,  # noqa: FBT002
) -> None:
    """给一家企业计分，并说明为什么。"""
    with told():
        pack = shipped_pack(scheme, version)
        found = read_facts(pack, file_text(facts), str(facts))
        if basis is not None:
            found = found.on_basis(known_basis(basis))
        result = score_facts(pack, found, day(as_of))
        explained = explain(result, shipped_wording())
        if as_json:
            whole = result.as_dict() | {"explanation": explained.as_dict()}
            typer.echo(canonical(whole).decode())
        else:
            say(explanation_lines(explained))


@rules.command()
def cases(scheme: Annotated[str | None, typer.Option(help="只算这一个体系")] = None) -> None:
    """把评分包旁边的例子逐条重算。"""
    wrong = 0
    with told():
        if scheme is not None:
            pack_path(scheme)  # a scheme that does not exist is said so, not passed over
        for name, numbers in versions().items():
            for number in numbers if scheme in (None, name) else []:
                wrong += _run_cases(name, number)
    raise typer.Exit(1 if wrong else 0)


def _run_cases(name: str, number: int) -> int:
    pack, found = shipped_pack(name, number), shipped_cases(name, number)
    problems = [(case.name, text) for case in found for text in run_case(pack, case)]
    say(f"✗ {name} 第 {number} 版：{case}：{text}" for case, text in problems)
    right = len(found) - len({case for case, _ in problems})
    typer.echo(f"{name} 第 {number} 版：{len(found)} 个例子，{right} 个一致")
    return len(problems)


@rules.command("list")
def list_all() -> None:
    """列出评分包和评价项目。"""
    with told():
        packs = [shipped_pack(name, n) for name, numbers in versions().items() for n in numbers]
        rows = [(p.id, str(p.version), p.name, p.document, p.hash[:12]) for p in packs]
        say(table(("评分包", "版本", "名称", "依据", "SHA-256"), rows))
        typer.echo("")
        programmes = [
            (p.id, p.name, p.issuer, p.scheme or "无", p.fee.mode) for p in shipped_programmes()
        ]
        say(table(("项目", "名称", "发布单位", "评分包", "收费"), programmes))


@rules.command()
def show(scheme: Annotated[str, typer.Argument(help="评价体系")], version: Version = None) -> None:
    """把一个评分包写成人能读的样子。"""
    with told():
        say(pack_lines(shipped_pack(scheme, version), shipped_wording()))


@rules.command()
def lint(path: Annotated[Path | None, typer.Argument(help="文件或目录，默认全部")] = None) -> None:
    """检查评分包、例子和评价项目。"""
    with told():
        files = _files([path] if path else [PACKS, PROGRAMMES])
        if not files:
            raise BadData(str(path), "", "这里没有评分包或评价项目的 .toml 文件")
    problems = [problem for file in files for problem in _problems(file)]
    say(problems)
    typer.echo(f"检查了 {len(files)} 个文件，{len(problems)} 处问题")
    raise typer.Exit(1 if problems else 0)


def _files(paths: Iterable[Path]) -> list[Path]:
    found = [f for path in paths for f in ([path] if path.is_file() else path.rglob("*.toml"))]
    beside = (".cases.toml", ".questions.toml")  # checked with the pack that they stand beside
    return sorted(file for file in found if not file.name.endswith(beside))


def _problems(file: Path) -> list[str]:
    """One sentence for each defect; a file that cannot be read is one defect."""
    try:
        text = file_text(file)
        if "flow" in parse_toml(text, str(file)):
            return [str(finding) for finding in _programme_findings(text, str(file))]
        pack = read_pack(text, str(file))
        findings = [str(finding) for finding in check_pack(pack)]
        if not findings:
            findings = _question_problems(pack, file.with_suffix(".questions.toml"))
        return findings or _case_problems(pack, file.with_suffix(".cases.toml"))
    except BadData as error:
        return [str(error)]


def _programme_findings(text: str, file: str) -> list[Finding]:
    programme = read_programme(text, file)
    known = programme.scheme in versions()
    pack = shipped_pack(programme.scheme) if programme.scheme and known else None
    return check_programme(programme, pack)


def _case_problems(pack: Pack, file: Path) -> list[str]:
    if not file.is_file():
        return [f"{file}：缺少例子文件"]
    found = read_cases(pack, file_text(file), str(file))
    if len(found) < LEAST_CASES:
        return [f"{file}：只有 {len(found)} 个例子，至少要 {LEAST_CASES} 个"]
    return [f"{file}：{case.name}：{text}" for case in found for text in run_case(pack, case)]


def _question_problems(pack: Pack, file: Path) -> list[str]:
    """The questions may be missing: the facts are then asked for by their names."""
    if file.is_file():
        read_questionnaire(pack, file_text(file), str(file))
    return []


@rules.command()
def diff(  # what the command line says
    ctx: typer.Context,
    old: Annotated[Path, typer.Argument(help="原评分包")],
    new: Annotated[Path, typer.Argument(help="新评分包")],
    as_of: Annotated[str | None, typer.Option(help="评价日，默认今天")] = None,
    facts: Annotated[Path | None, typer.Option(help="企业事实文件的目录")] = None,
    database: Annotated[bool, typer.Option("--database", help="用数据库里的全部企业")] = False,  # noqa: FBT002
) -> None:
    """看换用新版本以后，谁的等级会变，为什么。"""
    with told():
        before, after = (load_pack(file_text(path), str(path)) for path in (old, new))
        if database == (facts is not None):
            raise BadData("rules diff", "", "请写明 --facts 目录 或 --database 中的一个")
        on = _today(ctx) if as_of is None else day(as_of)
        if facts is None:
            from bot.commands.rules_database import diff_lines

            say(diff_lines(current(ctx), before, after, on))
        else:
            files = _facts_files(facts)
            subjects = [(f.stem, _facts(before, f), _facts(after, f)) for f in files]
            say(comparison_lines(compare(before, after, subjects, on)))


def _today(ctx: typer.Context) -> date:
    return current(ctx).clock().astimezone(BEIJING).date()


def _facts_files(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.glob("*") if f.suffix in {".toml", ".json"})
    if not files:
        raise BadData(str(folder), "", "这里没有企业事实文件（.toml 或 .json）")
    return files


def _facts(pack: Pack, file: Path) -> Facts | BadData:
    try:
        return read_facts(pack, file_text(file), file.name)
    except BadData as error:
        return error


def file_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # Notepad puts a mark in front
    except UnicodeDecodeError as error:
        raise BadData(str(path), "", "不是 UTF-8 编码的文本") from error
    except OSError as error:
        raise BadData(str(path), "", "打不开这个文件") from error


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadData("--as-of", text, "不是日期，例如 2026-03-01") from error


def known_basis(basis: str) -> str:
    if basis not in BASES:
        raise BadData("--basis", basis, f"应当是 {' 或 '.join(BASES)}")
    return basis


def say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


@contextmanager
def told() -> Iterator[None]:
    """A refusal is one sentence on the error channel, never a traceback."""
    try:
        yield
    except DomainError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
