/* Saves each answer as it is given, and keeps what is folded away out of the form. Without a script
   the buttons of the page save the same. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-autosave]");
  if (!form) return;
  var told = document.querySelector("[data-saved]");
  var count = document.querySelector("[data-answered]");
  var waiting = false;
  var again = false;

  function say(words) {
    if (told) told.textContent = words ? "，" + words : "";
  }

  /* Whoever says "no" after having filled in something keeps it on the page, but does not send it. */
  function fold(card) {
    var more = card.querySelector(".more");
    var chosen = card.querySelector('input[name$=".has"]:checked');
    if (!more) return;
    var off = chosen !== null && chosen.value !== "yes";
    more.querySelectorAll("input, select").forEach(function (field) {
      field.disabled = off;
    });
    more.hidden = off;
  }

  function save() {
    if (waiting) {
      again = true;
      return;
    }
    waiting = true;
    var sent = new URLSearchParams(new FormData(form));
    sent.set("do", "save");
    fetch(form.action || location.href, {
      method: "POST",
      body: sent,
      headers: { Accept: "application/json" },
    })
      .then(function (answer) {
        return answer.json().then(function (body) {
          if (answer.ok) {
            form.elements.seen.value = body.seen;
            if (count) count.textContent = body.answered;
            say("已保存");
          } else {
            say(body.error.message);
          }
        });
      })
      .catch(function () {
        say("网络不通，点“下一页”时会再保存");
      })
      .then(function () {
        waiting = false;
        if (again) {
          again = false;
          save();
        }
      });
  }

  document.querySelectorAll(".asked").forEach(fold);
  form.addEventListener("change", function (event) {
    var card = event.target.closest(".asked");
    if (card) fold(card);
    save();
  });
  /* The page is left by a button: what is on its way would come second and say "overtaken". */
  form.addEventListener("submit", function () {
    again = false;
  });
})();
