/* A form with data-upload sends its files with a bar that grows, and can be called off. Without this
   script the browser sends the same form itself. With data-parts as well (bot/handlers/api/files.py)
   the files go ahead one by one in parts: what has arrived is not sent again, neither after the
   network was gone nor after the page was opened anew and the same file chosen. */
(function () {
  "use strict";

  var LOST = new Error("网络断了，选好的文件还在，请再提交一次。");
  var STOPPED = new Error("已停止上传，选好的文件还在。已经传完的部分不用重传。");
  var WAITS = [1, 2, 4, 8, 15, 30, 60];
  var SOON = ["wrong_offset", "in_progress"]; // what was sent before has not been answered yet

  function start(form) {
    var template = document.getElementById("upload-bar");
    if (form.dataset.parts) remind(form);
    form.addEventListener("submit", function (event) {
      var chosen = Array.prototype.some.call(form.querySelectorAll("input[type=file]"), function (input) {
        return input.files.length > 0;
      });
      if (event.defaultPrevented || form.dataset.sent || !chosen) return;
      event.preventDefault();
      var bar = template.content.firstElementChild.cloneNode(true);
      var many = form.querySelector("input[type=file]").files.length;
      if (many > Number(form.dataset.most)) refuse(form, bar, "一次最多选 " + form.dataset.most +
        " 个文件，您选了 " + many + " 个。请少选几个，或合并成一个 PDF 再上传。");
      else if (form.dataset.parts) ahead(form, event.submitter, bar);
      else send(form, event.submitter, bar);
    });
  }

  function refuse(form, bar, sentence) {
    var old = form.querySelector(".upload");
    if (old) old.remove();
    form.append(bar);
    bar.querySelector("progress").hidden = true;
    bar.querySelector("button").hidden = true;
    bar.querySelector("[role=status]").textContent = sentence;
    setTimeout(function () { // keep.js hears of the submit itself only after this
      document.dispatchEvent(new Event("form-came-back"));
    });
  }

  function send(form, submitter, bar) {
    var body = new FormData(form);
    if (submitter && submitter.name) body.append(submitter.name, submitter.value);
    var request = new XMLHttpRequest();
    var words = bar.querySelector("[role=status]");
    var progress = bar.querySelector("progress");

    function over(sentence) {
      delete form.dataset.sent;
      progress.hidden = true;
      bar.querySelector("button").hidden = true;
      words.textContent = sentence;
      document.dispatchEvent(new Event("form-came-back")); // keep.js
    }

    var old = form.querySelector(".upload");
    if (old) old.remove();
    form.dataset.sent = "1";
    form.append(bar);
    bar.querySelector("button").addEventListener("click", function () { request.abort(); });
    request.upload.addEventListener("progress", function (event) {
      if (!event.lengthComputable) return;
      progress.value = event.loaded / event.total;
      words.textContent = event.loaded < event.total
        ? "已上传 " + Math.floor(100 * event.loaded / event.total) + "%"
        : "已传完，正在检查文件……";
    });
    request.addEventListener("abort", function () { over("已停止上传，选好的文件还在。"); });
    request.addEventListener("error", function () { over("网络断了，选好的文件还在，请再提交一次。"); });
    // A button with an address of its own fills the form in: its answer is this form again.
    var filling = Boolean(submitter && submitter.hasAttribute("formaction"));
    request.addEventListener("load", function () { arrive(request, over, filling); });
    request.open("POST", filling ? submitter.formAction : form.action);
    request.setRequestHeader("Accept", "text/html");
    request.setRequestHeader("X-Upload", "1"); // what was said over the redirect waits for the next page
    request.send(body);
  }

  /* Every file in its parts, then the form with their numbers instead of the files. */
  function ahead(form, submitter, bar) {
    var input = form.querySelector("input[type=file]");
    var files = Array.prototype.slice.call(input.files);
    var words = bar.querySelector("[role=status]");
    var progress = bar.querySelector("progress");
    var call = { request: null, stopped: false };
    var old = form.querySelector(".upload");
    if (old) old.remove();
    form.dataset.sent = "1";
    form.append(bar);
    bar.querySelector("button").addEventListener("click", function () {
      call.stopped = true;
      if (call.request) call.request.abort();
    });

    function say(index, share) {
      progress.value = share;
      words.textContent = (files.length > 1 ? "第 " + (index + 1) + " 个，共 " + files.length + " 个：" : "") +
        (share < 1 ? "已上传 " + Math.floor(100 * share) + "%" : "已传完，正在检查文件……");
    }

    var kept = [];
    files.reduce(function (before, file, index) {
      return before.then(function () {
        return whole(form, file, call, function (share) { say(index, share); }, function () {
          words.textContent = "网络断了，正在重新连接，请不要关闭页面……";
        });
      }).then(function (id) { kept.push(id); });
    }, Promise.resolve()).then(function () {
      var numbers = form.querySelector("input[name=kept]");
      numbers.value = kept.join(",");
      input.disabled = true;
      delete form.dataset.sent;
      send(form, submitter, bar.cloneNode(true));
      input.disabled = false;
      numbers.value = "";
    }, function (problem) {
      delete form.dataset.sent;
      progress.hidden = true;
      bar.querySelector("button").hidden = true;
      words.textContent = problem.message;
      document.dispatchEvent(new Event("form-came-back")); // keep.js
    });
  }

  /* One file, from where it stopped; its number is remembered until it has arrived. */
  function whole(form, file, call, say, lost) {
    return file.arrayBuffer().then(function (data) {
      var key = "upload:" + form.dataset.parts + ":" + form.dataset.kind + ":" + data.byteLength + ":" + mark(data);
      var known = remembered(key);
      var id = known ? known.id : number();
      remember(key, { id: id, name: file.name, page: window.location.pathname });
      var place = form.dataset.parts + "/" + id;
      var plan = JSON.stringify({ kind: form.dataset.kind, name: file.name, bytes: data.byteLength });

      function step(state) {
        if (state.file) return state.file.id;
        var from = state.received;
        say(from / state.bytes);
        if (from === state.bytes) {
          return ask(call, "POST", place + "/finish", "{}", { "Content-Type": "application/json", "Idempotency-Key": id })
            .then(function (done) { return done.id; });
        }
        var part = data.slice(from, from + state.part_bytes);
        var kind = { "Content-Type": "application/octet-stream" };
        return ask(call, "PUT", place + "/parts/" + from, part, kind, function (sent) {
          say(Math.min((from + sent) / state.bytes, 0.99));
        }).then(step);
      }

      function attempt(turn) {
        return ask(call, "PUT", place, plan, { "Content-Type": "application/json" }).then(step).catch(function (problem) {
          if (problem !== LOST || turn === WAITS.length) throw problem;
          lost();
          return pause(WAITS[turn], call).then(function () { return attempt(turn + 1); });
        });
      }

      return attempt(0).then(function (file_id) {
        forget(key);
        return file_id;
      }, function (problem) {
        if (problem !== LOST && problem !== STOPPED) forget(key);
        throw problem;
      });
    });
  }

  function ask(call, method, path, body, headers, sent) {
    return new Promise(function (resolve, reject) {
      if (call.stopped) { reject(STOPPED); return; }
      var request = call.request = new XMLHttpRequest();
      request.open(method, path);
      request.timeout = 120000;
      Object.keys(headers).forEach(function (name) { request.setRequestHeader(name, headers[name]); });
      request.upload.addEventListener("progress", function (event) { if (sent) sent(event.loaded); });
      request.addEventListener("abort", function () { reject(STOPPED); });
      request.addEventListener("error", function () { reject(LOST); });
      request.addEventListener("timeout", function () { reject(LOST); });
      request.addEventListener("load", function () {
        var answer = {};
        try { answer = JSON.parse(request.responseText); } catch (_) { answer = {}; }
        var code = answer.error && answer.error.code;
        if (request.status < 300) resolve(answer);
        else if (request.status >= 500 || request.status === 429 || SOON.indexOf(code) >= 0) reject(LOST);
        else reject(new Error(answer.error ? answer.error.message : "没有传上去，请再提交一次。"));
      });
      request.send(body);
    });
  }

  function pause(seconds, call) {
    return new Promise(function (resolve) {
      var over = function () { window.removeEventListener("online", over); resolve(); };
      window.addEventListener("online", over);
      window.setTimeout(over, call.stopped ? 0 : 1000 * seconds);
    });
  }

  function remind(form) {
    var left = Object.keys(stored()).map(remembered).filter(function (one) {
      return one && one.page === window.location.pathname;
    });
    if (!left.length) return;
    var hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = "“" + left[0].name + "”上次没有传完。再选同一个文件，会从断的地方接着传。";
    form.insertBefore(hint, form.firstChild);
  }

  /* A phone gives every photograph the same name and a new day: it is known by what is in it. */
  function mark(data) {
    var hash = 2166136261;
    var bytes = new Uint8Array(data);
    for (var at = 0; at < bytes.length; at += 1) hash = Math.imul(hash ^ bytes[at], 16777619);
    return (hash >>> 0).toString(16);
  }

  function number() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 15 | 64;
    bytes[8] = bytes[8] & 63 | 128;
    var text = Array.prototype.map.call(bytes, function (one) { return (256 + one).toString(16).slice(1); }).join("");
    return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  function stored() { // a browser may keep nothing: then a file begins anew after a reload
    try { return window.localStorage; } catch (_) { return {}; }
  }
  function remembered(key) {
    if (key.indexOf("upload:") !== 0) return null;
    try { return JSON.parse(stored()[key] || "null"); } catch (_) { return null; }
  }
  function remember(key, value) { try { stored()[key] = JSON.stringify(value); } catch (_) { return; } }
  function forget(key) { try { delete stored()[key]; } catch (_) { return; } }

  /* Taken: go where the server led. Refused, or filled in: the form again, or one sentence here. */
  function arrive(request, over, filling) {
    if (request.status < 400 && !filling) {
      window.location.assign(request.responseURL);
      return;
    }
    var page = new DOMParser().parseFromString(request.responseText, "text/html");
    if (!page.querySelector("form[data-upload]")) {
      var said = page.querySelector(".verdict p");
      over(said ? said.textContent : "没有传上去，请再提交一次。");
      return;
    }
    var main = document.importNode(page.querySelector("main"), true);
    document.querySelector("main").replaceWith(main);
    document.title = page.title;
    main.querySelectorAll("form[data-upload]").forEach(start);
    document.dispatchEvent(new Event("form-came-back")); // keep.js
    var faults = main.querySelector(".faults") || main;
    faults.focus();
    faults.scrollIntoView();
  }

  document.querySelectorAll("form[data-upload]").forEach(start);
})();
