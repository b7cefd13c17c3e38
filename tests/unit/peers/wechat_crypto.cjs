// Two WeChat codecs that are not ours: they open what we sealed and seal what we shall open.
// In: JSON on stdin {token, key, appid, opens: [{encrypted, timestamp, nonce}…], seals: [{plain, timestamp, nonce}…]}; out: JSON.
const WXBizMsgCrypt = require("wechat-crypto");
const wecom = require("@wecom/crypto");

const { token, key, appid, opens, seals } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const first = new WXBizMsgCrypt(token, key, appid);
const peers = {
  "wechat-crypto": {
    open: (encrypted) => first.decrypt(encrypted),
    seal: (plain) => first.encrypt(plain),
    sign: (timestamp, nonce, encrypted) => first.getSignature(timestamp, nonce, encrypted),
  },
  "@wecom/crypto": {
    open: (encrypted) => wecom.decrypt(key, encrypted),
    seal: (plain) => wecom.encrypt(key, plain, appid),
    sign: (timestamp, nonce, encrypted) => wecom.getSignature(token, timestamp, nonce, encrypted),
  },
};

const answer = {};
for (const [name, peer] of Object.entries(peers)) {
  answer[name] = {
    opened: opens.map(({ encrypted, timestamp, nonce }) => {
      const { message, id } = peer.open(encrypted);
      return { plain: message, appid: id, signature: peer.sign(timestamp, nonce, encrypted) };
    }),
    sealed: seals.map(({ plain, timestamp, nonce }) => {
      const encrypted = peer.seal(plain);
      return { encrypted, signature: peer.sign(timestamp, nonce, encrypted) };
    }),
  };
}
process.stdout.write(JSON.stringify(answer));
