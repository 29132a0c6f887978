// The check sheet saves each answer as it is given, and keeps it on this device until the service has it.
// Without this script the page has a Save button and does the same.

const sheet = document.getElementById("sheet");
if (sheet) begin(sheet);

function begin(form) {
  const at = (id) => document.getElementById(id);
  const net = at("net");
  const mine = `winnow ${form.dataset.person} `; // answers of one person are never sent for another
  const page = form.getAttribute("action");
  let trying = false; // what if: taps change nothing
  let keyed = false; // arrow keys pass over answers nobody means
  let sending = false;
  let failures = 0;
  let timer;

  // The device's clock may be wrong: what it is off by, from the moment the service made this page.
  const { requestStart, responseStart } = performance.getEntriesByType("navigation")[0];
  const off = Date.parse(form.dataset.now) - (Date.now() - performance.now() + (requestStart + responseStart) / 2);

  /* The queue: an entry a key, so that two tabs do not overwrite each other's. */
  const memory = new Map(); // where nothing can be kept on the device
  const queue = {
    keys: () => [...new Set([...Object.keys(localStorage), ...memory.keys()])].filter((key) => key.startsWith(mine)).sort(),
    read: (key) => JSON.parse(memory.get(key) ?? localStorage.getItem(key)),
    put(key, entry) {
      try { localStorage.setItem(key, JSON.stringify(entry)); } catch { memory.set(key, JSON.stringify(entry)); }
    },
    drop(key) { memory.delete(key); localStorage.removeItem(key); },
    entries: () => queue.keys().map((key) => [key, queue.read(key)]).filter(([, entry]) => entry),
  };
  const ofThisPage = () => queue.entries().filter(([, entry]) => entry.page === page);
  const notBefore = new Map();

  const mark = (item, text) => { const place = at(`state-${item}`); if (place) place.textContent = text; };
  const radios = (item) => form.querySelectorAll(`input[name="a.${CSS.escape(item)}"]`);
  const note = (item) => form.elements[`e.${item}`];
  const number = (item) => form.elements[`n.${item}`];

  function setAnswer(item, value) {
    const typed = number(item);
    const plain = value === "" || value === "unknown";
    if (typed) typed.value = plain ? "" : value;
    for (const radio of radios(item)) radio.checked = radio.value === (typed && !plain ? "number" : value);
  }

  function answerOf(item) {
    const value = [...radios(item)].find((radio) => radio.checked)?.value ?? "";
    return value === "number" ? number(item).value : value;
  }

  /* An answer is given. */
  function give(item, value) {
    for (const [key, entry] of ofThisPage()) {
      if (entry.item !== item) continue;
      if (entry.refused || notBefore.get(key) > Date.now()) queue.drop(key); // mended, or passed over within a moment
    }
    const last = queue.keys().at(-1)?.slice(mine.length).split(" ")[0] ?? 0;
    const seen = Math.max(Math.round(Date.now() + off), Number(last) + 1);
    const tap = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
    const fields = { [`a.${item}`]: value, version: form.elements.version.value, seen: form.elements.seen.value, tap };
    if (!("closed" in form.dataset)) fields.at = new Date(seen).toISOString();
    if (note(item).value.trim() && value !== "") { fields[`e.${item}`] = note(item).value; note(item).value = ""; }
    const key = `${mine}${String(seen).padStart(15, "0")} ${tap}`;
    const label = at(`item-${item}`).querySelector("legend").textContent.trim();
    queue.put(key, { page, item, label, value, fields });
    count();
    if (keyed) notBefore.set(key, Date.now() + 700);
    mark(item, "saving…");
    flush();
  }

  /* Sending: one after the other, in the order they were given, until the service has them. */
  async function flush() {
    if (sending) return;
    sending = true;
    clearTimeout(timer);
    try {
      for (const [key, entry] of queue.entries()) {
        if (entry.refused) continue;
        const hold = (notBefore.get(key) ?? 0) - Date.now();
        if (hold > 0) { timer = setTimeout(flush, hold); break; }
        if (!localStorage.getItem(key) && !memory.has(key)) continue;
        if (!(await send(key, entry))) break;
      }
    } finally { sending = false; }
    const left = queue.entries().filter(([key, entry]) => !entry.refused && !(notBefore.get(key) > Date.now()));
    if (left.length && !failures) return flush();
    tell();
  }

  async function post(path, fields) {
    const body = new URLSearchParams({ ...fields, form_token: form.elements.form_token.value, live: "1" });
    return fetch(path, { method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(15000) });
  }

  async function send(key, entry) {
    let reply, text;
    try {
      reply = await post(entry.page, entry.fields);
      text = await reply.text();
    } catch { return later("No connection."); }
    if (reply.type === "opaqueredirect") return later("You are signed out.", true);
    if (reply.status === 403 && !(await renew())) return false;
    if (reply.status === 403) return send(key, entry);
    if (reply.status >= 500 || reply.status === 429) return later("The service is busy.", false, reply.headers.get("Retry-After"));
    failures = 0;
    net.dataset.why = "";
    if (!reply.ok) return refuse(key, entry, text);
    queue.drop(key);
    if (entry.page === page) {
      mark(entry.item, "saved");
      if (!trying) show(text, entry.item);
    }
    return true;
  }

  function later(why, signedOut = false, seconds = 0) {
    failures += 1;
    net.dataset.why = why;
    net.dataset.signIn = signedOut ? "1" : "";
    const wait = Math.max(Number(seconds) || 0, Math.min(60, 2 ** failures)) * (0.75 + Math.random() / 2);
    timer = setTimeout(flush, wait * 1000);
    for (const [, entry] of ofThisPage()) mark(entry.item, "not saved yet");
    return false;
  }

  /** After signing in again forms have another token; it is taken only if the same person is here. */
  async function renew() {
    try {
      const reply = await fetch(location.pathname, { redirect: "manual" });
      if (reply.type === "opaqueredirect") return later("You are signed out.", true);
      const now = parse(await reply.text()).getElementById("sheet");
      if (now?.dataset.person !== form.dataset.person) return later("Somebody else is signed in here; these answers wait for you.");
      const token = now.elements.form_token.value;
      if (token === form.elements.form_token.value) return later("This page is out of date; load it again.");
      for (const input of document.querySelectorAll("input[name=form_token]")) input.value = token;
      return true;
    } catch { return later("No connection."); }
  }

  function refuse(key, entry, text) {
    const told = parse(text); // the sheet with a sentence at the item, or a page that says why there is none
    const why = told.getElementById("sheet") ? told.querySelector(`#item-${CSS.escape(entry.item)} .error`) : told.querySelector("main .lead");
    const said = why?.textContent.trim();
    queue.put(key, { ...entry, refused: said || "The service did not take it." });
    return true;
  }

  const count = () => { net.dataset.waiting = queue.entries().filter(([, entry]) => !entry.refused).length; };

  /** What is not saved stands where it is seen; what the service refused is let go by hand only. */
  function tell() {
    count();
    const all = queue.entries();
    const waiting = all.filter(([, entry]) => !entry.refused);
    const parts = [];
    if (waiting.length && failures) {
      const count = waiting.length === 1 ? "1 answer is" : `${waiting.length} answers are`;
      parts.push(`${net.dataset.why} ${count} kept on this device and sent as soon as it can be. `);
      if (net.dataset.signIn) {
        const link = document.createElement("a");
        link.href = location.pathname;
        link.textContent = "Sign in again";
        parts.push(link);
      }
    }
    for (const [key, entry] of all.filter(([, one]) => one.refused)) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet small";
      button.textContent = "Let it go";
      button.addEventListener("click", () => { queue.drop(key); mark(entry.item, ""); tell(); });
      if (entry.page === page) mark(entry.item, "not taken");
      parts.push(`Not saved (${entry.label ?? entry.item}): ${entry.refused} `, button);
    }
    net.replaceChildren(...parts);
  }

  /* What the service answers: the score, who saw what, and where somebody else said otherwise. */
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");

  function show(text, item = "", only = /./) {
    const live = parse(text);
    const seen = live.getElementById("live")?.dataset.seen;
    if (seen) form.elements.seen.value = seen;
    const before = at("bar").querySelector("[data-score]")?.dataset.score;
    const waiting = new Set(ofThisPage().map(([, entry]) => entry.item));
    for (const part of live.querySelectorAll("#bar, #count, #next, #score, [id^='who-'], [id^='past-'], [id^='told-']")) {
      const here = at(part.id);
      const about = part.id.slice(part.id.indexOf("-") + 1);
      if (!here || !only.test(part.id) || (part.id.startsWith("told-") && about !== item)) continue;
      carry(here, part);
      here.replaceChildren(...part.childNodes);
      here.dispatchEvent(new Event("shown", { bubbles: true }));
      if (!part.id.startsWith("who-")) continue;
      here.dataset.value = part.dataset.value;
      if (!waiting.has(about) && document.activeElement !== number(about)) setAnswer(about, part.dataset.value);
    }
    offer();
    announce(before, item);
  }

  /** What is open or half filled in stays so. */
  function carry(from, to) {
    const folded = [...to.querySelectorAll("details")];
    for (const one of from.querySelectorAll("details[open]")) {
      const same = folded.find((other) => other.dataset.fold === one.dataset.fold);
      if (same) same.open = true;
    }
    for (const input of from.querySelectorAll("input:checked, input[name=number]")) {
      const same = [...to.querySelectorAll(`input[name="${input.name}"]`)];
      if (input.name === "number") same.forEach((one) => { one.value = input.value; });
      else same.filter((one) => one.value === input.value).forEach((one) => { one.checked = true; });
    }
  }

  function announce(before, item) {
    const bar = at("bar").querySelector("[data-score]");
    const differs = item && at(`told-${item}`)?.textContent.trim();
    const said = bar ? `${bar.textContent.trim()}${before && before !== bar.dataset.score ? `, was ${before}` : ""}.` : "Saved.";
    at("said").textContent = `${trying ? "What if: " : ""}${said}${differs ? " Somebody else answered differently." : ""}`;
  }

  /* What if: the same taps, and nothing is kept. */
  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "quiet small try";
  toggle.addEventListener("click", () => tryOut(!trying));
  net.before(toggle);

  function offer() {
    toggle.hidden = !trying && (!at("bar").querySelector("[data-score]") || "closed" in form.dataset);
    toggle.textContent = trying ? "Back to what is saved" : "What if …";
  }

  async function tryOut(on) {
    trying = on;
    document.body.classList.toggle("trying", on);
    offer();
    if (on) return ask();
    for (const place of form.querySelectorAll("[id^='who-']")) setAnswer(place.id.slice(4), place.dataset.value);
    for (const [, entry] of ofThisPage()) setAnswer(entry.item, entry.value);
    try {
      const reply = await fetch(location.pathname, { redirect: "manual" });
      if (reply.ok) show(await reply.text(), "", /^(bar|count|next|score|who-.*|past-.*)$/);
      else location.reload();
    } catch { at("said").textContent = net.textContent = "No connection: the score shown is still the what-if."; }
  }

  async function ask() {
    try {
      const reply = await post(form.dataset.whatIf, Object.fromEntries(new FormData(form)));
      if (reply.ok) show(await reply.text(), "", /^(bar|next|score)$/);
      else net.textContent = reply.type === "opaqueredirect" ? "Sign in again to go on." : "That could not be tried out; load the page again.";
    } catch { net.textContent = "No connection: what-if needs one."; }
  }

  /* Taps, numbers, notes. */
  document.addEventListener("keydown", () => { keyed = true; }, true);
  document.addEventListener("pointerdown", () => { keyed = false; }, true);

  form.addEventListener("change", ({ target }) => {
    const item = target.closest("[data-item]")?.dataset.item;
    if (!item) return;
    const typed = number(item);
    if (target === typed) {
      setAnswer(item, typed.value);
    } else if (target.value === "number" && !typed.value) {
      return typed.focus();
    } else if (typed && target.type === "radio" && target.value !== "number") {
      typed.value = "";
    }
    if (trying) return target === note(item) ? undefined : ask();
    if (target === note(item)) {
      if (!target.value.trim()) return;
      if (answerOf(item) === "") return mark(item, "say first what you saw; the note is sent with it");
    }
    give(item, answerOf(item));
  });

  form.addEventListener("submit", (event) => event.preventDefault()); // each answer is saved already
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=keep]");
    if (!button) return;
    event.preventDefault();
    const [item, value] = [button.value.slice(0, button.value.indexOf("=")), button.value.slice(button.value.indexOf("=") + 1)];
    setAnswer(item, value);
    at(`told-${item}`).replaceChildren();
    form.querySelector(`[name="a.${CSS.escape(item)}"]:checked`)?.focus();
    if (at(`who-${item}`).dataset.value !== value) give(item, value);
  });

  /* A forecast is locked and the score shown without leaving the page. */
  document.addEventListener("submit", async (event) => {
    const asked = event.target;
    if (!("live" in asked.dataset)) return;
    event.preventDefault();
    const button = asked.querySelector("button");
    button.disabled = true;
    try {
      const reply = await post(asked.getAttribute("action").split("#")[0], Object.fromEntries(new FormData(asked)));
      if (!reply.ok && reply.status !== 422 && reply.status !== 409) return asked.submit();
      if (reply.status !== 422) asked.reset(); // what was typed wrong is there to be mended
      tell();
      show(await reply.text(), "", reply.ok ? /./ : /^score$/);
      at("score-title").tabIndex = -1;
      (at("forecast-error") ? asked.isConnected ? asked : at("score").querySelector("input[name=percent]") : at("score-title"))?.focus();
    } catch {
      button.disabled = false;
      net.textContent = "No connection: whether the forecast is locked is not known yet. Try again; it is locked once.";
    }
  });

  for (const [, entry] of ofThisPage()) {
    setAnswer(entry.item, entry.value);
    mark(entry.item, "not saved yet");
  }
  for (const event of ["online", "pageshow"]) addEventListener(event, () => { failures = 0; flush(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  form.querySelector(".save").hidden = true;
  offer();
  flush();
}
