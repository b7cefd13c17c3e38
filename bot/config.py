"""Every setting: one frozen object, read once from CREDIT_* variables; all faults together."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

PREFIX = "CREDIT_"

# The simulated account of the sandbox. These keys are public: production refuses every one of them.
SANDBOX_APPID = "wx5a4d0b0c0ffee001"
SANDBOX_SECRET = "sandbox-secret-of-the-service-account"  # noqa: S105  # public by design, see above
SANDBOX_TOKEN = "sandboxtoken"  # noqa: S105  # public by design, see above
SANDBOX_AES_KEY = "SandboxSandboxSandboxSandboxSandboxSandbox0"
SANDBOX_MINI_APPID = "wx5a4d0b0c0ffee002"
SANDBOX_MINI_SECRET = "sandbox-secret-of-the-mini-program"  # noqa: S105  # public by design, see above
SANDBOX_KEYS = frozenset({SANDBOX_SECRET, SANDBOX_TOKEN, SANDBOX_AES_KEY, SANDBOX_MINI_SECRET})
SANDBOX_APPIDS = frozenset({SANDBOX_APPID, SANDBOX_MINI_APPID})

WECHAT_API = "https://api.weixin.qq.com"
WECHAT_PAGE = "https://open.weixin.qq.com"
WECHAT_API_SECOND = "https://api2.weixin.qq.com"
WEAK_PASSWORDS = frozenset({"", "postgres", "password", "admin", "credit", "redis", "123456"})


def _empty_is_unset(value: Any) -> Any:  # pydantic hands over whatever it was given
    return None if value == "" else value


Optional = BeforeValidator(_empty_is_unset)
Port = Annotated[int, Field(ge=1, le=65535)]


class BadConfigError(Exception):
    """Carries every fault of the settings, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Config(BaseModel):
    """The field's description is what deploy/env.example says; a test compares them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["development", "production"] = Field(
        "development", description="development 或 production；production 会拒绝不安全的设置"
    )
    state_dir: Annotated[Path | None, Optional] = Field(
        None, description="内置数据库等数据所在的文件夹；留空时由 ./run 选择"
    )
    database_url: Annotated[SecretStr | None, Optional] = Field(
        None, description="PostgreSQL 地址 postgres://用户:密码@主机:端口/库；留空则用内置数据库"
    )
    redis_url: Annotated[SecretStr | None, Optional] = Field(
        None, description="Redis 或 Valkey 地址 redis://:密码@主机:端口/0；留空则用内置服务"
    )
    database_pool: int = Field(10, ge=2, le=200, description="每个进程的数据库连接数上限")
    web_host: str = Field("127.0.0.1", description="网页服务监听的地址")
    web_port: Port = Field(8080, description="网页服务监听的端口")
    web_processes: int = Field(2, ge=1, le=64, description="网页服务的进程数，共用一个端口")
    metrics_host: str = Field("127.0.0.1", description="监控指标监听的地址；不要暴露到公网")
    metrics_port: Port = Field(
        9100, description="监控指标的起始端口；每个进程依次加一，后台任务进程用最后一个"
    )
    public_url: str = Field(
        "", description="公众访问本系统的网址，不带结尾的斜线；留空为本机地址，生产须为 https"
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="前面有几层自己的反向代理；0 表示不相信 X-Forwarded-For"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="日志级别")
    sandbox: bool = Field(default=True, description="是否启动模拟微信；生产必须为 false")
    sandbox_port: Port = Field(8090, description="模拟微信监听的端口，只在本机")
    oa_appid: str = Field(SANDBOX_APPID, max_length=32, description="服务号的 AppID")
    oa_secret: SecretStr = Field(SecretStr(SANDBOX_SECRET), description="服务号的 AppSecret")
    oa_token: SecretStr = Field(SecretStr(SANDBOX_TOKEN), description="服务号消息推送的 Token")
    oa_aes_key: SecretStr = Field(
        SecretStr(SANDBOX_AES_KEY), description="服务号消息推送的 EncodingAESKey，43 个字符"
    )
    oa_previous_aes_key: Annotated[SecretStr | None, Optional] = Field(
        None, description="更换 EncodingAESKey 期间的旧密钥；平时留空"
    )
    mini_appid: str = Field(SANDBOX_MINI_APPID, description="小程序的 AppID")
    mini_secret: SecretStr = Field(SecretStr(SANDBOX_MINI_SECRET), description="小程序的 AppSecret")
    wechat_templates: str = Field(
        "",
        description="消息模板的编号，形如 certificate_expires.template=编号，多个用逗号分开；"
        "渠道有 template、subscription、mini；开启模拟微信时可留空",
    )
    wechat_api_url: str = Field(WECHAT_API, description="微信接口的网址；开启模拟微信时自动指向它")
    wechat_api_second_url: Annotated[str | None, Optional] = Field(
        WECHAT_API_SECOND, description="微信接口的备用网址，只在连不上时使用"
    )
    wechat_page_url: str = Field(
        WECHAT_PAGE, description="微信网页授权页面的网址；开启模拟微信时自动指向它"
    )

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Build the settings from the environment or raise BadConfigError with every fault."""
        given = {
            name.removeprefix(PREFIX).lower(): value.strip()
            for name, value in environ.items()
            if name.startswith(PREFIX)
        }
        problems = []
        try:
            config = cls.model_validate(given)
        except ValidationError as error:
            problems = [_sentence(fault) for fault in error.errors()]
            unreadable = {str(fault["loc"][0]) for fault in error.errors()}
            config = cls.model_validate({k: v for k, v in given.items() if k not in unreadable})
        if not config.public_url:
            config = config.model_copy(update={"public_url": f"http://127.0.0.1:{config.web_port}"})
        named = {problem.split(":")[0] for problem in problems}
        more = [*_faults(config), *(_production_faults(config) if config.production else ())]
        problems += [problem for problem in more if problem.split(":")[0] not in named]
        if problems:
            raise BadConfigError(problems)
        return config

    @property
    def production(self) -> bool:
        return self.mode == "production"

    def ports(self) -> list[tuple[str, int]]:
        """Every port that the processes of one machine open, with the setting it comes from."""
        metrics = range(self.metrics_port, self.metrics_port + self.web_processes + 1)
        wanted = [("WEB_PORT", self.web_port), *(("METRICS_PORT", port) for port in metrics)]
        return [*wanted, ("SANDBOX_PORT", self.sandbox_port)] if self.sandbox else wanted

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def wechat_apis(self) -> tuple[str, ...]:
        """Base addresses of the WeChat API, the preferred one first."""
        if self.sandbox:
            return (self.sandbox_url,)
        second = self.wechat_api_second_url
        return (self.wechat_api_url, second) if second else (self.wechat_api_url,)

    @property
    def wechat_page(self) -> str:
        """Base address of the page on which WeChat asks a person whether to log in with us."""
        return self.sandbox_url if self.sandbox else self.wechat_page_url

    def template_id(self, message: str, channel: str) -> str:
        """The id that WeChat gave to our template of this message; "" when there is none.

        The simulated WeChat has no library of templates: there the message's name stands for it.
        """
        given = dict(line.split("=", 1) for line in _lines(self.wechat_templates))
        return given.get(f"{message}.{channel}", message if self.sandbox else "")


