// Looking at a page from all sides; it comes into the page together with axe.
"use strict"
window.eyes = (() => {
  const start = one => one.outerHTML.slice(0, 90)

  // Another colour scheme and larger letters leave the document as it is: what depends on colour and
  // layout is asked again, what depends on the document alone is not.
  const ALL = {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
  const SEEN = {
    type: "rule",
    values: ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"],
  }

  const folds = () => document.querySelectorAll("details:not([open])")

  // To ask for the place of what is folded costs a layout for each fold.
  function unfolded(look) {
    const closed = folds()
    for (const one of closed) one.open = true
    const found = look()
    for (const one of closed) one.open = false
    return found
  }

  // What nobody sees has no colour and no place; to walk through it is most of the work on a long page.
  async function auditSeen() {
    const back = [...folds()].map(one => {
      const whole = [...one.childNodes]
      one.replaceChildren(one.querySelector("summary"))
      return () => one.replaceChildren(...whole)
    })
    const found = await audit(SEEN)
    for (const put of back) put()
    return found
  }

  async function audit(only) {
    // A link half under the bar of buttons is whole at the next turn of the finger.
    for (const one of document.querySelectorAll(".dock")) one.style.position = "static"
    const found = await axe.run(document, {
      runOnly: only,
      resultTypes: ["violations"],
      preload: {assets: ["media"]}, // style sheets are for rules that are not asked
    })
    return found.violations.map(one => one.id + ": " + one.nodes[0].html.slice(0, 120))
  }

  // What sticks out: of the screen, or of its own card. Ornaments and what is cut off on purpose may.
  function wider() {
    const found = []
    const screen = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth > screen) found.push("the page")
    for (const one of document.body.querySelectorAll("*")) {
      const box = one.getBoundingClientRect()
      const out = box.width && (box.right > screen + 1 || box.left < -1)
      if (out && one.offsetParent && !one.closest("svg, .unseen, .skip, template"))
        found.push(start(one))
    }
    for (const one of document.querySelectorAll(".card, .cells, .notice, .faults, .tile, .dock"))
      if (one.scrollWidth > one.clientWidth + 1) found.push(start(one))
    return found
  }

  const small = side =>
    [...document.querySelectorAll(
      "button, .main, .cell, .choice, .input, .tabs a, .grid a, .back, .brand, summary")]
      .filter(one => one.offsetParent && !one.closest(".unseen"))
      .filter(one => one.getBoundingClientRect().height < side)
      .map(start)

  const blocking = () =>
    [...document.scripts]
      .filter(one => !one.src || !(one.defer || one.async || one.type === "module"))
      .map(start)

  function largePrint(on) {
    document.documentElement.toggleAttribute("data-care", on)
    if (on) document.body.setAttribute("data-weui-mode", "care")
    else document.body.removeAttribute("data-weui-mode")
  }

  function twiceTheSize(on) {
    document.documentElement.style.fontSize = on ? "200%" : ""
  }

  const MODES = {"care": largePrint, "twice the size": twiceTheSize, "as it is": () => {}}

  function wide(modes) {
    const found = {}
    for (const mode of modes) {
      MODES[mode](true)
      found[`wider, ${mode}, ${innerWidth}`] = unfolded(wider)
      MODES[mode](false)
    }
    return found
  }

  async function light() {
    return {
      "error": document.querySelector("main").innerText.includes("问题编号"),
      "blocking": blocking(),
      "axe, light": await audit(ALL),
      "small": small(44),
    }
  }

  async function care() {
    largePrint(true)
    const found = {"axe, care": await auditSeen(), "small, care": small(60)}
    largePrint(false)
    return found
  }

  return {
    first: async modes => ({...await light(), ...await care(), ...wide(modes)}),
    wide,
    dark: async () => ({"axe, dark": await auditSeen()}),
  }
})()
