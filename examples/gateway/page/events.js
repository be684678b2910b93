// Event streams: a clock that resumes where it was cut off, and tokens.

import { meter } from "./meter.js";
import { count, make, panel } from "./parts.js";
import { listening, token } from "./wire.js";

const MOST_SHOWN = 1000; // more tokens would push everything else off the wire

export function clock() {
  const { section, show, log } = panel("clock");
  const [toggle, cut] = section.querySelectorAll("button");
  const pace = meter("clock");
  let source;
  const connect = () => {
    source?.close();
    // The browser sends the last event ID by itself when it comes back.
    source = new EventSource(`/sse/clock?wire=${token}${cut.getAttribute("aria-pressed") === "true" ? "&for=3" : ""}`);
    show("opening", "waiting");
    source.onopen = () => show("open", "open");
    source.onerror = () => show("cut off; the browser comes back", "waiting");
    source.addEventListener("tick", event => {
      const [tick, at] = event.data.split("\n");
      pace.got();
      pace.took(Math.max(Date.now() - at, 0)); // how late it is
      log([make("span", { class: "time" }, new Date(+at).toLocaleTimeString([], { hour12: false })), ` ${tick}`]);
    });
    toggle.textContent = "Disconnect";
  };
  toggle.onclick = () => {
    if (!source || source.readyState === EventSource.CLOSED) return connect();
    source.close();
    show("disconnected", "idle");
    toggle.textContent = "Connect";
  };
  cut.onclick = () => {
    cut.setAttribute("aria-pressed", cut.getAttribute("aria-pressed") !== "true");
    connect();
  };
  listening.then(() => source ?? connect());
}

export function tokens() {
  const { section, form, show } = panel("llm");
  const [text, stop] = [section.querySelector(".text"), section.querySelector("[data-do=stop]")];
  const pace = meter("llm");
  let current = new AbortController(); // of the stream that the panel shows
  stop.onclick = () => current.abort();
  form.onsubmit = async event => {
    event.preventDefault();
    current.abort();
    const own = (current = new AbortController());
    const start = performance.now();
    let [got, tail, drawn] = [0, "", 0];
    const draw = (how, kind) => {
      if (own !== current) return;
      const seconds = (performance.now() - start) / 1000;
      text.textContent = tail;
      show(`${count(got)} tokens ${how} ${seconds.toFixed(1)} s, ${count(Math.round(got / Math.max(seconds, 0.001)))} a second`, kind);
    };
    show("asked", "waiting");
    stop.disabled = false;
    try {
      const watched = form.elements.count.value <= MOST_SHOWN ? `&wire=${token}` : "";
      const response = await fetch(`/sse/llm?n=${form.elements.count.value}${watched}`, { signal: own.signal });
      let [rest, isDone] = ["", false];
      const decoder = new TextDecoder();
      for (const reader = response.body.getReader(); ;) {
        const { value, done } = await reader.read();
        if (done) break;
        const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = events.pop();
        const words = events.filter(lines => /^event: token$/m.test(lines));
        isDone ||= events.some(lines => /^event: done$/m.test(lines));
        if (got === 0 && words.length > 0) pace.took(performance.now() - start); // until the first
        got += words.length;
        pace.got(false, words.length);
        // Only the newest can be seen, so only they are parsed.
        for (const lines of words.slice(-80)) tail += JSON.parse(lines.match(/^data: (.*)$/m)[1]).choices[0].delta.content;
        tail = tail.slice(-1500);
        if (performance.now() - drawn > 50) {
          draw("so far, in", "busy");
          drawn = performance.now();
          await new Promise(requestAnimationFrame); // the page stays alive
        }
      }
      isDone ? draw("in", "done") : draw("and cut off after", "");
    } catch {
      if (own.signal.aborted) draw("and stopped after", "idle");
      else if (own === current) show("the server is away", "");
    }
    if (own === current) stop.disabled = true;
  };
}
