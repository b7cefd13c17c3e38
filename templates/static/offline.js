// Checks a token without us: keys and list of states as they were published, kept on this device.
// The format stands in bot/domain/certificate_token.md; nothing here asks our server about a token.

const KEPT = "certificates-kept-1";
const DAY = 86400000;
const SKEW = 300000; // clocks of phones are a little wrong
const EPOCH = Date.UTC(2020, 0, 1);
const NUMBER = /^[0-9]{4}[A-Z]{3}[A-Z0-9]{3}[0-9]{5,7}$/;
const CODE = /^[0-9A-HJ-NP-RT-UW-Y]{18}$/;
const $ = (id) => document.getElementById(id);
const base = $("stock").dataset.base;
const utf8 = (text) => new TextEncoder().encode(text);

function bytesOf(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new Error("letters");
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat(-text.length & 3));
  const bytes = Uint8Array.from(plain, (one) => one.charCodeAt(0));
  if (textOf(bytes) !== text) throw new Error("not canonical");
  return bytes;
}

function textOf(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

function take(url, bases) {
  const parts = new URL(url.trim());
  const tokens = parts.searchParams.getAll("t");
  const number = parts.pathname.replace(/^\/v\//, "");
  if (!bases.includes(parts.origin) || parts.pathname !== `/v/${number}` || !NUMBER.test(number)) throw new Error("address");
  if (tokens.length !== 1) throw new Error("token");
  return { base: parts.origin, number, token: tokens[0] };
}

function claimOf(payload) {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (payload[0] !== 1) throw new Error("version");
  const texts = [];
  let at = 19;
  for (const [unit, coding] of [[1, "ascii"], [1, "ascii"], [1, "ascii"], [2, "utf-16be"]]) {
    const end = at + 1 + payload[at] * unit;
    if (!(end <= payload.length)) throw new Error("length");
    const part = payload.subarray(at + 1, end);
    if (unit === 1 && part.some((one) => one > 127)) throw new Error("ascii");
    texts.push(new TextDecoder(coding === "ascii" ? "utf-8" : coding, { fatal: true, ignoreBOM: true }).decode(part));
    at = end;
  }
  if (at !== payload.length) throw new Error("too long");
  const [scheme, level, code, name] = texts;
  const first = view.getUint16(15), last = view.getUint16(17);
  if (last < first || !CODE.test(code)) throw new Error("content");
  return { key: view.getUint16(1), position: view.getUint32(11), first, last, scheme, level, code, name };
}

async function verified(jwk, signature, message) {
  const { kty, crv, x } = jwk;
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
}

const keyOf = (kept, number, purpose) =>
  kept.keys.keys.find((key) => key.kid === String(number) && key.purpose === purpose && Date.parse(key.verify_until) > Date.now());

const dayOf = (instant) => Math.floor((instant + 8 * 3600000 - EPOCH) / DAY); // in Beijing

async function listOf(kept) {
  const [head, body, signature] = kept.list.split(".");
  const { alg, kid } = JSON.parse(new TextDecoder().decode(bytesOf(head)));
  const key = alg === "EdDSA" && keyOf(kept, kid, "status");
  if (!key || key.compromised_from || !(await verified(key, bytesOf(signature), utf8(`${head}.${body}`)))) throw new Error("list");
  const credential = JSON.parse(new TextDecoder().decode(bytesOf(body)));
  const made = Date.parse(credential.validFrom);
  if (!(made <= Date.now() + SKEW) || (key.signs_until && made > Date.parse(key.signs_until))) throw new Error("list");
  const packed = bytesOf(credential.credentialSubject.encodedList.slice(1));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bits = new Uint8Array(await new Response(stream).arrayBuffer());
  return { made, of: (at) => (bits[at >> 2] >> (6 - (at & 3) * 2)) & 3 };
}

async function check(url, kept) {
  let given, payload, signature, claim;
  try {
    given = take(url, [base, ...(kept.keys.former_issuers || [])]);
    const whole = bytesOf(given.token);
    payload = whole.slice(0, -64);
    signature = whole.slice(-64);
    claim = claimOf(payload);
  } catch {
    return { tone: "bad", word: "签名不符", words: "这段内容不是协会签发的证书。" };
  }
  const key = keyOf(kept, claim.key, "certificate");
  const signed = utf8(`credit-certificate/1\n${given.base}/v/${given.number}\n`);
  const message = new Uint8Array([...signed, ...payload]);
  if (!key || !(await verified(key, signature, message))) {
    return { tone: "bad", word: "签名不符", words: "签名与协会的公钥不符，或者内容被改动过。" };
  }
  const shown = { ...given, ...claim, schemes: kept.keys.schemes, test: key.test };
  if (key.compromised_from) {
    return { tone: "ours", word: "不能离线核验", words: "签发它的密钥已经停用，请在有网络时核验。", shown };
  }
  if (key.signs_until && claim.first > dayOf(Date.parse(key.signs_until))) {
    return { tone: "bad", word: "签名不符", words: "签发日期晚于密钥停用的日期。" };
  }
  return { ...(await state(claim, kept)), shown };
}

async function state(claim, kept) {
  let list;
  try {
    list = await listOf(kept);
  } catch {
    return { tone: "ours", word: "不能离线核验", words: "签名正确，但存下的状态名单不可信，请在有网络时核验。" };
  }
  const since = age(list.made);
  const found = list.of(claim.position);
  if (found === 2) return { tone: "bad", word: "已撤销", words: "签名正确，但证书已经撤销或注销。" };
  if (found === 3) return { tone: "over", word: "已被替换", words: "签名正确，但已换发新证书。" };
  if (dayOf(Date.now()) > claim.last) return { tone: "over", word: "已过期", words: "签名正确，但有效期已经结束。" };
  if (Date.now() - list.made > DAY) return { tone: "ours", word: "真实，状态未更新", words: `签名正确。状态名单是${since}的，现在是否有效请在有网络时再查。` };
  if (found === 1) return { tone: "wait", word: "已暂停或年审到期", words: `签名正确，但在${since}的名单里已经暂停，或者年审到期。` };
  return { tone: "good", word: "有效", words: `签名正确，在有效期内；${since}的名单里没有暂停、年审到期或撤销。` };
}

function age(at) {
  const minutes = Math.max(0, Math.round((Date.now() - at) / 60000));
  if (minutes < 60) return `${minutes} 分钟前`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} 小时前` : `${Math.round(minutes / 1440)} 天前`;
}

const day = (number) => new Date(EPOCH + number * DAY).toISOString().slice(0, 10);

function element(name, words, kind) {
  const made = document.createElement(name);
  made.textContent = words;
  if (kind) made.className = kind;
  return made;
}

function show(found) {
  const box = $("result");
  box.replaceChildren();
  const verdict = element("section", "", `verdict ${found.tone}`);
  verdict.append(element("h2", found.word), element("p", found.words));
  box.append(verdict);
  if (!found.shown) return;
  if (found.shown.test) verdict.append(element("p", "示范文本，不具有任何效力", "worthless"));
  const { number, code, name, level, scheme, schemes, first, last } = found.shown;
  const rows = [["企业名称", name], ["等级", level], ["证书编号", number], ["信用代码", code],
    ["评价项目", (schemes[scheme] || { name: scheme }).name], ["有效期", `${day(first)} 至 ${day(last)}`]];
  const card = element("section", "", "card"), list = element("dl", "", "facts");
  for (const [term, words] of rows.filter((row) => row[1])) {
    const row = document.createElement("div");
    row.append(element("dt", term), element("dd", words));
    list.append(row);
  }
  card.append(element("h2", "请与手里的证书逐项对照"), list);
  box.append(card);
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

async function tell(kept) {
  if (!kept) return;
  $("keys-age").textContent = `${kept.keys.keys.length} 把，${age(kept.at)}取得`;
  try {
    $("list-age").textContent = `${age((await listOf(kept)).made)}的名单`;
  } catch {
    $("list-age").textContent = "不可信，请在有网络时重新打开本页";
  }
}

// The page itself stays on this device too; where a browser cannot do that, it must stay open.
async function stay() {
  try {
    await navigator.serviceWorker.register("/certificates/offline.js", { scope: "/certificates/offline" });
    await navigator.serviceWorker.ready;
    return true;
  } catch {
    return false;
  }
}

async function renew() {
  const stays = stay();
  try {
    const [keys, list] = await Promise.all(["/certificates/keys.json", "/certificates/status.jwt"].map((place) => fetch(place, { cache: "no-cache" })));
    if (!keys.ok || !list.ok) throw new Error("not ready");
    const kept = { at: Date.now(), keys: await keys.json(), list: await list.text() };
    await listOf(kept);
    localStorage.setItem(KEPT, JSON.stringify(kept));
    $("stock-note").textContent = (await stays)
      ? "已更新，没有网络时也能打开本页。"
      : "已更新。这个浏览器不能保存网页，没有网络时请不要关闭本页。";
  } catch {
    $("stock-note").textContent = read() ? "现在连不上，使用上次存下的。" : "现在连不上，也没有存过，请在有网络时再打开。";
  }
  await tell(read());
}

async function able() {
  try {
    await crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }, { name: "Ed25519" }, false, ["verify"]);
    return typeof DecompressionStream === "function";
  } catch {
    return false;
  }
}

$("check").addEventListener("submit", async (event) => {
  event.preventDefault();
  const kept = read();
  if (!kept) {
    show({ tone: "ours", word: "暂时无法核验", words: "这台设备还没有存下公钥，请在有网络时打开一次本页。" });
    return;
  }
  show(await check($("code").value, kept));
});

if (await able()) {
  await renew();
} else {
  $("stock-note").textContent = "这个浏览器太旧，不能核对这种签名。请换新版的 Chrome、Edge、Safari 或 Firefox，或者在线核验。";
  $("check").hidden = true;
}
document.documentElement.dataset.ready = "";
