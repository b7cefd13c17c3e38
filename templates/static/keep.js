/* What was typed into a form[data-keep] and not handed in stays on this phone for a week: when the
   page is closed, the line breaks or the server is gone, it stands there again. It is forgotten once
   another page of ours has followed on its form, or the same page says what became of it, and with
   signing out. A page that only says what went wrong (data-refused) is none: nothing was handed in. */
(function () {
  "use strict";
  var PREFIX = "kept:", WEEK = 7 * 24 * 3600 * 1000, SENT = "kept-sent";
  var store;
  try { store = window.localStorage; store.getItem(PREFIX); } catch (error) { return; }

  function read(key) {
    try {
      var found = JSON.parse(store.getItem(key) || "null");
      return found && Date.now() - found.at < WEEK ? found.fields : null;
    } catch (error) { return null; }
  }

  function fields(form) {
    return Array.prototype.filter.call(form.elements, function (field) {
      if (!field.name || /^(file|submit|button)$/.test(field.type)) return false;
      return field.type !== "hidden" || field.name === "signature";
    });
  }

  function ticked(field) { return field.type === "radio" || field.type === "checkbox"; }

  function typedInto(form) {
    var typed = {};
    fields(form).forEach(function (field) {
      if (field.type === "checkbox") typed[field.name] = (typed[field.name] || []).concat(field.checked ? field.value : []);
      else if (field.type !== "radio" || field.checked) typed[field.name] = field.value;
    });
    return typed;
  }

  function state(form) { return JSON.stringify(typedInto(form)); }

  /* With what was typed goes the version of the page it was typed on: so the server still tells what
     somebody else has changed since, and does not take what merely stood there for an answer. */
  function keep(form) {
    var typed = typedInto(form);
    if (form.elements.seen) typed.seen = form.elements.seen.value;
    try { store.setItem(key, JSON.stringify({ at: Date.now(), fields: typed })); } catch (error) { /* full */ }
  }

  /* A form with a name of its own is shown under several addresses, filled in as far as something was
     recognised: there only what is empty comes back. */
  function restore(form, typed) {
    var before = state(form);
    fields(form).forEach(function (field) {
      if (!(field.name in typed)) return;
      if (form.dataset.keep && !ticked(field) && field.value) return;
      if (ticked(field)) field.checked = [].concat(typed[field.name]).indexOf(field.value) >= 0;
      else field.value = typed[field.name];
      var folded = field.value && field.closest("details");
      if (folded) folded.open = true;
    });
    if (state(form) === before) return; // the page brought all of it by itself
    if (typed.seen) form.elements.seen.value = typed.seen;
    var said = document.createElement("p");
    said.className = "muted";
    said.setAttribute("role", "status");
    said.textContent = "已恢复您上次没有提交的内容。";
    form.insertBefore(said, form.firstChild);
  }

  function current() { return document.querySelector("form[data-keep]"); } // upload.js may bring another

  var form = current();
  var key = PREFIX + ((form && form.dataset.keep) || location.pathname);
  var sent = sessionStorage.getItem(SENT);
  var refused = document.querySelector("[data-refused]");
  var done = document.querySelector(".notice.good[role=status]"); // this very page follows on its form
  if (sent && !refused && (done || !(form && sent === key))) store.removeItem(sent);
  sessionStorage.removeItem(SENT);
  if (form) {
    var typed = read(key);
    if (typed && !document.querySelector(".faults")) restore(form, typed);
    ["input", "change", "submit"].forEach(function (kind) {
      document.addEventListener(kind, function (event) {
        if (event.target.closest("form") !== current()) return;
        keep(current());
        if (kind === "submit") sessionStorage.setItem(SENT, key);
      });
    });
    document.addEventListener("form-came-back", function () {
      keep(current());
      sessionStorage.removeItem(SENT);
    });
  }
  document.querySelectorAll('form[action="/h5/logout"], form[action="/h5/close-account"]').forEach(function (out) {
    out.addEventListener("submit", function () {
      Object.keys(store).forEach(function (one) {
        if (one.indexOf(PREFIX) === 0) store.removeItem(one);
      });
    });
  });
})();
