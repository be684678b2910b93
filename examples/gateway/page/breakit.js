// Frames that break a rule, and what they cost.

import { make, panel } from "./parts.js";
import { add, addAndPick } from "./wire.js";

export async function breakIt() {
  const { section, show } = panel("break");
  const [cases, verdict] = [section.querySelector(".cases"), section.querySelector(".verdict")];
  const play = async name => {
    try {
      const played = await (await fetch(`/break?case=${name}`)).json();
      for (const frame of played.sent) add({ ...frame, dir: "in", path: "/break", bad: true });
      addAndPick({ ...played.answer, dir: "out", path: "/break" });
      verdict.replaceChildren(
        make("p", {}, played.rule, " ", make("span", { class: "section" }, played.section)),
        make("p", {}, "The connection fails: ", played.error, "."),
        make("p", {}, "The peer is told ", make("strong", {}, String(played.code)), ", in a close frame."));
      show(`${played.title}: ${played.code}`, "done");
    } catch {
      show("the server is away", "");
    }
  };
  try {
    for (const { name, title } of await (await fetch("/break")).json()) {
      const button = make("button", { type: "button", "data-case": name }, title);
      button.onclick = () => play(name);
      cases.append(button);
    }
  } catch {
    show("the server is away", "");
  }
}
