"""One real Chromium for all browser tests; a machine without it fails, it does not skip."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

ROOT = Path(__file__).parents[2]
# The next document moves into the frame of the last: a new one for each costs 14 ms of CPU.
# The other two are Playwright's own, which a second list of features replaces.
FEATURES = (
    "RenderDocument:level/crashed-frame",
    "CDPScreenshotNewSurface",
    "SkipListAccountsWithoutGaiaCookies",
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--enable-features={','.join(FEATURES)}",
    "--js-flags=--no-maglev --no-turbofan",  # no page lives long enough to earn its compiling back
]
# Chinese in the typeface of our documents: no machine has to bring one of its own.
ENVIRONMENT = {**os.environ, "FONTCONFIG_FILE": str(Path(__file__).with_name("fonts.conf"))}
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']}"


expect.set_options(timeout=30_000)  # what is claimed is what comes, not how busy the machine is


@pytest.fixture(scope="session")
async def browser():
    given = os.environ.get("CHROMIUM")  # the machine's, not the product's
    found = given or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail("no Chromium found: install the package chromium, or set CHROMIUM to its path")
    async with async_playwright() as playwright:
        chromium: Browser = await playwright.chromium.launch(
            executable_path=found, args=FLAGS, env=ENVIRONMENT
        )
        yield chromium
        await chromium.close()


@pytest.fixture(scope="session")
def violations():
    """Ask axe what is wrong with a page: pairs of the rule's id and the first element."""
    axe = (ROOT / "node_modules/axe-core/axe.min.js").read_text()

    async def ask(page: Page) -> list[tuple[str, str]]:
        await page.evaluate(axe)
        found = await page.evaluate(f"axe.run(document, {RULES})")
        return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]

    return ask
