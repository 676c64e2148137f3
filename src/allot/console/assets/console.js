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

  // A browser has six connections to one server, for all of its tabs: a tab that nobody looks at gives its own back,
  // and goes on from where it was when it is looked at again.
  class Live {
    constructor(address) {
      this.address = new URL(address, location);
      this.source = null;
      this.heard = [];
      this.keep = (event) => {
        const name = ["after", "at"].find((each) => this.address.searchParams.has(each));
        if (name && event.lastEventId) this.address.searchParams.set(name, event.lastEventId);
      };
      this.turn = () => { document.hidden ? this.pause() : this.open(); };
      document.addEventListener("visibilitychange", this.turn);
      this.turn();
    }
    get readyState() { return this.source ? this.source.readyState : EventSource.CONNECTING; }
    open() {
      if (this.source) return;
      this.source = new EventSource(this.address);
      this.source.onopen = (event) => this.onopen && this.onopen(event);
      this.source.onerror = (event) => {
        if (this.readyState === EventSource.CLOSED) this.close();
        if (this.onerror) this.onerror(event);
      };
      for (const [type, listener] of this.heard) this.hear(type, listener);
    }
    hear(type, listener) {
      this.source.addEventListener(type, this.keep);
      this.source.addEventListener(type, listener);
    }
    pause() {
      if (this.source) this.source.close();
      this.source = null;
    }
    close() {
      document.removeEventListener("visibilitychange", this.turn);
      if (this.source) this.source.close();
    }
    addEventListener(type, listener) {
      this.heard.push([type, listener]);
      if (this.source) this.hear(type, listener);
    }
    removeEventListener(type, listener) {
      this.heard = this.heard.filter((each) => each[0] !== type || each[1] !== listener);
      if (this.source) this.source.removeEventListener(type, listener);
    }
  }
  if (window.htmx) htmx.createEventSource = (address) => new Live(address);
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
