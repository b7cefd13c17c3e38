"""`./run pictures`: the main pages as small pictures in deploy/pictures/, for the README."""

import asyncio
import base64
import io
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import async_playwright

from bot import telemetry
from bot.clients.database import close_database, open_database
from tests.browser.conftest import ENVIRONMENT, FLAGS, NAMES
from tests.browser.looks import CASE, PAGES_TO_LOOK_AT, Stage
from tests.browser.site import clock, open_site
from tests.engines import DATABASE_URL, REDIS_URL, Engines, create_database

FOLDER = Path(__file__).parents[1] / "deploy/pictures"
QUALITY = 50
WIDTH, HEIGHT = 390, 844
LARGEST = 60 * 1024


@dataclass(frozen=True)
class Picture:
    page: str
    """Its name in PAGES_TO_LOOK_AT."""
    scheme: str = "light"
    care: bool = False


SELF = "/h5/e/{enterprise}/self/{scheme}"
COMMITMENT = "/h5/e/{enterprise}/commitment"

# The file's name, and what it shows: the ten main pages in the order of the way, then two dresses.
PICTURES: Mapping[str, Picture] = {
    "home": Picture("/"),
    "credit-file": Picture("/h5/e/{enterprise}/file"),
    "binding": Picture("/h5/bind photographed"),
    "commitment": Picture(COMMITMENT),
    "signing": Picture(f"{COMMITMENT}/sign drawn"),
    "questions": Picture(f"{SELF}/part/{{section}} records"),
    "result": Picture(f"{SELF}/results/{{assessment}}"),
    "case": Picture(f"{CASE} returned"),
    "upload": Picture(f"{CASE}/papers/{{material}}"),
    "verification": Picture("/v/{number}"),
    "home-dark": Picture("/", scheme="dark"),
    "home-care": Picture("/", care=True),
}


async def take(stage: Stage, picture: Picture) -> bytes:
    page = stage.page
    await page.context.clear_cookies()
    await page.emulate_media(color_scheme="dark" if picture.scheme == "dark" else "light")
    await PAGES_TO_LOOK_AT[picture.page](stage)
    if picture.care:
        await page.get_by_role("button", name="大字版").click()
    wire = await page.context.new_cdp_session(page)
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 2}
    shot = await wire.send(
        "Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip}
    )
    await wire.detach()
    return base64.b64decode(shot["data"])


async def main() -> None:
    telemetry.configure(level="error", clock=clock, stream=io.BytesIO())
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)))
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=found, args=FLAGS, env=ENVIRONMENT
        )
        context = await chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        page = await context.new_page()
        for name, picture in PICTURES.items():
            url = await create_database(os.environ[DATABASE_URL], "pictures")
            database = await open_database(url, pool=4, application="pictures")
            async with open_site(os.environ[REDIS_URL]) as site:
                data = await take(Stage(site, page, url), picture)
            await close_database(database)
            if len(data) > LARGEST:
                raise SystemExit(f"{name}: {len(data)} bytes are too many for a repository")
            (FOLDER / f"{name}.webp").write_bytes(data)
            print(f"{name}.webp  {len(data) // 1024} KB")
        await chromium.close()


if __name__ == "__main__":
    engines = Engines()
    try:
        engines.announce()
        asyncio.run(main())
    finally:
        engines.stop()
