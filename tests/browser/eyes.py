"""The eyes: one visit sees a page in every mode, width and size of letters."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import ConsoleMessage, Error, Page

from tests.browser.looks import ERROR_PAGES, PAGES_TO_LOOK_AT, Stage

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
EYES = Path(__file__).parent / "eyes.js"
HEAVIEST = 60 * 1024
MODES = ["care", "as it is", "twice the size"]
WIDTHS = {390: MODES, 320: MODES, 1280: ["as it is"]}


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
    """Open the page once and look at it from all sides; an empty answer is a good one."""
    page = stage.page
    with overheard(page) as said:
        await page.emulate_media(color_scheme="light")
        await PAGES_TO_LOOK_AT[name](stage)
        error = "问题编号" in await page.locator("main").inner_text()
        await page.wait_for_load_state()
        weight = stage.scales.bytes
        await page.add_script_tag(url="/eyes.js")
        found: dict[str, list[str]] = await page.evaluate("eyes.light()")
        await page.emulate_media(color_scheme="dark")
        found |= await page.evaluate("eyes.dark()")
        await page.emulate_media(color_scheme="light")
        found |= await page.evaluate("eyes.care()")
        for width, modes in WIDTHS.items():
            await page.set_viewport_size({"width": width, "height": 844})
            found |= await page.evaluate("modes => eyes.wide(modes)", modes)
    found["another page"] = [page.url] if error != (name in ERROR_PAGES) else []
    found["too heavy"] = [f"{weight} bytes"] if weight > HEAVIEST else []
    # The browser also says when an answer was a refusal, which here is what was asked for.
    found["said"] = [one for one in said if not one.startswith("Failed to load resource")]
    return {what: which for what, which in found.items() if which}
