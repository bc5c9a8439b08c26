/** The strip above the messages: the model server with its switch, the queue, and what the last job's steps took. */

import { h, refresh } from "./dom.js";
import { act } from "./store.js";

const EVERY_MS = 1500;
const DONE = { find: "looked up", fetch: "downloaded", enhance: "enhanced", enhance_smaller: "made smaller", upload: "uploaded", upload_comparison: "compared", share: "answered" };
const STATES = { up: "on", starting: "busy", stopping: "busy", down: "off", failed: "off" };

const strip = h("section", { class: "services", "aria-label": "Model server and queue", "data-testid": "services", hidden: true });
let known = null;

const seconds = (value) => `${value.toFixed(value < 0.95 ? 2 : 1)} s`;

function serverText({ server, model }) {
  const name = model ? `${model.name}, version ${model.version}` : "model server";
  switch (server?.state) {
    case "up": return model ? `Model ${name}` : "Model server is up";
    case "starting": return "Model server is starting, some seconds";
    case "stopping": return "Model server is stopping";
    case "down": return "Model server is stopped: bicubic for now";
    case "failed": return "Model server ended by itself: bicubic for now";
    default: return model ? `Model ${name}` : "";
  }
}

function lastJob(bot) {
  if (!bot?.last) return null;
  const steps = bot.last.steps.filter(([step]) => DONE[step]).map(([step, took]) => `${DONE[step]} ${seconds(took)}`).join(", ");
  return h("span", { class: "service", "data-testid": "last-job", title: steps }, `${bot.last.jobs > 1 ? `Last ${bot.last.jobs} jobs` : "Last job"} ${seconds(bot.last.seconds)}`, h("span", { class: "steps" }, `: ${steps}`));
}

function draw() {
  strip.hidden = !known.any;
  refresh(strip, known, () => {
    const { server, bot } = known;
    const text = serverText(known);
    const running = server?.state === "up" || server?.state === "starting";
    const busy = server?.state === "starting" || server?.state === "stopping";
    const turn = () => act("POST", "/control/server", { running: !running }).then(look);
    return [
      h("div", { class: "services-text" }, text && h("span", { class: `service server ${STATES[server?.state] ?? "on"}`, "data-testid": "server-state", role: "status" }, h("i", { class: "light", "aria-hidden": "true" }), text),
      bot && h("span", { class: "service", "data-testid": "queue" }, bot.queue ? `${bot.queue} in the queue` : "Queue empty"),
      lastJob(bot)),
      server && h("button", { type: "button", class: "switch", "data-testid": "server-switch", disabled: busy, onclick: turn }, running ? "Stop server" : "Start server"),
    ];
  });
}

async function look() {
  try {
    known = await (await fetch("/control/services")).json();
  } catch {
    return; // the page says elsewhere that the playground does not answer
  }
  draw();
}

/** The strip, kept up to date while the page is seen; it stays hidden where the playground runs alone. */
export function serviceStrip() {
  if (!strip.watched) {
    strip.watched = true;
    void look().then(() => {
      if (known?.any) setInterval(() => { if (document.visibilityState === "visible") void look(); }, EVERY_MS);
    });
  }
  return strip;
}
