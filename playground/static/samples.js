/** Photos to try: one click shares one, with the mention, and opens its thread. */

import { h, toast } from "./dom.js";
import { act, store } from "./store.js";

// Where they come from: samples/README.md
const SAMPLES = [["face.jpg", "Face"], ["landscape.jpg", "Landscape"], ["screenshot.png", "Screenshot"], ["noisy.jpg", "Noise"]];

async function share(name, channel, openThread) {
  const form = new FormData();
  form.set("channel", channel.id);
  form.set("user", store.person);
  form.set("text", channel.kind === "im" ? "" : `@${store.users.get(store.app.bot_user).name}`);
  try {
    form.append("file", await (await fetch(`/static/samples/${name}`)).blob(), name);
  } catch {
    toast("The playground does not answer. Is it still running?");
    return;
  }
  const done = await act("POST", "/control/messages", form);
  if (done) openThread(done.message.ts);
}

/** The samples as a row of buttons. `shared()` is called after a click. */
export function sampleRow(channel, openThread, shared = () => {}) {
  const one = ([name, label]) => h("button", { type: "button", class: "sample", "data-testid": `sample-${name.split(".")[0]}`, onclick: () => { shared(); void share(name, channel, openThread); } },
    h("img", { src: `/static/samples/${name}`, alt: "" }), h("span", {}, label));
  return h("div", { class: "samples", role: "group", "aria-label": "Try one of these" }, h("p", { class: "samples-title" }, "Try one of these"), h("div", { class: "sample-row" }, SAMPLES.map(one)));
}
