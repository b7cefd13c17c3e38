"""What a page weighs for somebody who comes the first time."""

from dataclasses import dataclass, field

from playwright.async_api import Page


@dataclass
class Scales:
    """The bytes of the page that is open; what the browser still has weighs what it did once."""

    bytes: int = 0
    _asked: dict[str, str] = field(default_factory=dict)
    _weights: dict[str, int] = field(default_factory=dict)

    def begin(self, event: dict) -> None:
        if event["type"] == "Document":
            self.bytes = 0
        self._asked[event["requestId"]] = event["request"]["url"]

    def count(self, event: dict) -> None:
        url, came = self._asked[event["requestId"]], int(event["encodedDataLength"])
        weight = came or self._weights.get(url, 0)  # nothing came of what the browser still has
        self._weights[url] = weight
        self.bytes += weight


async def weighed(page: Page) -> Scales:
    """Scales under a page."""
    scales = Scales()
    wire = await page.context.new_cdp_session(page)
    wire.on("Network.requestWillBeSent", scales.begin)
    wire.on("Network.loadingFinished", scales.count)
    await wire.send("Network.enable")
    return scales
