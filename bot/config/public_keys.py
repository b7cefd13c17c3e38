"""The keys of the simulated WeChat: public, and refused by production every one of them."""

SANDBOX_APPID = "wx5a4d0b0c0ffee001"
SANDBOX_SECRET = "sandbox-secret-of-the-service-account"  # noqa: S105  # public by design, see above
SANDBOX_TOKEN = "sandboxtoken"  # noqa: S105  # public by design, see above
SANDBOX_AES_KEY = "SandboxSandboxSandboxSandboxSandboxSandbox0"
SANDBOX_MINI_APPID = "wx5a4d0b0c0ffee002"
SANDBOX_MINI_SECRET = "sandbox-secret-of-the-mini-program"  # noqa: S105  # public by design, see above
SANDBOX_MINI_TOKEN = "sandboxminitoken"  # noqa: S105  # public by design, see above
SANDBOX_MINI_AES_KEY = "SandboxMiniProgramSandboxMiniProgramSandbo0"
SANDBOX_KEYS = frozenset(
    {
        SANDBOX_SECRET,
        SANDBOX_TOKEN,
        SANDBOX_AES_KEY,
        SANDBOX_MINI_SECRET,
        SANDBOX_MINI_TOKEN,
        SANDBOX_MINI_AES_KEY,
    }
)
KEYS = (  # every one of them a secret that production must replace
    "oa_secret",
    "oa_token",
    "oa_aes_key",
    "oa_previous_aes_key",
    "mini_secret",
    "mini_token",
    "mini_aes_key",
    "mini_previous_aes_key",
)
SANDBOX_VAULT_KEYS = "sandbox:5a4d0b0c0ffee0015a4d0b0c0ffee0015a4d0b0c0ffee0015a4d0b0c0ffee001"
SANDBOX_FILE_KEYS = "sandbox:f11e5a4d0b0c0ffef11e5a4d0b0c0ffef11e5a4d0b0c0ffef11e5a4d0b0c0ffe"
SANDBOX_INDEX_KEY = "5a4d0b0c0ffee0025a4d0b0c0ffee0025a4d0b0c0ffee0025a4d0b0c0ffee002"
SANDBOX_AUDIT_KEYS = "sandbox:5a4d0b0c0ffee0035a4d0b0c0ffee0035a4d0b0c0ffee0035a4d0b0c0ffee003"
SANDBOX_APPIDS = frozenset({SANDBOX_APPID, SANDBOX_MINI_APPID})
