"""The photo of a licence: taken once, it fills in the form and then proves the claim."""

import asyncio
import tempfile
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.wechat import WeChat
from bot.domain.actors import Member
from bot.domain.files import LIMITS, FileTooLarge, Unreadable
from bot.domain.licences import Licence
from bot.services import claim_papers, licences
from bot.services.cabinet import Cabinet, Drawer
from bot.services.files import Spooled
from models import LicencePhoto
from models.ids import new_id

LIVES = timedelta(days=1)
"""Who has not sent the claim by then takes another photo; the object is swept."""


async def take(
    upload: Spooled, *, actor: Member, now: datetime, cabinet: Cabinet, wechat: WeChat | None
) -> Licence:
    """Keep a photo for the claim that is being filled in, and read it for the form.

    It is kept also when nobody can read it just now; only what the jail refuses is not.
    """
    picture = await licences.legible(upload.file, jail=cabinet.jail)
    await keep(upload, actor=actor, now=now, cabinet=cabinet)
    return await licences.read(picture, wechat=wechat, actor=actor, now=now)


async def keep(upload: Spooled, *, actor: Member, now: datetime, cabinet: Cabinet) -> None:
    """Keep a photo as it came, sealed; it takes the place of an earlier one."""
    if upload.size > LIMITS.file_bytes:
        raise FileTooLarge
    photo = LicencePhoto(id=new_id(now), user_id=actor.user_id, name=upload.name, taken_at=now)
    photo.size, photo.key = upload.size, cabinet.new_key(photo.id, actor.user_id)
    upload.file.seek(0)
    data = await asyncio.to_thread(upload.file.read)
    await cabinet.drawer(photo.id, actor.user_id, photo.key).put(photo.id, data)
    async with in_transaction():
        await LicencePhoto.filter(user_id=actor.user_id).delete()
        await photo.save(force_create=True)


async def waits(actor: Member, *, now: datetime) -> bool:
    """Whether a photo is here for the claim that the person is filling in."""
    return await _waiting(actor, now=now) is not None


async def hand_over(binding_id: UUID, *, actor: Member, now: datetime, cabinet: Cabinet) -> None:
    """Make the photo the licence of the claim, if one waits; what the jail refuses is dropped."""
    photo = await _waiting(actor, now=now)
    if photo is None:
        return
    drawer = cabinet.drawer(photo.id, actor.user_id, photo.key)
    with tempfile.TemporaryFile(buffering=0) as file:
        await asyncio.to_thread(file.write, await drawer.get(photo.id))
        upload = Spooled(file, photo.name, photo.size)
        try:
            await claim_papers.keep(
                binding_id, "licence", upload, actor=actor, now=now, cabinet=cabinet
            )
        except Unreadable:
            await _drop(photo, drawer)
            raise
    await _drop(photo, drawer)


async def _drop(photo: LicencePhoto, drawer: Drawer) -> None:
    await photo.delete()
    await drawer.drop([photo.id])


async def _waiting(actor: Member, *, now: datetime) -> LicencePhoto | None:
    return await LicencePhoto.get_or_none(user_id=actor.user_id, taken_at__gt=now - LIVES)
