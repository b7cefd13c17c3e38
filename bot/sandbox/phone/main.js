// Keeps all phones in step with the server, and on a narrow screen lets one through at a time.

import { Phone } from "./phone.js";
import { element } from "./words.js";

const TICK_MS = 20_000;
const phones = new Map();
const phonesNode = document.getElementById("phones");
const switcher = document.getElementById("switcher");
const lost = document.getElementById("lost");
let current = null;
let looking = null;
let lookAgain = false;

// One look at a time; whoever asks meanwhile waits for one that began after asking.
function look() {
  lookAgain = true;
  looking ??= lookOn().finally(() => { looking = null; });
  return looking;
}

async function lookOn() {
  try {
    while (lookAgain) {
      lookAgain = false;
      const response = await fetch("/phone/state");
      show(await response.json());
      lost.hidden = true;
    }
  } catch {
    lost.hidden = false;
  }
}

function show(state) {
  const present = new Set(state.people.map((person) => person.openid));
  for (const [openid, phone] of phones) {
    if (!present.has(openid)) remove(openid, phone);
  }
  for (const person of state.people) {
    const phone = phones.get(person.openid) ?? add(person, state.account);
    const added = phone.show(person, state.menu);
    if (added && phone.seen && person.openid !== current) phone.tab.classList.add("news");
    phone.seen = true;
  }
  if (!present.has(current)) choose(state.people[0]?.openid);
}

function add(person, account) {
  const phone = new Phone(person, account);
  phone.tab = element("button", "", person.nickname);
  phone.tab.type = "button";
  phone.tab.setAttribute("aria-controls", phone.node.id);
  phone.tab.setAttribute("aria-pressed", "false");
  phone.tab.addEventListener("click", () => choose(person.openid));
  phones.set(person.openid, phone);
  phonesNode.append(phone.node);
  switcher.append(phone.tab);
  return phone;
}

function remove(openid, phone) {
  phone.node.remove();
  phone.tab.remove();
  phones.delete(openid);
}

function choose(openid) {
  current = openid;
  for (const [one, phone] of phones) {
    phone.node.classList.toggle("current", one === openid);
    phone.tab.setAttribute("aria-pressed", String(one === openid));
  }
  const phone = phones.get(openid);
  if (!phone) return;
  phone.tab.classList.remove("news");
  const lines = phone.find(".lines");
  lines.scrollTop = lines.scrollHeight;
}

document.getElementById("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = document.getElementById("add-name");
  const response = await fetch("/phone/people", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ nickname: input.value }),
  });
  const answer = await response.json();
  input.setCustomValidity(response.ok ? "" : answer.error.message);
  if (!response.ok) {
    input.reportValidity();
    return;
  }
  input.value = "";
  await look();
  choose(answer.openid);
  phones.get(answer.openid)?.node.scrollIntoView({ block: "nearest" });
});
document.getElementById("add-name").addEventListener("input", (event) => event.target.setCustomValidity(""));

const events = new EventSource("/phone/events");
events.addEventListener("message", look);
events.addEventListener("error", () => { lost.hidden = false; });

setInterval(() => {
  for (const phone of phones.values()) phone.tick();
}, TICK_MS);
