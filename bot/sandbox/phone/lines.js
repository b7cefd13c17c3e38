// Draws the lines of a chat: bubbles, cards, remarks, and the dots while an answer is awaited.

import { element, icon, link, plainNodes, replyNodes, webAddress } from "./words.js";

const QUIET_MS = 5 * 60 * 1000;
const clockFormat = new Intl.DateTimeFormat("zh-CN", {
  hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai",
});
const dayFormat = new Intl.DateTimeFormat("zh-CN", {
  month: "long", day: "numeric", timeZone: "Asia/Shanghai",
});

export function timeOfDay(instant) {
  return clockFormat.format(instant);
}

// Adds what is new and takes away what is gone; lines themselves never change but for `failed`.
export function showLines(list, person) {
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const known = new Map([...list.querySelectorAll("li[data-id]")].map((li) => [li.dataset.id, li]));
  const wanted = new Set(person.lines.map((line) => String(line.id)));
  const ends = [...known.keys()].some((id) => !wanted.has(id)) && person.lines.length < 100;
  if (ends || !person.lines.length) {
    list.replaceChildren();
    known.clear();
  }
  list.querySelector(".waiting")?.remove();
  let added = 0;
  for (const line of person.lines) {
    const shown = known.get(String(line.id));
    if (shown) {
      if (line.failed) markFailed(shown);
    } else {
      addTime(list, new Date(line.at));
      list.append(drawn(line, person));
      added += 1;
    }
  }
  if (person.waiting) list.append(dots());
  if (wasAtEnd || added) list.scrollTop = list.scrollHeight;
  return added;
}

function addTime(list, at) {
  const before = Number(list.dataset.last ?? 0);
  if (!list.childElementCount || at - before > QUIET_MS) {
    const today = dayFormat.format(new Date()) === dayFormat.format(at);
    const words = today ? timeOfDay(at) : `${dayFormat.format(at)} ${timeOfDay(at)}`;
    list.append(element("li", "time", element("span", "remark", words)));
  }
  list.dataset.last = String(at.getTime());
}

function drawn(line, person) {
  const li = element("li", "");
  li.dataset.id = line.id;
  li.dataset.from = line.from;
  li.dataset.kind = line.kind;
  if (line.from === "me") {
    li.append(avatar(person), line.kind === "image" ? sentPicture(line.body) : element("div", "bubble", ...plainNodes(line.body.content)));
    if (line.failed) markFailed(li);
  } else if (line.from === "system") {
    li.append(element("span", "remark", line.body.content));
  } else {
    li.append(seal(), (DRAW[line.kind] ?? unknown)(line.body));
  }
  return li;
}

function sentPicture(body) {
  const image = element("img", "sent");
  image.alt = "发出的图片";
  image.src = `/phone/media/${encodeURIComponent(body.media_id)}`;
  return image;
}

const DRAW = {
  text: (body) => element("div", "bubble", ...replyNodes(body.content)),
  image: () => element("div", "bubble", "［图片］"),
  voice: () => element("div", "bubble", "［语音］"),
  video: () => element("div", "bubble", "［视频］"),
  music: (body) => element("div", "bubble", `［音乐］${body.title}`),
  transfer_customer_service: () => element("div", "bubble", "已转接人工客服，请稍候。"),
  news: (body) => news(body.articles[0]),
  template,
  miniprogrampage: (body) =>
    element("div", "card",
      element("p", "source", "小程序"),
      element("div", "inside", element("h3", "", body.title)),
      element("p", "foot", `打开 ${body.pagepath}`)),
};

function unknown() {
  return element("div", "bubble", "［模拟微信还不能显示这种消息］");
}

function news(article) {
  const inside = element("div", "inside", element("h3", "", article.title));
  if (article.description) inside.append(element("p", "more-words", article.description));
  const card = element("article", "card");
  const picture = webAddress(article.pic_url);
  if (picture) {
    const image = element("img");
    image.alt = "";
    image.addEventListener("error", () => image.remove());
    image.src = picture;
    card.append(image);
  }
  card.append(inside, foot(article.url, "阅读全文"));
  return card;
}

function template(body) {
  const fields = element("dl", "");
  for (const field of body.fields) {
    fields.append(element("dt", "", field.name), element("dd", "", field.value));
  }
  return element("article", "card",
    element("p", "source", `模板消息 ${body.template_id}`),
    element("div", "inside", fields),
    foot(body.url, "查看详情"));
}

function foot(url, words) {
  const address = webAddress(url);
  return address ? link(address, "foot", words, icon("open")) : "";
}

function dots() {
  const bubble = element("div", "bubble dots", element("i"), element("i"), element("i"));
  const li = element("li", "waiting", seal(), bubble);
  li.setAttribute("aria-label", "对方正在输入");
  return li;
}

function markFailed(li) {
  if (li.querySelector(".mark")) return;
  const mark = element("span", "mark", "!");
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", "没有得到答复");
  li.append(mark);
}

function seal() {
  const made = element("span", "seal", icon("seal"));
  made.setAttribute("aria-hidden", "true");
  return made;
}

export function avatar(person) {
  const made = element("span", "avatar");
  made.setAttribute("aria-hidden", "true");
  paintAvatar(made, person);
  return made;
}

export function paintAvatar(node, person) {
  node.textContent = person.nickname.slice(0, 1);
  const sum = [...person.openid].reduce((total, letter) => total + letter.codePointAt(0), 0);
  node.dataset.tone = String(sum % 6);
}
