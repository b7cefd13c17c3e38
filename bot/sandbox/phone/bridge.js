// What WeChat's browser adds to a page: the bridge that the JS-SDK speaks to, and the button that asks to
// be allowed a message. The product's pages load it where WeChat is simulated; then this browser tab is the
// phone of whoever logged in last.
(function () {
  "use strict";
  const phone = new URL(document.currentScript.src).origin;
  const agent = `${navigator.userAgent} MicroMessenger/8.0.50`;
  Object.defineProperty(navigator, "userAgent", { get: () => agent, configurable: true });

  async function ask(path, body) {
    const answer = await fetch(`${phone}/phone/web/${path}`, {
      method: body ? "POST" : "GET", body: body && new URLSearchParams(body), credentials: "include",
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }

  // WeChat checks the signature of a page once; what the bridge is asked for else simply works.
  async function check(given) {
    const found = await ask("verify", {
      appid: given.verifyAppId, noncestr: given.verifyNonceStr, timestamp: given.verifyTimestamp,
      signature: given.verifySignature, url: location.href.split("#")[0],
    });
    return found.errmsg;
  }

  window.WeixinJSBridge = {
    invoke(name, given, done) {
      const words = name === "preVerifyJSAPI" ? check(given) : Promise.resolve("ok");
      words.then((said) => done({ err_msg: `${name}:${said}` }), () => done({ err_msg: `${name}:fail` }));
    },
    on() {}, call() {}, subscribe() {},
  };

  function element(name, words, ...inside) {
    const made = document.createElement(name);
    made.append(...(words ? [words] : []), ...inside);
    return made;
  }

  // The popup: for whom, which messages, and the two buttons. Resolves with "accept", "reject" or "cancel".
  function popup(shown, templates) {
    const whose = element("select");
    whose.setAttribute("aria-label", "谁的手机");
    for (const person of shown.people) {
      const option = element("option", person.nickname);
      option.value = person.openid;
      option.selected = person.openid === shown.me;
      whose.append(option);
    }
    const sheet = element("dialog", "", element("h2", `${shown.account} 申请向您发送一次消息`),
      element("p", templates.join("、")), element("p", "这是模拟微信。这部手机是：", whose));
    sheet.setAttribute("aria-label", "订阅消息");
    const buttons = { 允许: "accept", 拒绝: "reject", 返回: "cancel" };
    return new Promise((resolve) => {
      for (const [words, choice] of Object.entries(buttons)) {
        const button = element("button", words);
        button.type = "button";
        button.addEventListener("click", () => sheet.close(choice));
        sheet.append(button);
      }
      sheet.addEventListener("close", () => {
        sheet.remove();
        resolve([sheet.returnValue || "cancel", whose.value]);
      });
      document.body.append(sheet);
      sheet.showModal();
    });
  }

  customElements.define("wx-open-subscribe", class extends HTMLElement {
    connectedCallback() {
      this.append(this.querySelector("template").content.cloneNode(true));
      this.addEventListener("click", () => {
        this.ask().catch(() => this.tell("error", { errMsg: "subscribe:fail" }));
      });
    }

    async ask() {
      const templates = this.getAttribute("template").split(",");
      const [status, openid] = await popup(await ask("popup"), templates);
      if (status === "cancel") return;
      await ask("subscribe", { openid, templates: templates.join(","), status });
      const details = Object.fromEntries(templates.map((name) => [name, JSON.stringify({ status })]));
      this.tell("success", { errMsg: "subscribe:ok", subscribeDetails: JSON.stringify(details) });
    }

    tell(name, detail) {
      this.dispatchEvent(new CustomEvent(name, { detail }));
    }
  });
})();
