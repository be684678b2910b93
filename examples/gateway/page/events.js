// Event streams: a clock that resumes where it was cut off, and tokens.

import { count, make, panel } from "./parts.js";
import { token } from "./wire.js";

export function clock() {
  const { section, show, log } = panel("clock");
  const [toggle, cut] = section.querySelectorAll("button");
  let source;
  const connect = () => {
    source?.close();
    // The browser sends the last event ID by itself when it comes back.
    source = new EventSource(`/sse/clock?wire=${token}${cut.getAttribute("aria-pressed") === "true" ? "&for=5" : ""}`);
    show("opening", "waiting");
    source.onopen = () => show("open", "open");
    source.onerror = () => show("cut off; the browser comes back", "waiting");
    source.addEventListener("tick", event => {
      const [tick, at] = event.data.split("\n");
      log([make("span", { class: "time" }, new Date(+at).toLocaleTimeString([], { hour12: false })), ` ${tick}`]);
    });
    toggle.textContent = "Disconnect";
  };
  toggle.onclick = () => {
    if (source.readyState === EventSource.CLOSED) return connect();
    source.close();
    show("disconnected", "idle");
    toggle.textContent = "Connect";
  };
  cut.onclick = () => {
    cut.setAttribute("aria-pressed", cut.getAttribute("aria-pressed") !== "true");
    connect();
  };
  connect();
}

export function tokens() {
  const { section, form, show } = panel("llm");
  const [text, stop] = [section.querySelector(".text"), section.querySelector("[data-do=stop]")];
  form.onsubmit = async event => {
    event.preventDefault();
    stop.click();
    const abort = new AbortController();
    stop.onclick = () => abort.abort();
    stop.disabled = false;
    const start = performance.now();
    let [got, tail, rest, done] = [0, "", "", false];
    const told = how => {
      const seconds = (performance.now() - start) / 1000;
      return `${count(got)} tokens ${how} ${seconds.toFixed(1)} s, ${count(Math.round(got / Math.max(seconds, 0.001)))} a second`;
    };
    let drawn = 0;
    const draw = () => { text.textContent = tail; show(told("in"), "busy"); };
    show("asked", "waiting");
    try {
      const response = await fetch(`/sse/llm?n=${form.elements.count.value}`, { signal: abort.signal });
      const decoder = new TextDecoder();
      for (const reader = response.body.getReader(); ;) {
        const piece = await reader.read();
        if (piece.done) break;
        const events = (rest + decoder.decode(piece.value, { stream: true })).split("\n\n");
        rest = events.pop();
        const words = events.filter(lines => /^event: token$/m.test(lines));
        done ||= events.some(lines => /^event: done$/m.test(lines));
        got += words.length;
        // Only the newest can be seen, so only they are parsed.
        for (const lines of words.slice(-80)) tail += JSON.parse(lines.match(/^data: (.*)$/m)[1]).choices[0].delta.content;
        tail = tail.slice(-1500);
        if (performance.now() - drawn > 50) {
          draw();
          drawn = performance.now();
          await new Promise(requestAnimationFrame); // the page stays alive
        }
      }
      draw();
      done ? show(told("in"), "done") : show(told("and cut off after"), "");
    } catch {
      draw();
      abort.signal.aborted ? show(told("and stopped after"), "idle") : show("the server is away", "");
    }
    if (stop.onclick && abort.signal.aborted === false) stop.disabled = true;
    if (abort.signal.aborted) stop.disabled = true;
  };
}
