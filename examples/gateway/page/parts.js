// What all panels are made of: a state, a log, and lines of it.

/** Makes an element with attributes and children. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** The parts of a section. `show` says how it stands, by a word and by a class: open, busy, waiting, done, idle, or none. */
export function panel(id) {
  const section = document.getElementById(id);
  const [state, list] = [section.querySelector(".state"), section.querySelector("ol.log")];
  const show = (text, kind = "") => {
    if (state.textContent !== text) state.textContent = text;
    state.className = `state ${kind}`;
  };
  const log = (line, kind = "", atEnd = false) => {
    const item = make("li", { class: kind || undefined }, ...[line].flat());
    atEnd ? list.append(item) : list.prepend(item);
    while (list.children.length > 200) (atEnd ? list.firstChild : list.lastChild).remove();
  };
  return { section, form: section.querySelector("form"), show, log, list };
}

/** A number as people read it. */
export const count = number => number.toLocaleString("en").replaceAll(",", "\u202f");

export const size = bytes =>
  bytes < 10_000 ? `${count(bytes)} B` : bytes < 10_000_000 ? `${count(Math.round(bytes / 1000))} kB` : `${count(Math.round(bytes / 1e6))} MB`;

/** Calls `again` later, and later each time until `worked` is called. */
export function backoff(again, told) {
  let [wait, timer] = [1, 0];
  return {
    worked: () => { wait = 1; },
    retry(why) {
      clearTimeout(timer);
      told(`${why}; again in ${wait} s`);
      timer = setTimeout(again, wait * 1000);
      wait = Math.min(wait * 2, 15);
    },
    stop: () => clearTimeout(timer),
  };
}

export const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");

// Commands name this server, and can be copied.
export function commands() {
  const secure = location.protocol === "https:";
  const names = { HTTP: location.origin, WS: location.origin.replace(/^http/, "ws"), HOST: location.hostname, PORT: location.port || (secure ? 443 : 80) };
  for (const line of document.querySelectorAll(".command")) {
    const code = line.querySelector("code");
    code.textContent = code.textContent.replace(/\b(HTTP|WS|HOST|PORT)\b/g, name => names[name]);
    code.tabIndex = 0; // it scrolls
    code.setAttribute("role", "group");
    code.setAttribute("aria-label", "command");
    const copy = make("button", { type: "button", "aria-label": `Copy: ${code.textContent}` }, "Copy");
    copy.onclick = async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        copy.textContent = "Selected";
      }
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    };
    line.append(copy);
  }
}

export function theme() {
  const button = document.getElementById("theme");
  const kinds = { auto: "as the system has them", light: "light", dark: "dark" };
  const set = kind => {
    kind === "auto" ? delete document.documentElement.dataset.theme : (document.documentElement.dataset.theme = kind);
    button.textContent = kind[0].toUpperCase() + kind.slice(1);
    button.setAttribute("aria-label", `Colours: ${kinds[kind]}`);
    localStorage.setItem("theme", kind);
    button.onclick = () => set({ auto: "light", light: "dark", dark: "auto" }[kind]);
  };
  set(kinds[localStorage.getItem("theme")] ? localStorage.getItem("theme") : "auto");
}
