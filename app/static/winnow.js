// Only what makes pages nicer: all of them work without it.

/** Passwords can be looked at while they are typed, which a thumb often needs. */
for (const form of document.forms) {
  const inputs = [...form.querySelectorAll("input[type=password]")];
  if (!inputs.length) continue;
  const show = (shown) => { for (const input of inputs) input.type = shown ? "text" : "password"; };
  const label = document.createElement("label");
  label.className = "show";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.addEventListener("change", () => show(box.checked));
  form.addEventListener("submit", () => show(false));
  label.append(box, inputs.length > 1 ? " Show the passwords" : " Show the password");
  inputs.at(-1).closest(".field").append(label);
}

/** A link to hand over is copied with one tap. */
for (const place of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "Copy the link";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(place.querySelector("a").href);
    button.textContent = "Copied";
  });
  place.after(button);
}

/** A menu closes when one looks elsewhere, and on Escape. */
for (const menu of document.querySelectorAll("details.menu")) {
  const close = (event) => { if (!menu.contains(event.target)) menu.open = false; };
  document.addEventListener("click", close);
  document.addEventListener("focusin", close);
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

/** Moments in the reader's own time, also in what is shown later; a day is a day everywhere. */
function inOwnTime(part) {
  for (const time of part.querySelectorAll('time[datetime*="T"]')) {
    const at = new Date(time.dateTime);
    time.title = time.textContent;
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
}
inOwnTime(document);
document.addEventListener("shown", (event) => inOwnTime(event.target));

/** What takes its time is looked at again every second, and the page goes on where it leads when it is over. */
const live = document.querySelector("[data-reload]");
if (live) {
  const look = async () => {
    const answer = await fetch(location.href, { redirect: "manual" });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-reload]");
    if (!found) { location.reload(); return; }
    if (found.innerHTML !== live.innerHTML) live.innerHTML = found.innerHTML;
    setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
}

/** A message that came with the page, or what is wrong with its form, is where reading begins. */
document.querySelector("[role=alert]")?.setAttribute("tabindex", "-1");
document.querySelector("[role=alert]")?.focus();
