/** Block Kit blocks as elements. */

import { confirmed } from "./dialogs.js";
import { h, picture, toast } from "./dom.js";
import { mrkdwn, textObject } from "./mrkdwn.js";
import { act, store } from "./store.js";

/** An image's address on this page: the app's own files by id; anything else only when the page's policy allows it. */
function source(block) {
  const id = block.slack_file?.id ?? /[A-Z0-9]+-(F[A-Z0-9]+)/.exec(block.slack_file?.url ?? block.image_url ?? "")?.[1];
  return id ? `/page/files/${id}?side=1080` : (block.image_url ?? "");
}

const image = (block, properties = {}) => picture({ src: source(block), alt: block.alt_text, loading: "lazy", ...properties });

const click = async (pushed, element, block, place, changes) => {
  pushed.disabled = true;
  const answer = await act("POST", "/control/click", { action_id: element.action_id, block_id: block.block_id, user: store.person, ...(changes && { changes }), ...place });
  pushed.disabled = false;
  if (answer && !answer.acknowledged) toast("The app did not answer. Is it running?");
  return answer;
};

/** Two buttons for what somebody thinks of the message; the one that was pressed stays marked. */
function feedback(element, block, place) {
  const key = `${place.ts}/${element.action_id}`;
  const one = (side, sign) => {
    const { text, value, accessibility_label: label } = element[`${side}_button`];
    const pressed = async (event) => {
      const pushed = event.currentTarget;
      if (!(await click(pushed, element, block, place, { value }))) return;
      said.set(key, side);
      for (const other of pushed.parentElement.children) other.setAttribute("aria-pressed", String(other === pushed));
    };
    return h("button", { type: "button", class: "feedback-button", "data-testid": `feedback-${side}`, "aria-pressed": String(said.get(key) === side), "aria-label": label ?? text.text, title: label ?? text.text, onclick: pressed }, h("span", { "aria-hidden": "true" }, sign), " ", textObject(text));
  };
  return h("span", { class: "feedback", role: "group", "aria-label": "Feedback" }, one("positive", "👍"), one("negative", "👎"));
}

const said = new Map(); // by message and element, as long as the page is open

function button(element, block, place) {
  const pressed = async (event) => {
    const pushed = event.currentTarget;
    const question = element.confirm;
    if (question && !(await confirmed(question.title?.text ?? "Are you sure?", question.text?.text ?? "", question.confirm?.text ?? "Yes", { danger: question.style === "danger" }))) return;
    if (element.url) window.open(element.url, "_blank", "noopener");
    await click(pushed, element, block, place);
  };
  return h("button", { type: "button", class: `block-button ${element.style ?? ""}`, "data-testid": `action-${element.action_id}`, onclick: pressed }, textObject(element.text));
}

function element(one, block, place) {
  if (one.type === "button") return button(one, block, place);
  if (one.type === "feedback_buttons") return feedback(one, block, place);
  if (one.type === "image") return image(one, { class: "block-thumbnail" });
  return h("span", { class: "unsupported" }, `[${one.type}]`);
}

function rich(part) {
  const styled = (node, style = {}) => {
    for (const [key, tag] of [["bold", "strong"], ["italic", "em"], ["strike", "s"], ["code", "code"]]) if (style[key]) node = h(tag, {}, node);
    return node;
  };
  switch (part.type) {
    case "text": return styled(part.text, part.style);
    case "user": return h("span", { class: "mention" }, `@${store.users.get(part.user_id)?.name ?? part.user_id}`);
    case "link": return /^https?:/i.test(part.url) ? h("a", { href: part.url, target: "_blank", rel: "noopener noreferrer" }, part.text ?? part.url) : (part.text ?? part.url);
    case "rich_text_list": return h(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((item) => h("li", {}, rich(item))));
    case "rich_text_preformatted": return h("pre", {}, part.elements.map(rich));
    case "rich_text_quote": return h("blockquote", {}, part.elements.map(rich));
    default: return h("span", {}, (part.elements ?? []).map(rich));
  }
}

/** One block. `place` says where it stands, for clicks: {channel, ts} or {view_id}. */
function block(one, place) {
  switch (one.type) {
    case "section":
      return h("div", { class: "block section" },
        h("div", { class: "section-text" }, one.text && h("div", { class: "text" }, textObject(one.text)),
          one.fields && h("div", { class: "fields" }, one.fields.map((field) => h("div", { class: "text" }, textObject(field))))),
        one.accessory && element(one.accessory, one, place));
    case "header": return h("h2", { class: "block header" }, textObject(one.text));
    case "divider": return h("hr", { class: "block divider" });
    case "image":
      return h("figure", { class: "block image" }, one.title && h("figcaption", {}, textObject(one.title)), image(one));
    case "context":
      return h("div", { class: "block context" }, one.elements.map((part) => (part.type === "image" ? image(part) : h("span", { class: "text" }, textObject(part)))));
    case "context_actions": return h("div", { class: "block context" }, one.elements.map((part) => element(part, one, place)));
    case "actions": return h("div", { class: "block actions" }, one.elements.map((part) => element(part, one, place)));
    case "rich_text": return h("div", { class: "block text" }, one.elements.map(rich));
    case "markdown": return h("div", { class: "block text" }, mrkdwn(one.text));
    default: return h("div", { class: "block unsupported" }, `[${one.type}]`);
  }
}

export const blocks = (list, place) => h("div", { class: "blocks" }, list.map((one) => block(one, place)));