def _lines(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


_SENTENCES = {
    "int_parsing": "须为整数",
    "bool_parsing": "须为 true 或 false",
    "literal_error": "只能是 {expected} 之一",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "string_too_long": "不能超过 {max_length} 个字符",
}


def _sentence(fault: Any) -> str:  # one entry of pydantic's own error list
    """Name the variable and what is wrong with it; never repeat the value, it may be a secret."""
    name = PREFIX + "_".join(str(part) for part in fault["loc"]).upper()
    if fault["type"] == "extra_forbidden":
        return f"{name}: 没有这个设置，请核对拼写（deploy/env.example 列出全部设置）"
    say = _SENTENCES.get(fault["type"], fault["msg"])
    return f"{name}: {say.format_map(fault.get('ctx', {}))}"


_ADDRESS = re.compile(r"https?://[\w.-]+(:\d{1,5})?(/[\w./-]*[\w-])?", re.ASCII)


def _faults(config: Config) -> list[str]:
    """What is wrong in any mode."""
    problems = []
    for name in ("oa_aes_key", "oa_previous_aes_key"):
        key: SecretStr | None = getattr(config, name)
        if key is not None and not re.fullmatch(r"[A-Za-z0-9]{43}", key.get_secret_value()):
            problems.append(f"{PREFIX}{name.upper()}: 须为 43 个字母或数字")
    problems.extend(
        f"{PREFIX}{name.upper()}: 不能为空"
        for name in ("oa_secret", "oa_token", "mini_secret")
        if not getattr(config, name).get_secret_value()
    )
    problems.extend(
        f"{PREFIX}{name.upper()}: 不能为空"
        for name in ("oa_appid", "mini_appid")
        if not getattr(config, name)
    )
    if any("=" not in line for line in _lines(config.wechat_templates)):
        problems.append(f"{PREFIX}WECHAT_TEMPLATES: 每一项须为 消息.渠道=编号，用逗号分开")
    if not _ADDRESS.fullmatch(config.public_url):
        problems.append(f"{PREFIX}PUBLIC_URL: 须以 http:// 或 https:// 开头，结尾不带斜线")
    return problems


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:  # an address that nobody can read is found by whoever connects
        return "?"


def _production_faults(config: Config) -> list[str]:
    """What would be unsafe in front of real people."""
    problems = []
    if config.sandbox:
        problems.append(f"{PREFIX}SANDBOX: 生产环境必须为 false")
    problems.extend(
        f"{PREFIX}{name.upper()}: 这是公开的测试密钥，生产环境请换成自己的"
        for name in ("oa_secret", "oa_token", "oa_aes_key", "oa_previous_aes_key", "mini_secret")
        if (value := getattr(config, name)) and value.get_secret_value() in SANDBOX_KEYS
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
    for name in ("database_url", "redis_url"):
        url: SecretStr | None = getattr(config, name)
        if url is None:
            problems.append(f"{PREFIX}{name.upper()}: 生产环境必须填写")
        elif (_password(url.get_secret_value()) or "") in WEAK_PASSWORDS:
            problems.append(f"{PREFIX}{name.upper()}: 密码为空或是常见密码，请换一个")
    return problems
