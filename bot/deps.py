"""Deps: everything the application is given from outside, and the typed keys it is found under."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import SystemRandom

from aiohttp import web

from bot.clients.hints import Hints
from bot.clients.jail import Jail
from bot.clients.limits import Limits
from bot.clients.patience import Patience
from bot.clients.signer import FileSigner, NoSigner, Signer
from bot.clients.storage import open_bucket, open_folder
from bot.clients.vault import Vault, read_keys
from bot.clients.wechat_account import Account, WeChatHttp
from bot.clients.wechat_crypto import Codec
from bot.clients.wechat_http import open_transport
from bot.config import Config
from bot.domain.printing import Printer
from bot.services.bookshelf import Bookshelf
from bot.services.cabinet import Cabinet
from bot.services.register import Register
from bot.services.sending import Accounts
from bot.services.signing_keys import Issuer
from bot.services.tokens import SharedTokens
from bot.services.verification import Verifier

Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Deps:
    config: Config
    clock: Callable[[], datetime]
    """Aware, in UTC."""
    hints: Hints
    limits: Limits = field(default_factory=Limits)
    """How often one address may log in; by itself it counts in this process."""
    patience: Patience = field(default_factory=Patience)
    """Holds the effects of callbacks that their senders no longer wait for."""
    vault: Vault = field(init=False)
    """Seals phone numbers and their like."""
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    """The WeChat accounts that may push to us, by their name in /hooks/wechat/{account}."""
    bookshelf: Bookshelf = field(default_factory=Bookshelf)
    """What the chat says and knows, in memory; empty in an application that does not chat."""
    accounts: Accounts | None = None
    """WeChat as we call it; None in an application that calls nobody."""
    verifier: Verifier = field(default_factory=lambda: Verifier(Register()))
    """Answers for certificates, from memory; one that knows none says that it cannot tell."""
    cabinet: Cabinet | None = None
    """Where files are kept; None in an application that has no place for them."""
    checks: Mapping[str, Check] = field(default_factory=dict)
    """What /readyz asks, by name; a check returns when all is well and raises when not."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "vault", open_vault(self.config))


@asynccontextmanager
async def open_cabinet(config: Config) -> AsyncIterator[Cabinet | None]:
    """Where files are kept; None for an application that has neither stores nor a folder.

    Open it after forking: the stores wait in threads of their own.
    """
    urls = (config.storage_url, config.storage_confidential_url)
    if config.state_dir is None and not all(urls):
        yield None
        return
    papers, confidential = (
        open_bucket(url.get_secret_value()) if url else open_folder(folder)
        for url, folder in zip(urls, _folders(config.state_dir or Path()), strict=True)
    )
    jail = Jail()
    keys = read_keys(config.file_keys.get_secret_value())
    try:
        # What it seals is opened by the row that holds it, so nothing is looked up by equality.
        yield Cabinet(papers, confidential, Vault(keys, next(iter(keys.values()))), jail)
    finally:
        await jail.close()


def _folders(state_dir: Path) -> tuple[Path, Path]:
    return state_dir / "files", state_dir / "files-confidential"


def open_issuer(config: Config) -> Issuer | None:
    """Who signs certificates, for the worker and for commands; None for an application that has no
    folder of its own."""
    if config.state_dir is None:
        return None
    return _issuer(config, FileSigner(certificate_keys(config), former=config.state_dir / "keys"))


def certificate_keys(config: Config) -> Path:
    """Where the private keys of certificates are; no web process opens it."""
    return config.certificate_keys_dir or (config.state_dir or Path()) / "certificate-keys"


def _issuer(config: Config, signer: Signer) -> Issuer:
    """What it signs besides certificates is everybody's who answers for them."""
    from bot.clients import fonts

    folder = config.state_dir or Path()
    return Issuer(
        signer,
        config.public_url,
        config.production,
        fonts.reader(folder),
        of_status=FileSigner(folder / "keys"),
    )


def open_press(config: Config, clock: Callable[[], datetime]) -> Printer | None:
    """What sets and signs documents: for a worker with a folder of its own and fonts; loaded late.

    In development an issuer without a key gets one; in production somebody makes it on purpose.
    """
    if config.state_dir is None:
        return None
    from bot.clients import fonts, seals
    from bot.clients.documents import Press

    try:
        where = fonts.folders(added=fonts.added_to(config.state_dir))
    except ModuleNotFoundError:  # neither npm's fonts nor those of PyPI: others print
        return None
    folder = config.state_dir / "seals"
    keys = seals.Keys(folder)

    def key_of(owner: str) -> seals.SealKey:
        held = any(key.owner == owner for key in seals.listed(folder))
        if not held and not config.production:
            seals.make(folder, owner=owner, now=clock())
        return keys.of(owner)

    return Press(where, key_of)


def open_vault(config: Config) -> Vault:
    keys = read_keys(config.vault_keys.get_secret_value())
    return Vault(keys, bytes.fromhex(config.vault_index_key.get_secret_value()))


@asynccontextmanager
async def open_verifier(
    config: Config, clock: Callable[[], datetime], database_url: str, *, keeps: bool = False
) -> AsyncIterator[Verifier]:
    """Who answers for certificates, from a register that follows the database at this address.

    It begins with what was kept on the disk; without an address it stays at that. `keeps`: whether
    this process makes the files of the register for all others; it believes none of them.
    """
    register = Register(
        bases=config.addresses,
        issuer=_issuer(config, NoSigner()) if config.state_dir else None,
        folder=config.state_dir,
        production=config.production,
        keeps=keeps,
    )
    if not keeps:
        register.restore()
    follows = (
        asyncio.create_task(register.keep_fresh(database_url, clock)) if database_url else None
    )
    try:
        if follows:
            await register.first_look(FIRST_LOOK_S)
        yield Verifier(register)
    finally:
        if follows:
            follows.cancel()
            await asyncio.wait({follows})
        register.close()


FIRST_LOOK_S = 3.0  # a new process takes no connection before, when it knows nothing yet

DEPS = web.AppKey("DEPS", Deps)
REQUEST_ID = web.RequestKey("REQUEST_ID", str)
# What the audience's proof found out about the asker; the type narrows with the first real actor.
ACTOR = web.RequestKey("ACTOR", object)


@asynccontextmanager
async def open_accounts(config: Config, clock: Callable[[], datetime]) -> AsyncIterator[Accounts]:
    """Both accounts on one pool of connections; asks nothing until it is used."""
    secrets = (
        (config.oa_appid, config.oa_secret),
        (config.mini_appid, config.mini_secret),
    )
    async with open_transport(config.wechat_apis) as transport:
        service, mini = (
            WeChatHttp(
                Account(appid, secret.get_secret_value(), config.mini_appid),
                transport,
                SharedTokens(),
                clock=clock,
                jitter=SystemRandom().random,
            )
            for appid, secret in secrets
        )
        try:
            yield Accounts(service, mini, config.template_id, config.public_url)
        finally:
            await service.close()
            await mini.close()
