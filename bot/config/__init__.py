"""Every setting: one frozen object, read once from CREDIT_* variables; all faults together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from bot.config import faults
from bot.config.faults import PREFIX
from bot.config.public_keys import (
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
)
from bot.config.rules import lines

WECHAT_API = "https://api.weixin.qq.com"
WECHAT_PAGE = "https://open.weixin.qq.com"
WECHAT_API_SECOND = "https://api2.weixin.qq.com"


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
    certificate_keys_dir: Annotated[Path | None, Optional] = Field(
        None,
        description="证书签发私钥所在的文件夹，只有后台任务和命令的账号可以读，网页进程不打开它；"
        "留空则为数据文件夹里的 certificate-keys",
    )
    database_url: Annotated[SecretStr | None, Optional] = Field(
        None, description="PostgreSQL 地址 postgres://用户:密码@主机:端口/库；留空则用内置数据库"
    )
    database_owner_url: Annotated[SecretStr | None, Optional] = Field(
        None,
        description="拥有全部表的数据库账号，只在升级数据库结构时使用；留空则用上面的地址，"
        "账号怎样建立见 deploy/database.sql",
    )
    redis_url: Annotated[SecretStr | None, Optional] = Field(
        None, description="Redis 或 Valkey 地址 redis://:密码@主机:端口/0；留空则用内置服务"
    )
    database_pool: int = Field(
        10, ge=2, le=200, description="每个进程的数据库连接数上限；会员的请求另用同样多"
    )
    web_host: str = Field("127.0.0.1", description="网页服务监听的地址")
    web_port: Port = Field(8080, description="网页服务监听的端口")
    web_processes: int = Field(2, ge=1, le=64, description="网页服务的进程数，共用一个端口")
    metrics_host: str = Field("127.0.0.1", description="监控指标监听的地址；不要暴露到公网")
    metrics_port: Port = Field(
        9100, description="监控指标的起始端口；每个网页进程依次加一，然后是后台任务进程和登记簿进程"
    )
    public_url: str = Field(
        "", description="公众访问本系统的网址，不带结尾的斜线；留空为本机地址，生产须为 https"
    )
    former_urls: str = Field(
        "",
        description="以前用过的公众网址，多个用逗号分开；印有它们的证书继续有效，"
        "这些网址须仍指向本系统。换网址后请轮换证书密钥并重新签名，新打印的证书才用新网址签名",
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="前面有几层自己的反向代理；0 表示不相信 X-Forwarded-For"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="日志级别")
    sandbox: bool = Field(default=True, description="是否启动模拟微信；生产必须为 false")
    demo: bool = Field(
        default=True,
        description="./run 第一次启动内置数据库时是否写入演示数据；生产环境从不写入",
    )
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
    mini_bind_page: str = Field(
        "",
        max_length=128,
        description="小程序里“手机号一键绑定”的页面，形如 pages/bind/index；"
        "小程序还没有发布时留空，网页上就不提它",
    )
    mini_token: SecretStr = Field(
        SecretStr(SANDBOX_MINI_TOKEN), description="小程序消息推送的 Token"
    )
    mini_aes_key: SecretStr = Field(
        SecretStr(SANDBOX_MINI_AES_KEY), description="小程序消息推送的 EncodingAESKey，43 个字符"
    )
    mini_previous_aes_key: Annotated[SecretStr | None, Optional] = Field(
        None, description="更换小程序 EncodingAESKey 期间的旧密钥；平时留空"
    )
    vault_keys: SecretStr = Field(
        SecretStr(SANDBOX_VAULT_KEYS),
        description="封存手机号等资料的密钥，形如 编号:64 位十六进制；"
        "更换时新的写在前面，旧的留在后面，用逗号分开",
    )
    vault_index_key: SecretStr = Field(
        SecretStr(SANDBOX_INDEX_KEY),
        description="按手机号等查找时使用的密钥，64 位十六进制；启用以后不要更换",
    )
    audit_keys: SecretStr = Field(
        SecretStr(SANDBOX_AUDIT_KEYS),
        description="给审计记录签名的密钥，写法与更换办法同 CREDIT_VAULT_KEYS，但不能是同一个密钥",
    )
    file_keys: SecretStr = Field(
        SecretStr(SANDBOX_FILE_KEYS),
        description="加密保密材料的密钥，形如 编号:64 位十六进制；"
        "更换时新的写在前面，旧的留在后面，用逗号分开",
    )
    storage_url: Annotated[SecretStr | None, Optional] = Field(
        None,
        description="一般材料的存储（S3 兼容）https://编号:密钥@主机/桶?region=地区；"
        "留空则放在数据文件夹",
    )
    storage_confidential_url: Annotated[SecretStr | None, Optional] = Field(
        None, description="保密材料的存储，格式同上；须与一般材料分开"
    )
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
        config, problems = cls.examine(environ)
        if problems:
            raise BadConfigError(problems)
        return config

    @classmethod
    def examine(cls, environ: Mapping[str, str]) -> tuple[Self, list[str]]:
        """Every fault, and the settings with what could not be read left out: for `doctor`."""
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
        more = [
            *faults.everywhere(config),
            *(faults.in_production(config) if config.production else ()),
        ]
        problems += [problem for problem in more if problem.split(":")[0] not in named]
        return config, problems

    @property
    def production(self) -> bool:
        return self.mode == "production"

    @property
    def worker_metrics_port(self) -> int:
        return self.metrics_port + self.web_processes

    @property
    def register_metrics_port(self) -> int:
        return self.worker_metrics_port + 1

    def ports(self) -> list[tuple[str, int]]:
        """Every port that the processes of one machine open, with the setting it comes from."""
        metrics = range(self.metrics_port, self.register_metrics_port + 1)
        wanted = [("WEB_PORT", self.web_port), *(("METRICS_PORT", port) for port in metrics)]
        return [*wanted, ("SANDBOX_PORT", self.sandbox_port)] if self.sandbox else wanted

    @property
    def addresses(self) -> tuple[str, ...]:
        """Under which certificates were issued: today's first, then the former ones."""
        return (self.public_url, *lines(self.former_urls))

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

    @property
    def wechat_bridge(self) -> str:
        """What a page loads to be as in WeChat's own browser; the real one brings it along."""
        return f"{self.sandbox_url}/phone/bridge.js" if self.sandbox else ""

    def template_id(self, message: str, channel: str) -> str:
        """The id that WeChat gave to our template of this message; "" when there is none.

        The simulated WeChat has no library of templates: there the message's name stands for it.
        """
        given = dict(line.split("=", 1) for line in lines(self.wechat_templates))
        return given.get(f"{message}.{channel}", message if self.sandbox else "")


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
