// Two small plots: round trips of a WebSocket of their own, and messages a second as the server counts them.

import { backoff, count } from "./parts.js";

const figure = name => document.querySelector(`[data-figure="${name}"]`);

function plot(id, most) {
  const line = document.querySelector(`#${id} polyline`);
  const values = [];
  return value => {
    values.push(value);
    if (values.length > most) values.shift();
    const top = Math.max(...values, 1e-6) * 1.1;
    line.setAttribute("points", values.map((v, at) => `${((at + most - values.length) * 120) / (most - 1)},${31 - (v / top) * 30}`).join(" "));
    return values;
  };
}

let before;
const rate = plot("rate", 60);
/** Shows what the server has counted. */
export function figures(now) {
  for (const name of ["connections", "requests", "messages", "events", "calls"]) figure(name).textContent = count(now[name]);
  const sum = now.messages + now.events;
  if (before && now.at > before.at && sum >= before.sum) {
    const value = ((sum - before.sum) * 1000) / (now.at - before.at);
    rate(value);
    figure("rate").textContent = count(Math.round(value));
  }
  before = { at: now.at, sum };
}

/** Sends two small messages a second, and shows how long each is away. This socket is not on the wire's list. */
export function latency() {
  const draw = plot("latency", 120);
  let [socket, timer] = [];
  const open = () => {
    socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/echo`);
    socket.onopen = () => {
      again.worked();
      timer = setInterval(() => document.hidden || socket.send(String(performance.now())), 500);
    };
    socket.onmessage = event => {
      const values = draw(performance.now() - Number(event.data));
      const middle = values.toSorted((a, b) => a - b)[values.length >> 1];
      figure("latency").textContent = `${middle.toFixed(1)} ms`;
    };
    socket.onclose = () => { clearInterval(timer); figure("latency").textContent = "–"; again.retry(""); };
  };
  const again = backoff(open, () => {});
  open();
}
