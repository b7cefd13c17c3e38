/* Handwriting on a canvas (kit.signature). The strokes are what is sent: [{points: [{x, y, time}]}],
   in the pixels of a box 600 wide and 300 high, whatever the size of the screen. */
(function () {
  "use strict";
  var WIDE = 600, FEWEST = 20; // bot/domain/handwriting.py refuses less

  function scaled(strokes, factor) {
    return strokes.map(function (stroke) {
      return {
        penColor: "#111",
        points: stroke.points.map(function (point) {
          return {
            x: Math.round(point.x * factor * 100) / 100,
            y: Math.round(point.y * factor * 100) / 100,
            time: Math.round(point.time),
            pressure: 0.5,
          };
        }),
      };
    });
  }

  function kept(strokes, factor) {
    return scaled(strokes, factor).map(function (stroke) {
      return {
        points: stroke.points.map(function (point) {
          return { x: point.x, y: point.y, time: point.time };
        }),
      };
    });
  }

  function start(box) {
    var canvas = box.querySelector("canvas");
    var field = box.querySelector("input");
    var fault = box.querySelector(".fault");
    var pad = new SignaturePad(canvas, { penColor: "#111", minWidth: 1, maxWidth: 3 });
    var shown = 0;

    function strokes() {
      try { return JSON.parse(field.value || "[]"); } catch (error) { return []; }
    }

    /* The canvas follows the box: when the phone is turned, the writing is drawn again in proportion. */
    function fit() {
      var width = canvas.clientWidth;
      if (!width || width === shown) return;
      shown = width;
      var ratio = Math.max(window.devicePixelRatio || 1, 1);
      canvas.width = width * ratio;
      canvas.height = (width / 2) * ratio;
      canvas.getContext("2d").scale(ratio, ratio);
      pad.maxWidth = 3 * width / WIDE + 1;
      pad.clear();
      pad.fromData(scaled(strokes(), width / WIDE));
    }

    function keep() {
      field.value = pad.isEmpty() ? "" : JSON.stringify(kept(pad.toData(), WIDE / shown));
      fault.hidden = true;
      field.dispatchEvent(new Event("input", { bubbles: true })); // keep.js holds on to it
    }

    pad.addEventListener("endStroke", keep);
    box.querySelector("[data-again]").addEventListener("click", function () {
      pad.clear();
      keep();
    });
    field.form.addEventListener("submit", function (event) {
      var points = strokes().reduce(function (sum, stroke) { return sum + stroke.points.length; }, 0);
      if (points >= FEWEST || (event.submitter && event.submitter.formNoValidate)) return;
      event.preventDefault();
      fault.hidden = false;
      box.scrollIntoView({ block: "center" });
      canvas.focus();
    });
    window.addEventListener("resize", fit);
    new ResizeObserver(fit).observe(canvas);
    fit();
    box.classList.add("ready");
  }

  if (window.SignaturePad) document.querySelectorAll("[data-signature]").forEach(start);
})();
