"""Programmes as certificates need them: by name, and which levels may stand on one."""

from datetime import date

from bot.domain.errors import BadInput, NotFound
from bot.scoring.library import shipped_pack, shipped_programmes
from bot.scoring.programme import Programme
from bot.services import schemes


def find_programme(name: str) -> Programme:
    for programme in shipped_programmes():
        if programme.id == name:
            return programme
    names = "、".join(programme.id for programme in shipped_programmes())
    raise NotFound(f"没有这个项目；有：{names}。")


async def check_level(programme: Programme, level: str | None, on: date) -> str:
    """The level as it is printed, "" where there are none; never a mark that is no level then."""
    if programme.scheme is None:
        if level:
            raise BadInput("这个项目不评等级，请不要填写等级。", field="level")
        return ""
    pack = await schemes.pack_on(programme.scheme, on)
    grades = [grade.name for grade in pack.grades if grade.graded]
    if level not in grades:
        raise BadInput(f"等级不对，可以是：{'、'.join(grades)}。", field="level")
    return level


def meaning(programme: Programme, level: str) -> str:
    """What a level says, in the words of the standard; "" for a programme without levels.

    From the files, not from what is published: it is asked for while the database may be down.
    """
    if programme.scheme is None:
        return ""
    grades = shipped_pack(programme.scheme).grades
    return next((grade.meaning for grade in grades if grade.name == level), "")
