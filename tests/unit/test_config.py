"""Settings: read once, all faults at once, and nothing unsafe in front of real people."""

from pathlib import Path

import pytest

from bot.config import (
    PREFIX,
    SANDBOX_AES_KEY,
    SANDBOX_APPID,
    SANDBOX_AUDIT_KEYS,
    SANDBOX_FILE_KEYS,
    SANDBOX_INDEX_KEY,
    SANDBOX_MINI_AES_KEY,
    SANDBOX_MINI_APPID,
    SANDBOX_MINI_SECRET,
    SANDBOX_MINI_TOKEN,
    SANDBOX_SECRET,
    SANDBOX_TOKEN,
    SANDBOX_VAULT_KEYS,
    BadConfigError,
    Config,
)

EXAMPLE = Path(__file__).parents[2] / "deploy" / "env.example"
SAFE = {
    "CREDIT_MODE": "production",
    "CREDIT_SANDBOX": "false",
    "CREDIT_PUBLIC_URL": "https://credit.example.cn",
    "CREDIT_DATABASE_URL": "postgres://credit:Zk3-long-and-own@db/credit",
    "CREDIT_REDIS_URL": "redis://:Xp9-long-and-own@cache:6379/0",
    "CREDIT_OA_APPID": "wx0123456789abcdef",
    "CREDIT_OA_SECRET": "0123456789abcdef0123456789abcdef",
    "CREDIT_OA_TOKEN": "ownToken",
    "CREDIT_OA_AES_KEY": "q" * 43,
    "CREDIT_MINI_APPID": "wxfedcba9876543210",
    "CREDIT_MINI_SECRET": "fedcba9876543210fedcba9876543210",
    "CREDIT_MINI_TOKEN": "ownMiniToken",
    "CREDIT_MINI_AES_KEY": "m" * 43,
    "CREDIT_VAULT_KEYS": "k2:" + "ab" * 32 + ",k1:" + "cd" * 32,
    "CREDIT_VAULT_INDEX_KEY": "ef" * 32,
    "CREDIT_AUDIT_KEYS": "a1:" + "12" * 32,
    "CREDIT_FILE_KEYS": "f1:" + "34" * 32,
    "CREDIT_STORAGE_URL": "https://id:own-secret@store.example.cn/papers?region=bj",
    "CREDIT_STORAGE_CONFIDENTIAL_URL": "https://id2:own@vault.example.cn:9000/sealed",
}


def faults(**more: str) -> list[str]:
    """The names of the settings that are refused."""
    given = SAFE | {f"{PREFIX}{name.upper()}": value for name, value in more.items()}
    try:
        Config.read(given)
    except BadConfigError as error:
        return [problem.split(":")[0].removeprefix(PREFIX).lower() for problem in error.problems]
    return []


def test_the_defaults_run_on_the_embedded_servers_with_the_sandbox():
    config = Config.read({})

    assert (config.sandbox, config.database_url, config.redis_url) == (True, None, None)
    assert config.public_url == "http://127.0.0.1:8080"
    assert config.wechat_apis == ("http://127.0.0.1:8090",)


def test_a_safe_production_starts_and_talks_to_wechat_itself():
    config = Config.read(SAFE)

    assert config.production
    assert config.addresses == (SAFE["CREDIT_PUBLIC_URL"],)
    assert config.wechat_apis == ("https://api.weixin.qq.com", "https://api2.weixin.qq.com")


UNSAFE = [
    ("sandbox", "true"),
    ("oa_secret", SANDBOX_SECRET),
    ("oa_token", SANDBOX_TOKEN),
    ("oa_aes_key", SANDBOX_AES_KEY),
    ("oa_previous_aes_key", SANDBOX_AES_KEY),
    ("vault_keys", SANDBOX_VAULT_KEYS),
    ("vault_keys", f"k2:{'ab' * 32},{SANDBOX_VAULT_KEYS}"),
    ("vault_keys", ""),
    ("vault_keys", "k1:" + "ab" * 31),
    ("vault_keys", f"k1:{'ab' * 32},k1:{'cd' * 32}"),
    ("audit_keys", SANDBOX_AUDIT_KEYS),
    ("audit_keys", ""),
    ("file_keys", SANDBOX_FILE_KEYS),
    ("file_keys", ""),
    ("file_keys", "f1:" + "12" * 32),
    ("storage_url", ""),
    ("storage_url", "http://id:own-secret@store.example.cn/papers"),
    ("storage_url", "https://store.example.cn/papers"),
    ("storage_confidential_url", ""),
    ("storage_confidential_url", "https://id:own-secret@store.example.cn/papers?region=bj"),
    ("audit_keys", "a1:" + "ab" * 32),
    ("vault_index_key", SANDBOX_INDEX_KEY),
    ("vault_index_key", ""),
    ("vault_index_key", "ab" * 32),
    ("oa_appid", SANDBOX_APPID),
    ("mini_appid", SANDBOX_MINI_APPID),
    ("mini_appid", SANDBOX_APPID),
    ("mini_secret", SANDBOX_MINI_SECRET),
    ("mini_token", SANDBOX_MINI_TOKEN),
    ("mini_token", ""),
    ("mini_aes_key", SANDBOX_MINI_AES_KEY),
    ("mini_aes_key", "short"),
    ("mini_previous_aes_key", SANDBOX_AES_KEY),
    ("mini_appid", ""),
    ("mini_secret", ""),
    ("wechat_templates", "certificate_expires.template"),
    ("oa_appid", ""),
    ("oa_secret", ""),
    ("oa_token", ""),
    ("oa_aes_key", ""),
    ("public_url", "http://credit.example.cn"),
    ("former_urls", "https://old.example.cn/"),
    ("wechat_api_url", "http://api.weixin.qq.com"),
    ("wechat_api_second_url", "http://api2.weixin.qq.com"),
    ("database_url", ""),
    ("database_url", "postgres://credit@db/credit"),
    ("database_url", "postgres://credit:postgres@db/credit"),
    ("database_owner_url", "postgres://owner@db/credit"),
    ("database_owner_url", "postgres://owner:postgres@db/credit"),
    ("redis_url", ""),
    ("redis_url", "redis://cache:6379/0"),
    ("redis_url", "redis://:redis@cache:6379/0"),
]


