"""Security headers, the same on every answer: pages, data, refusals, aiohttp's own."""

from multidict import CIMultiDict

from bot.config import Config

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
NO_STORE = "no-store"
POLICY = "Content-Security-Policy"
# For what people sent us, should a browser ever show it as a page: no script, no origin, no link.
SANDBOXED = "sandbox; default-src 'none'; frame-ancestors 'none'"


def policy(config: Config) -> str:
    """Nothing from anywhere but here; where WeChat is simulated, also what its browser brings."""
    if not config.sandbox:
        return CSP
    there = config.sandbox_url
    return CSP.replace("script-src 'self'", f"script-src 'self' {there}").replace(
        "connect-src 'self'", f"connect-src 'self' {there}"
    )


def security_headers(config: Config) -> CIMultiDict[str]:
    """Build the set once; an answer only merges it in."""
    headers = CIMultiDict(
        {
            POLICY: policy(config),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            "Server": "credit",  # not the name and version of the library
        }
    )
    if config.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers
