// How fast a panel is: messages a second over the last minute, and how long the newest answer took.

import { count, make } from "./parts.js";

const SECONDS = 60;
const meters = [];

/** The meter of a panel. `sent` begins to wait for an answer, `got` is a message, and with `true` the answer. */
export function meter(id) {
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 60 16", preserveAspectRatio: "none", role: "img" })) svg.setAttribute(name, value);
  svg.append(line);
  const [rate, took] = [make("span", { class: "rate" }, "0/s"), make("span", { class: "took" }, "–")];
  const element = make("p", { class: "meter" }, svg, rate, took);
  document.querySelector(`#${id} .about`).after(element);
  const [rates, waiting] = [[], []];
  let now = 0;
  meters.push(() => {
    rates.push(now);
    if (rates.length > SECONDS) rates.shift();
    rate.textContent = `${count(now)}/s`;
    const top = Math.max(...rates, 1);
    line.setAttribute("points", rates.map((value, at) => `${at + SECONDS - rates.length},${15 - (value / top) * 14}`).join(" "));
    svg.setAttribute("aria-label", `${count(now)} messages a second; over the last minute at most ${count(top)}`);
    now = 0;
  });
  const show = ms => {
    took.textContent = `${ms < 10 ? ms.toFixed(1) : count(Math.round(ms))} ms`;
    took.title = "how long the newest answer took";
  };
  return {
    sent: () => { waiting.push(performance.now()); },
    got(isAnswer = false, messages = 1) {
      now += messages;
      if (isAnswer && waiting.length > 0) show(performance.now() - waiting.shift());
    },
    took: show,
    lost: () => { waiting.length = 0; },
  };
}

export function startMeters() {
  setInterval(() => meters.forEach(draw => draw()), 1000);
}
