// What pages do besides htmx: times in the viewer's zone, copying, and the key that leads to the search.
(function () {
  "use strict";
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  function tell(root) {
    for (const each of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const at = new Date(each.dateTime);
      if (isNaN(at)) continue;
      each.title = each.textContent.trim() + " · shown in " + zone;
      each.textContent = full.format(at);
      each.dataset.local = "";
    }
    for (const each of root.querySelectorAll("button[data-copy][hidden]")) each.hidden = false;
  }

  document.addEventListener("click", async function (event) {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(document.getElementById(button.dataset.copy));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = "Selected: copy it now";
    }
    setTimeout(() => { button.textContent = said; }, 2000);
  });

  document.addEventListener("keydown", function (event) {
    const typing = event.target.closest("input, textarea, select");
    const search = document.querySelector("input[type=search]");
    if (event.key !== "/" || typing || !search || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  // A live part that lost its server says so until it is back: htmx connects again by itself.
  document.addEventListener("htmx:sseError", () => document.body.classList.add("away"));
  document.addEventListener("htmx:sseOpen", () => document.body.classList.remove("away"));
  // A row that comes twice, since a new connection began further back, is shown once.
  document.addEventListener("htmx:sseBeforeMessage", function (event) {
    const message = event.detail;
    if (message.type === "row" && document.getElementById("r-" + message.lastEventId)) event.preventDefault();
  });
  // A table that grows by itself keeps its newest rows.
  document.addEventListener("htmx:sseMessage", function (event) {
    const most = Number(event.target.dataset.most);
    while (most && event.target.rows.length > most) event.target.deleteRow(-1);
  });
  // A page that says what is wrong is shown as well.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr && event.detail.xhr.status >= 400) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:load", (event) => tell(event.detail.elt));
  tell(document);
})();
