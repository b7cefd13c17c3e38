/* On every page: one submit a press, and large print without leaving what is being typed.
   Nothing here is needed; without a script the server does the same. */
(function () {
  "use strict";

  /* A second press while the first is on its way is dropped. The button is not disabled,
     for then its own name and value would not be sent. */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    var button = event.submitter;
    if (button) {
      button.setAttribute("aria-disabled", "true");
      button.classList.add("busy");
    }
    if (form.dataset.upload === undefined) setTimeout(release, 15000);
  });

  /* Whoever comes back with the back button may send again, and so may whoever still waits here
     after a while: the answer was a download, or none came. */
  function release() {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
    });
    document.querySelectorAll(".busy").forEach(function (button) {
      button.removeAttribute("aria-disabled");
      button.classList.remove("busy");
    });
  }
  window.addEventListener("pageshow", release);

  /* A page that the back button brings back whole still has the number of what was asked for from
     it: the next thing asked for needs a new one. */
  window.addEventListener("pageshow", function (event) {
    if (event.persisted && document.querySelector("input[type=hidden][name=number]")) {
      window.location.reload();
    }
  });

  /* A photo that only fills in the form is read as soon as it is chosen: it presses its button. */
  document.addEventListener("change", function (event) {
    var field = event.target;
    if (field.dataset.read !== undefined && field.files.length) {
      field.closest(".card").querySelector("button").click();
    }
  });

  /* A link to something folded opens it. */
  function unfold() {
    var one = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    var folded = one && one.closest("details");
    if (folded) folded.open = true;
  }
  window.addEventListener("hashchange", unfold);
  unfold();

  /* The switch to large print: the server keeps the choice, the page changes where it stands. */
  var choice = document.querySelector('form[action="/care"]');
  if (choice) {
    choice.addEventListener("submit", function (event) {
      event.preventDefault();
      var button = choice.elements.on;
      var large = button.value === "1";
      var sent = new URLSearchParams(new FormData(choice));
      sent.set("on", button.value);
      fetch("/care", { method: "POST", body: sent, redirect: "manual", keepalive: true });
      document.documentElement.toggleAttribute("data-care", large);
      if (large) document.body.setAttribute("data-weui-mode", "care");
      else document.body.removeAttribute("data-weui-mode");
      button.value = large ? "0" : "1";
      button.textContent = large ? "标准版" : "大字版";
    });
  }
})();
