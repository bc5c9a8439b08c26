/** What Slack shows of an app that is declared an agent: its own stop button, and what the agent suggests to say. */

import { h, icon } from "./dom.js";
import { act, store } from "./store.js";

/** Under a thread, while the agent says that it is at work there. */
export function stopButton(channel, ts) {
  if (store.sessions.get(`${channel.id}/${ts}`) !== "processing") return null;
  const stop = async (event) => {
    const pushed = event.currentTarget;
    pushed.disabled = true;
    if (!(await act("POST", "/control/stop", { channel: channel.id, ts, user: store.person }))) pushed.disabled = false;
  };
  return h("button", { type: "button", class: "agent-button", "data-testid": "agent-stop", onclick: stop }, icon("stop"), "Stop");
}

/** In a direct message: each button says its words in the person's name. */
export function promptRow(channel) {
  const prompts = store.prompts[channel.id] ?? [];
  if (!prompts.length) return null;
  const say = (text) => act("POST", "/control/messages", { channel: channel.id, user: store.person, text });
  return h("div", { class: "prompts", role: "group", "aria-label": "Suggestions", "data-testid": "prompts" },
    prompts.map(({ title, message }) => h("button", { type: "button", class: "agent-button", onclick: () => say(message) }, title)));
}
