// Turns what people and the account wrote into DOM nodes; nothing of it is ever parsed as HTML.

const ANCHOR = /<a\b([^>]*)>([\s\S]*?)<\/a>/gi;
const HREF = /\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/i;
// A full stop, comma or bracket at the end belongs to the sentence.
const ADDRESS = /https?:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]*[\w\-~/?#@$&*+=%]/g;

export function element(name, className, ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

// The address when it leads to a web page, otherwise null.
export function webAddress(text) {
  try {
    const address = new URL(text);
    return ["http:", "https:"].includes(address.protocol) ? address.href : null;
  } catch {
    return null;
  }
}

export function link(address, className, ...inside) {
  const made = element("a", className, ...inside);
  made.href = address;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

// Text of a reply: <a href> becomes a link if it leads to a web page, bare addresses too.
export function replyNodes(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(ANCHOR)) {
    nodes.push(...plainNodes(text.slice(from, found.index)));
    const href = HREF.exec(found[1]);
    const address = href && webAddress((href[1] ?? href[2]).replaceAll("&amp;", "&"));
    nodes.push(address ? link(address, "", found[2]) : found[2]);
    from = found.index + found[0].length;
  }
  nodes.push(...plainNodes(text.slice(from)));
  return nodes;
}

export function plainNodes(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    nodes.push(text.slice(from, found.index));
    const address = webAddress(found[0]);
    nodes.push(address ? link(address, "", found[0]) : found[0]);
    from = found.index + found[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}
