"""The eyes: one visit sees a page in every mode, width and size of letters."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import ConsoleMessage, Error, Page

from tests.browser.looks import ERROR_PAGES, PAGES_TO_LOOK_AT, Stage

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
EYES = Path(__file__).parent / "eyes.js"
HEAVIEST = 60 * 1024
PHONE = {"width": 390, "height": 844}
MODES = ["care", "as it is", "twice the size"]
WIDTHS = {320: MODES, 1280: ["as it is"]}  # and at first that of the phone
OPENED = """modes => new Promise((done, failed) => {
  const eyes = document.createElement("script")
  Object.assign(eyes, {src: "/eyes.js", onload: done, onerror: failed})
  document.head.append(eyes)
}).then(() => eyes.first(modes))"""


def script() -> str:
    return AXE.read_text() + EYES.read_text()


@contextmanager
def overheard(page: Page) -> Iterator[list[str]]:
    """What the page says to nobody, faults above all."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    def fail(error: Error) -> None:
        said.append(str(error))

    page.on("console", hear)
    page.on("pageerror", fail)
    yield said
    page.remove_listener("console", hear)
    page.remove_listener("pageerror", fail)


async def faults_of(stage: Stage, name: str) -> dict[str, list[str]]:
    """Open the page once and look at it from all sides; an empty answer is a good one.

    It stays dark: whoever lent the page makes it light again.
    """
    page = stage.page
    with overheard(page) as said:
        await PAGES_TO_LOOK_AT[name](stage)
        await page.wait_for_load_state()
        weight = stage.scales.bytes
        found = await page.evaluate(OPENED, MODES)
        error = found.pop("error")
        for width, modes in WIDTHS.items():
            await page.set_viewport_size({"width": width, "height": 844})
            found |= await page.evaluate("modes => eyes.wide(modes)", modes)
        await page.set_viewport_size(PHONE)
        await page.emulate_media(color_scheme="dark")
        found |= await page.evaluate("eyes.dark()")
    found["another page"] = [page.url] if error != (name in ERROR_PAGES) else []
    found["too heavy"] = [f"{weight} bytes"] if weight > HEAVIEST else []
    # The browser also says when an answer was a refusal, which here is what was asked for.
    found["said"] = [one for one in said if not one.startswith("Failed to load resource")]
    return {what: which for what, which in found.items() if which}
