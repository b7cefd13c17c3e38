"""A telephone with WeChat's browser, and the hand on it that counts its taps."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from playwright.async_api import Browser, ConsoleMessage, Error, Locator, Page, expect

from tests import applying

USER_AGENT = (
    "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
    " Chrome/126.0.6478.188 Mobile Safari/537.36 XWEB/1260183 MMWEBSDK/20240802"
    " MicroMessenger/8.0.53.2740(0x28003544) WeChat/arm64 Weixin NetType/4G Language/zh_CN"
)
NETWORK = "Failed to load resource"  # the browser's own line about a refusal: tests ask for some
# A page still keeps something when it is left: from now on it cannot.
FORGET = "localStorage.clear(); sessionStorage.clear(); Storage.prototype.setItem = () => {}"


@asynccontextmanager
async def on_phone(browser: Browser, *, scripted: bool = True) -> AsyncIterator[Page]:
    """A page on a phone; a script that fails on it fails the test."""
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        locale="zh-CN",
        user_agent=USER_AGENT,
        java_script_enabled=scripted,
    )
    page = await context.new_page()
    page.set_default_timeout(30_000)
    with faultless(page):
        yield page
        await context.close()


@contextmanager
def faultless(page: Page) -> Iterator[None]:
    faults: list[str] = []

    def fail(error: Error) -> None:
        faults.append(str(error))

    def hear(line: ConsoleMessage) -> None:
        if line.type == "error" and not line.text.startswith(NETWORK):
            faults.append(line.text)

    page.on("pageerror", fail)
    page.on("console", hear)
    try:
        yield
    finally:
        page.remove_listener("pageerror", fail)
        page.remove_listener("console", hear)
    assert faults == []


async def forget(page: Page) -> None:
    """The next test finds nothing of this one: a page of its own would start a process."""
    await page.unroute_all()
    await page.context.clear_cookies()
    await page.evaluate(FORGET)


class Phone:
    """What a hand does. One touch of a link, a button or a choice is one tap.

    To choose a photo is one: what follows is the phone's own camera. To choose from a list is two:
    it opens, then the line. Typing, scrolling and the strokes of a signature are none.
    """

    def __init__(self, page: Page) -> None:
        self.page, self.taps = page, 0

    async def touch(self, what: Locator) -> None:
        self.taps += 1
        await what.tap()

    async def press(self, words: str, role: str = "button", *, exact: bool = True) -> None:
        await self.touch(self.page.get_by_role(role, name=words, exact=exact))

    async def choose(self, name: str, value: str) -> None:
        """One of the answers that stand open, by the name and value of its field."""
        self.taps += 1
        await self.page.locator(f'input[name="{name}"][value="{value}"]').check()

    async def pick(self, name: str, value: str) -> None:
        """One line of a list that opens."""
        self.taps += 2
        await self.page.locator(f'select[name="{name}"]').select_option(value)

    async def photograph(self, picture: bytes) -> None:
        self.taps += 1
        photo = {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": picture}
        await self.page.locator('input[type="file"]').set_input_files(photo)

    async def reads(self, words: str) -> None:
        await expect(self.page.get_by_role("main")).to_contain_text(words)

    async def arrives(self, heading: str) -> None:
        await expect(self.page.get_by_role("heading", name=heading)).to_be_visible()


async def hand_in(phone: Phone, number: int, dated: str) -> None:
    """Give the document whose page is open a file; what the form asks for beside it is typed."""
    field = phone.page.locator('[name="dated"]')
    if dated and await field.and_(phone.page.locator("select")).count():
        await phone.pick("dated", dated)
    elif dated:
        await field.fill(dated)
    await phone.photograph(applying.page(number))
    await phone.press("上传并检查")
    await phone.page.get_by_role("status").get_by_text("已收到").wait_for()
