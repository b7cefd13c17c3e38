/* What only WeChat can do: a card when the page is shared, its scanner behind a button, its own button
   that allows us a notice. The page says what is wanted:
   <div data-share data-title="…" data-text="…" data-image="/a/…">,
   <button type="button" data-scan data-into="f-number" hidden>, or
   <div data-allow="template,template" data-words="…" data-done="…" hidden>.
   Elsewhere nothing more is loaded. */
(function () {
  "use strict";
  var here = document.currentScript;
  var share = document.querySelector("[data-share]");
  var scans = document.querySelectorAll("[data-scan]");
  var allows = document.querySelectorAll("[data-allow]");
  if (!/MicroMessenger/i.test(navigator.userAgent) || !(share || scans.length || allows.length)) return;

  // WeChat draws this button itself and asks the person; what they chose reaches us by its event.
  function offer(place) {
    var tag = document.createElement("wx-open-subscribe");
    var look = document.createElement("template");
    var button = document.createElement("button");
    tag.setAttribute("template", place.dataset.allow);
    button.type = "button";
    button.className = "weui-btn weui-btn_default main";
    button.textContent = place.dataset.words;
    look.content.append(button);
    tag.append(look);
    tag.addEventListener("success", function (event) {
      var chosen = JSON.stringify(event.detail || {});
      if (chosen.indexOf("accept") < 0) return;
      tag.remove();
      place.setAttribute("role", "status");
      place.append(place.dataset.done);
    });
    place.append(tag);
    place.hidden = false;
  }

  function ready(wx) {
    wx.ready(function () {
      allows.forEach(offer);
      if (share) {
        var card = {
          title: share.dataset.title,
          desc: share.dataset.text,
          link: new URL(share.dataset.link || window.location.href, window.location.href).href,
          imgUrl: new URL(share.dataset.image, window.location.href).href,
        };
        wx.updateAppMessageShareData(card);
        wx.updateTimelineShareData({ title: card.title, link: card.link, imgUrl: card.imgUrl });
      }
      scans.forEach(function (button) {
        button.hidden = false;
        button.addEventListener("click", function () {
          wx.scanQRCode({ needResult: 1, scanType: ["qrCode"], success: function (found) {
            var field = document.getElementById(button.dataset.into);
            field.value = found.resultStr;
            field.form.requestSubmit();
          } });
        });
      });
    });
  }

  function configure(signed) {
    var wx = window.module.exports;
    wx.config(Object.assign({ debug: false, jsApiList: [
      "updateAppMessageShareData", "updateTimelineShareData", "scanQRCode",
    ], openTagList: allows.length ? ["wx-open-subscribe"] : [] }, signed));
    ready(wx);
  }

  var script = document.createElement("script");
  window.module = {}; // the package was made for bundlers: it expects one to fill
  script.src = here.dataset.sdk;
  script.onload = function () {
    fetch("/api/js-sdk?url=" + encodeURIComponent(window.location.href.split("#")[0]))
      .then(function (answer) { return answer.ok ? answer.json() : Promise.reject(answer.status); })
      .then(configure)
      .catch(function () { /* the page is whole without it */ });
  };
  document.head.append(script);
})();
