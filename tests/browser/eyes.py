"""The eyes: one visit sees a page in every mode, width and size of letters."""

from pathlib import Path

from tests.browser.looks import ERROR_PAGES, PAGES_TO_LOOK_AT, Stage

AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
HEAVIEST = 60 * 1024
WIDTHS = (390, 320)

# What sticks out: of the screen, or of its own card. Ornaments and what is cut off on purpose may.
WIDER = """() => {
  const found = []
  const screen = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth > screen) found.push('the page')
  for (const one of document.body.querySelectorAll('*')) {
    if (one.closest('svg, .unseen, .skip, template') || !one.offsetParent) continue
    const box = one.getBoundingClientRect()
    const out = box.width && (box.right > screen + 1 || box.left < -1)
    if (out) found.push(one.outerHTML.slice(0, 90))
  }
  for (const one of document.querySelectorAll('.card, .cells, .notice, .faults, .tile, .dock'))
    if (one.scrollWidth > one.clientWidth + 1) found.push(one.outerHTML.slice(0, 90))
  return found
}"""
SMALL = """side => [...document.querySelectorAll(
    'button, .main, .cell, .choice, .input, .tabs a, .grid a, .back, .brand, summary')]
  .filter(one => one.offsetParent && !one.closest('.unseen'))
  .filter(one => one.getBoundingClientRect().height < side)
  .map(one => one.outerHTML.slice(0, 90))"""
BLOCKING = """() => [...document.scripts]
  .filter(one => !one.src || !(one.defer || one.async || one.type === 'module'))
  .map(one => one.outerHTML.slice(0, 90))"""
CARE = """large => {
  document.documentElement.toggleAttribute('data-care', large)
  large ? document.body.setAttribute('data-weui-mode', 'care')
        : document.body.removeAttribute('data-weui-mode')
}"""
TWICE = "large => { document.documentElement.style.fontSize = large ? '200%' : '' }"
# Another colour scheme and larger letters leave the document as it is: what depends on colour and
# layout is asked again, what depends on the document alone is not.
ALL = {"type": "tag", "values": RULES}
SEEN = {
    "type": "rule",
    "values": [
        "color-contrast",
        "link-in-text-block",
        "scrollable-region-focusable",
        "target-size",
    ],
}
AUDIT = """async only => {
  // A link half under the bar of buttons is whole at the next turn of the finger.
  for (const one of document.querySelectorAll('.dock')) one.style.position = 'static'
  const options = {runOnly: only, resultTypes: ['violations']}
  const found = (await axe.run(document, options)).violations
  return found.map(one => one.id + ': ' + one.nodes[0].html.slice(0, 120))
}"""


async def faults_of(stage: Stage, name: str) -> dict[str, list[str]]:
    """Open the page once and look at it from all sides; an empty answer is a good one."""
    page = stage.page
    found: dict[str, list[str]] = {}
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": WIDTHS[0], "height": 844})
    await PAGES_TO_LOOK_AT[name](stage)
    error = "问题编号" in await page.locator("main").inner_text()
    found["another page"] = [page.url] if error != (name in ERROR_PAGES) else []
    found["blocking"] = await page.evaluate(BLOCKING)
    found["too heavy"] = [f"{stage.kept} bytes"] if stage.kept > HEAVIEST else []
    await page.evaluate(AXE)
    found["axe, light"] = await page.evaluate(AUDIT, ALL)
    found["small"] = await page.evaluate(SMALL, 44)
    await page.emulate_media(color_scheme="dark")
    found["axe, dark"] = await page.evaluate(AUDIT, SEEN)
    await page.emulate_media(color_scheme="light")
    await page.evaluate(CARE, True)
    found["axe, care"] = await page.evaluate(AUDIT, SEEN)
    found["small, care"] = await page.evaluate(SMALL, 60)
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 844})
        await page.evaluate(CARE, True)
        found[f"wider, care, {width}"] = await page.evaluate(WIDER)
        await page.evaluate(CARE, False)
        found[f"wider, {width}"] = await page.evaluate(WIDER)
        await page.evaluate(TWICE, True)
        found[f"wider, twice the size, {width}"] = await page.evaluate(WIDER)
        await page.evaluate(TWICE, False)
    await page.set_viewport_size({"width": 1280, "height": 844})
    found["wider, 1280"] = await page.evaluate(WIDER)
    # The browser also says when an answer was a refusal, which here is what was asked for.
    found["said"] = [one for one in said if not one.startswith("Failed to load resource")]
    return {what: which for what, which in found.items() if which}