@pytest.mark.parametrize(("name", "value"), UNSAFE)
def test_production_refuses_each_unsafe_setting_and_names_it(name, value):
    assert faults(**{name: value}) == [name]


def test_each_process_has_metrics_of_its_own():
    config = Config.read({"CREDIT_METRICS_PORT": "9100", "CREDIT_WEB_PROCESSES": "2"})

    ports = [port for name, port in config.ports() if name == "METRICS_PORT"]

    assert ports == [9100, 9101, config.worker_metrics_port, config.register_metrics_port]
    assert len(set(ports)) == 4


def test_the_former_addresses_come_after_the_one_of_today():
    moved = SAFE | {"CREDIT_FORMER_URLS": "https://b.cn, http://a.cn:8080"}

    assert Config.read(moved).addresses == (
        "https://credit.example.cn", "https://b.cn", "http://a.cn:8080",
    )  # fmt: skip


def test_every_fault_is_told_at_once_and_no_value_is_repeated():
    with pytest.raises(BadConfigError) as caught:
        Config.read(
            SAFE
            | {
                "CREDIT_WEB_PORT": "eighty",
                "CREDIT_WEB_PORTS": "80",
                "CREDIT_OA_SECRET": "",
                "CREDIT_REDIS_URL": "redis://:123456@cache",
            }
        )

    text = str(caught.value)
    named = {problem.split(":")[0] for problem in caught.value.problems}
    assert named == {
        "CREDIT_WEB_PORT",
        "CREDIT_WEB_PORTS",
        "CREDIT_OA_SECRET",
        "CREDIT_REDIS_URL",
    }
    assert not any(value in text for value in ("eighty", "123456"))


def test_a_secret_does_not_show_when_the_settings_are_printed():
    assert SAFE["CREDIT_OA_SECRET"] not in repr(Config.read(SAFE))
    assert "Zk3-long-and-own" not in repr(Config.read(SAFE))


def test_the_example_lists_every_setting_with_its_meaning():
    lines = EXAMPLE.read_text().splitlines()
    listed = {
        line.split("=")[0]: lines[number - 1].removeprefix("# ")
        for number, line in enumerate(lines)
        if line.startswith(PREFIX)
    }

    assert listed == {
        f"{PREFIX}{name.upper()}": field.description for name, field in Config.model_fields.items()
    }


def test_the_example_as_it_stands_is_refused_until_its_secrets_are_filled_in():
    given = dict(
        line.split("=", 1) for line in EXAMPLE.read_text().splitlines() if line.startswith(PREFIX)
    )

    with pytest.raises(BadConfigError) as caught:
        Config.read(given)

    assert {problem.split(":")[0] for problem in caught.value.problems} == {
        f"{PREFIX}{name}"
        for name in (
            "OA_APPID",
            "OA_SECRET",
            "OA_TOKEN",
            "OA_AES_KEY",
            "MINI_APPID",
            "MINI_SECRET",
            "MINI_TOKEN",
            "MINI_AES_KEY",
            "DATABASE_URL",
            "REDIS_URL",
            "VAULT_KEYS",
            "VAULT_INDEX_KEY",
            "AUDIT_KEYS",
            "FILE_KEYS",
            "STORAGE_URL",
            "STORAGE_CONFIDENTIAL_URL",
        )
    }


def test_a_template_is_found_by_its_message_and_channel():
    given = "case_moved.template=TM1, case_moved.mini=TM2"
    config = Config.read(SAFE | {"CREDIT_WECHAT_TEMPLATES": given})

    assert [
        config.template_id("case_moved", channel)
        for channel in ("template", "mini", "subscription")
    ] == ["TM1", "TM2", ""]
    assert Config.read({}).template_id("case_moved", "mini") == "case_moved"
