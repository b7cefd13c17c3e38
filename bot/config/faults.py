"""What may be wrong with settings that are each well formed: sentences with the variable's name."""

import re
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.config.public_keys import (
    KEYS,
    SANDBOX_APPIDS,
    SANDBOX_AUDIT_KEYS,
    SANDBOX_FILE_KEYS,
    SANDBOX_INDEX_KEY,
    SANDBOX_KEYS,
    SANDBOX_VAULT_KEYS,
)
from bot.config.rules import key_faults, lines, password_of, store_faults

if TYPE_CHECKING:
    from bot.config import Config

PREFIX = "CREDIT_"
WEAK_PASSWORDS = frozenset({"", "postgres", "password", "admin", "credit", "redis", "123456"})

_ADDRESS = re.compile(r"https?://[\w.-]+(:\d{1,5})?(/[\w./-]*[\w-])?", re.ASCII)


def everywhere(config: "Config") -> list[str]:
    """What is wrong in any mode."""
    problems = []
    for name in (name for name in KEYS if name.endswith("aes_key")):
        key: SecretStr | None = getattr(config, name)
        if key is not None and not re.fullmatch(r"[A-Za-z0-9]{43}", key.get_secret_value()):
            problems.append(f"{PREFIX}{name.upper()}: 须为 43 个字母或数字")
    problems.extend(
        f"{PREFIX}{name.upper()}: 不能为空"
        for name in ("oa_secret", "oa_token", "mini_secret", "mini_token")
        if not getattr(config, name).get_secret_value()
    )
    problems.extend(
        f"{PREFIX}{name.upper()}: 不能为空"
        for name in ("oa_appid", "mini_appid")
        if not getattr(config, name)
    )
    problems += [*_key_faults(config), *_store_faults(config)]
    if any("=" not in line for line in lines(config.wechat_templates)):
        problems.append(f"{PREFIX}WECHAT_TEMPLATES: 每一项须为 消息.渠道=编号，用逗号分开")
    if not _ADDRESS.fullmatch(config.public_url):
        problems.append(f"{PREFIX}PUBLIC_URL: 须以 http:// 或 https:// 开头，结尾不带斜线")
    if not all(_ADDRESS.fullmatch(url) for url in lines(config.former_urls)):
        problems.append(
            f"{PREFIX}FORMER_URLS: 每一项须以 http:// 或 https:// 开头，结尾不带斜线，用逗号分开"
        )
    return problems


def _key_faults(config: "Config") -> list[str]:
    lists = ("vault_keys", "audit_keys", "file_keys")
    given = {name: getattr(config, name).get_secret_value() for name in lists}
    found = key_faults(given, ("vault_index_key", config.vault_index_key.get_secret_value()))
    return [f"{PREFIX}{name.upper()}: {say}" for name, say in found]


_PUBLIC_KEYS = (
    ("vault_keys", SANDBOX_VAULT_KEYS),
    ("vault_index_key", SANDBOX_INDEX_KEY),
    ("audit_keys", SANDBOX_AUDIT_KEYS),
    ("file_keys", SANDBOX_FILE_KEYS),
)


def _store_faults(config: "Config") -> list[str]:
    names = ("storage_url", "storage_confidential_url")
    given = {
        name: url.get_secret_value() if (url := getattr(config, name)) else "" for name in names
    }
    found = store_faults(given, production=config.production)
    return [f"{PREFIX}{name.upper()}: {say}" for name, say in found]


def in_production(config: "Config") -> list[str]:
    """What would be unsafe in front of real people."""
    problems = []
    if config.sandbox:
        problems.append(f"{PREFIX}SANDBOX: 生产环境必须为 false")
    problems.extend(
        f"{PREFIX}{name.upper()}: 这是公开的测试密钥，生产环境请换成自己的"
        for name in KEYS
        if (value := getattr(config, name)) and value.get_secret_value() in SANDBOX_KEYS
    )
    problems.extend(
        f"{PREFIX}{name.upper()}: 这是公开的测试密钥，生产环境请换成自己的"
        for name, public in _PUBLIC_KEYS
        if public.rpartition(":")[2] in getattr(config, name).get_secret_value()
    )
    problems.extend(
        f"{PREFIX}{name.upper()}: 这是模拟微信的账号，请填自己的 AppID"
        for name in ("oa_appid", "mini_appid")
        if getattr(config, name) in SANDBOX_APPIDS
    )
    problems.extend(
        f"{PREFIX}{name.upper()}: 生产环境须以 https:// 开头"
        for name in ("public_url", "wechat_api_url", "wechat_api_second_url", "wechat_page_url")
        if not (getattr(config, name) or "https://").startswith("https://")
    )
    for name in ("database_url", "database_owner_url", "redis_url"):
        url: SecretStr | None = getattr(config, name)
        if url is None:
            if name != "database_owner_url":  # without it the other account does its work
                problems.append(f"{PREFIX}{name.upper()}: 生产环境必须填写")
        elif (password_of(url.get_secret_value()) or "") in WEAK_PASSWORDS:
            problems.append(f"{PREFIX}{name.upper()}: 密码为空或是常见密码，请换一个")
    return problems
