/** Questions that the page asks: yes or no, and what to write. */

import { h } from "./dom.js";
import { label, store } from "./store.js";

/** Show a form; the promise gives its FormData, or null where it was closed. */
function form(title, content, yes, { danger = false, testid = "confirm" } = {}) {
  const dialog = document.getElementById("question");
  const back = document.activeElement;
  return new Promise((resolve) => {
    const body = h("form", { class: "modal-body", method: "dialog" }, h("h2", { id: "question-title" }, title), content,
      h("div", { class: "modal-buttons" }, h("button", { type: "button", class: "block-button", "data-testid": "cancel", onclick: () => dialog.close() }, "Cancel"),
        h("button", { type: "submit", class: `block-button ${danger ? "danger solid" : "primary"}`, "data-testid": testid }, yes)));
    let answer = null;
    body.addEventListener("submit", () => { answer = new FormData(body); });
    dialog.onclose = () => {
      dialog.replaceChildren();
      if (back?.isConnected) back.focus();
      resolve(answer);
    };
    dialog.replaceChildren(body);
    dialog.showModal();
  });
}

/** Whether the person agrees. */
export async function confirmed(title, text, yes, options = {}) {
  return (await form(title, h("p", {}, text), yes, options)) !== null;
}

/** The text as the person wants it, or null. */
export async function edited(text) {
  const input = h("textarea", { name: "text", class: "field", rows: "4", maxlength: "12000", "aria-label": "Message", "data-testid": "edit-input" }, text);
  const answer = await form("Edit message", input, "Save", { testid: "confirm-edit" });
  return answer && answer.get("text").trim();
}

/** Where to forward a message to and with what words, as {to, text}, or null. */
export async function forwarded() {
  const places = h("select", { name: "to", class: "field", "data-testid": "forward-to" }, [...store.channels.values()].map((channel) => h("option", { value: channel.id }, label(channel))));
  const words = h("textarea", { name: "text", class: "field", rows: "2", placeholder: `@${store.users.get(store.app.bot_user).name}`, "data-testid": "forward-text" });
  const answer = await form("Forward message", h("div", { class: "fields-column" }, h("label", {}, "To", places), h("label", {}, "Your words", words)), "Forward", { testid: "confirm-forward" });
  return answer && { to: answer.get("to"), text: answer.get("text").trim() };
}
