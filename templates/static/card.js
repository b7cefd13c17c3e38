/* The card that is shown to others: its time goes on, so that a screenshot can be told from it.
   It counts from the server's time, never from the phone's clock; without a script the time of
   opening stands there. After ten minutes what it says may be old, and it says so. */
(function () {
  "use strict";

  var shown = document.querySelector("[data-ticking]");
  if (!shown) return;
  var words = document.querySelector("[data-words]");
  var opened = Date.parse(shown.dateTime);
  var since = performance.now();
  var fresh = 600000;

  function two(number) {
    return (number < 10 ? "0" : "") + number;
  }

  function tick() {
    var gone = performance.now() - since;
    if (gone > fresh) {
      words.textContent = "请刷新本页，打开时间";
      return;
    }
    var at = new Date(opened + gone + 8 * 3600000); /* read as UTC: the time of Beijing */
    words.textContent = "现在时间";
    shown.textContent = at.getUTCFullYear() + "-" + two(at.getUTCMonth() + 1) + "-" + two(at.getUTCDate()) +
      " " + two(at.getUTCHours()) + ":" + two(at.getUTCMinutes()) + ":" + two(at.getUTCSeconds());
    setTimeout(tick, 1000 - (gone % 1000));
  }
  tick();
})();
