// One phone: builds it from the template, keeps it in step with the state, sends what is tapped.

import { paintAvatar, showLines, timeOfDay } from "./lines.js";
import { asBase64 } from "./pictures.js";
import { element, icon, link, webAddress } from "./words.js";

const TOAST_MS = 2600;
const OWN_CODE = "http://weixin.qq.com/q/"; // a parametric code: it names a scene, not a page

export class Phone {
  constructor(person, account) {
    this.openid = person.openid;
    this.account = account;
    this.node = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.node.dataset.phone = person.openid;
    this.node.id = `phone-${person.openid}`;
    this.node.setAttribute("aria-label", `${person.nickname}（${person.role}）的手机`);
    this.find(".nickname").textContent = person.nickname;
    this.find(".role").textContent = person.role;
    this.find(".account-name").textContent = account.name;
    this.find(".lines").setAttribute("aria-label", `${person.nickname}与${account.name}的聊天记录`);
    paintAvatar(this.find(".avatar"), person);
    this.menuDrawn = "";
    this.listen();
  }

  find(selector) {
    return this.node.querySelector(selector);
  }

  listen() {
    this.find(".follow").addEventListener("click", () => this.act("follow"));
    this.find(".compose").addEventListener("submit", (event) => this.say(event));
    this.find(".scan").addEventListener("submit", (event) => this.scan(event));
    this.find(".scan-file").addEventListener("change", (event) => this.readCode(event.target));
    this.find(".picture-open").addEventListener("click", () => this.find(".picture-file").click());
    this.find(".picture-file").addEventListener("change", (event) => this.sendPicture(event.target));
    this.find(".consent-open").addEventListener("click", () => {
      this.closeSheets();
      this.openSheet(".consent-sheet", "input");
    });
    this.find(".consent").addEventListener("submit", (event) => this.consent(event, true));
    this.find(".refuse").addEventListener("click", (event) => this.consent(event, false));
    this.find(".unfollow").addEventListener("click", () => {
      this.closeSheets();
      this.act("unfollow");
    });
    this.find(".scan-open").addEventListener("click", () => this.openScanner(null));
    this.find(".more-open").addEventListener("click", () => this.openSheet(".more-sheet", "button"));
    for (const sheet of this.node.querySelectorAll(".sheet")) {
      sheet.addEventListener("click", (event) => {
        if (event.target === sheet || event.target.closest(".cancel")) this.closeSheets();
      });
    }
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.closeSheets();
        this.closeMenus(true);
      }
    });
    document.addEventListener("click", (event) => {
      if (!this.find(".menu").contains(event.target)) this.closeMenus();
    });
  }

  // Brings the phone in step with the state; tells how many lines are new.
  show(person, menu) {
    const turned = this.acted && this.following !== person.following;
    const hadFocus = this.node.contains(document.activeElement);
    this.following = person.following;
    this.tick();
    this.find(".title").textContent = person.waiting && person.following
      ? "对方正在输入…" : person.following ? this.account.name : "";
    this.find(".profile").hidden = person.following;
    this.find(".talk").hidden = !person.following;
    this.find(".more-open").hidden = !person.following;
    // What had the focus is hidden now; on a touch screen a keyboard would jump up instead.
    if (turned && hadFocus && matchMedia("(pointer: fine)").matches) {
      this.find(person.following ? ".words" : ".follow").focus({ preventScroll: true });
    }
    this.showMenu(menu);
    this.showConsents(person.consents);
    return showLines(this.find(".lines"), person);
  }

  tick() {
    this.find(".clock").textContent = timeOfDay(new Date());
  }

  act(name, body = {}) {
    this.acted = true;
    return this.post(`/phone/people/${encodeURIComponent(this.openid)}/${name}`, body);
  }

  // The answer; null when there is none, after saying why.
  async post(path, body) {
    try {
      const response = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      if (response.ok) return answer;
      this.toast(answer.error.message);
    } catch {
      this.toast("模拟微信没有响应，请确认它还在运行。");
    }
    return null;
  }

  async say(event) {
    event.preventDefault();
    const input = this.find(".words");
    const content = input.value.trim();
    if (!content) return;
    input.value = "";
    if (!(await this.act("text", { content })) && !input.value) input.value = content;
  }

  async sendPicture(input) {
    const content = await this.taken(input);
    if (content) await this.act("picture", { content });
  }

  // A picture held before the scanner: what its code says is put where it could have been pasted.
  async readCode(input) {
    const content = await this.taken(input);
    const found = content && await this.post("/phone/code", { content });
    if (!found) return;
    this.find(".scan").elements.seen.value = found.text;
    if (!found.text) this.toast("图片上没有找到二维码，请换一张。");
  }

  async taken(input) {
    const [file] = input.files;
    if (!file) return null;
    const content = await asBase64(file);
    input.value = "";
    if (!content) this.toast("打不开这张图片，请换一张。");
    return content;
  }

  // As in WeChat: an address of a web page is opened, a code of the account's own follows or tells.
  async scan(event) {
    event.preventDefault();
    const form = this.find(".scan");
    const seen = form.elements.seen.value.trim();
    if (!seen) return;
    const button = this.scansFor;
    this.closeSheets();
    form.reset();
    if (button) await this.act("scancode", { key: button.key, kind: button.type, result: seen });
    else if (webAddress(seen) && !seen.startsWith(OWN_CODE)) window.open(seen, "_blank", "noopener");
    else await this.act("scan", { scene: seen });
  }

  async consent(event, accept) {
    event.preventDefault();
    const form = this.find(".consent");
    const input = form.elements.template;
    input.value = input.value.trim();
    if (!form.reportValidity()) return;
    this.closeSheets();
    await this.act("subscribe", { template_ids: [input.value], accept });
    input.value = "";
  }

  showConsents(consents) {
    const own = consents.map((one) => `${one.template_id}（还可收 ${one.remaining} 次）`);
    this.find(".consents").textContent = own.length ? `已允许：${own.join("、")}` : "还没有允许过任何消息。";
  }

  // A menu button that scans tells its key with what was found; the corner only follows or opens.
  openScanner(button) {
    this.scansFor = button;
    this.openSheet(".scan-sheet", "input");
  }

  openSheet(selector, first) {
    this.opener = document.activeElement;
    this.find(selector).hidden = false;
    this.find(".more-open").setAttribute("aria-expanded", String(selector === ".more-sheet"));
    for (const part of this.behindSheets()) part.inert = true;
    this.find(`${selector} ${first}`).focus();
  }

  closeSheets() {
    const open = [...this.node.querySelectorAll(".sheet:not([hidden])")];
    if (!open.length) return;
    for (const sheet of open) sheet.hidden = true;
    for (const part of this.behindSheets()) part.inert = false;
    this.find(".more-open").setAttribute("aria-expanded", "false");
    this.opener?.focus();
  }

  behindSheets() {
    return this.node.querySelectorAll(".bar, .profile, .talk");
  }

  toast(words) {
    const toast = this.find(".toast");
    toast.textContent = words;
    toast.hidden = false;
    clearTimeout(this.toastEnds);
    this.toastEnds = setTimeout(() => { toast.hidden = true; }, TOAST_MS);
  }

  showMenu(menu) {
    const wanted = JSON.stringify(menu);
    if (wanted === this.menuDrawn) return;
    this.menuDrawn = wanted;
    const bar = this.find(".menu");
    bar.hidden = !menu.length;
    bar.replaceChildren(...menu.map((button) => this.menuCell(button)));
  }

  menuCell(button) {
    if (!button.sub_button?.length) return element("div", "", this.menuButton(button));
    const list = element("ul", "", ...button.sub_button.map((one) => element("li", "", this.menuButton(one))));
    list.hidden = true;
    const opener = element("button", "opener", icon("list"), button.name);
    opener.type = "button";
    opener.setAttribute("aria-expanded", "false");
    opener.addEventListener("click", () => {
      const opening = list.hidden;
      this.closeMenus();
      list.hidden = !opening;
      opener.setAttribute("aria-expanded", String(opening));
      if (opening) list.querySelector("button, a").focus();
    });
    return element("div", "", opener, list);
  }

  menuButton(button) {
    if (button.type === "view" && webAddress(button.url)) {
      const made = link(webAddress(button.url), "", button.name);
      made.addEventListener("click", () => this.tapped("view", { url: button.url }));
      return made;
    }
    const made = element("button", "", button.name);
    made.type = "button";
    made.addEventListener("click", () => {
      if (button.type === "click") {
        this.tapped("click", { key: button.key });
      } else if (button.type === "miniprogram") {
        this.tapped("page", { pagepath: button.pagepath });
        this.toast("这里会打开小程序，模拟微信还没有小程序。");
      } else if (button.type.startsWith("scancode_")) {
        this.closeMenus();
        this.openScanner(button);
      } else {
        this.closeMenus();
        this.toast("模拟微信还不支持这种菜单。");
      }
    });
    return made;
  }

  tapped(name, body) {
    this.closeMenus(true);
    this.act(name, body);
  }

  closeMenus(returnFocus = false) {
    for (const opener of this.node.querySelectorAll(".menu .opener[aria-expanded=true]")) {
      opener.setAttribute("aria-expanded", "false");
      opener.nextElementSibling.hidden = true;
      if (returnFocus) opener.focus();
    }
  }
}
