/** One message: author, text or blocks, files, reactions, replies, and what one can do with it. */

import { blocks } from "./blocks.js";
import { confirmed, edited, forwarded } from "./dialogs.js";
import { h, icon, iconButton, picture, toast } from "./dom.js";
import { fileElement } from "./files.js";
import { oneTabStop } from "./keyboard.js";
import { emoji, mrkdwn } from "./mrkdwn.js";
import { pictures } from "./pairs.js";
import { act, store, userName } from "./store.js";

const COLOURS = ["#a84a25", "#2a7448", "#3267a8", "#8a4b9c", "#8a6217"];

/** A person's picture: a coloured tile with the initial; the app has its own. */
export function avatar(user, size = "") {
  if (user === store.app.bot_user) return h("img", { class: `avatar ${size}`, src: "/static/bot.svg", alt: "" });
  const tile = h("span", { class: `avatar ${size}`, "aria-hidden": "true" }, userName(user).slice(0, 1).toUpperCase());
  tile.style.background = COLOURS[[...user].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 9973, 7) % COLOURS.length];
  return tile;
}

export const clock = (ts) => new Date(Number(ts) * 1000).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
export const day = (ts) => new Date(Number(ts) * 1000).toDateString();

/** The app's status line about a thread, with a bar where it names a percentage. */
export function statusLine(channel, ts, testid) {
  const status = store.statuses.get(`${channel.id}/${ts}`)?.status;
  if (!status) return null;
  const percent = /(\d{1,3}) ?%/.exec(status)?.[1];
  return h("div", { class: "status", "data-testid": testid, role: "status" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
    h("span", {}, h("strong", {}, userName(store.app.bot_user)), " ", mrkdwn(status)),
    percent && h("progress", { class: "bar", max: "100", value: percent, "aria-hidden": "true" }));
}

function reactions(channel, message) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((one) => {
    const own = one.users.includes(store.person);
    const toggle = () => act("POST", "/control/reactions", { channel: channel.id, ts: message.ts, name: one.name, user: store.person, remove: own });
    return h("button", { type: "button", class: `reaction ${own ? "own" : ""}`, "data-testid": `reaction-${one.name}`, "aria-pressed": String(own), "aria-label": `${one.name.replaceAll("_", " ")}, ${one.count}`, title: `${one.users.map(userName).join(", ")} reacted with :${one.name}:`, onclick: toggle }, h("span", { class: "emoji" }, emoji(one.name)), String(one.count));
  }));
}

function replyCount(message, openThread) {
  if (!message.reply_count) return null;
  return h("button", { type: "button", class: "reply-count", "data-testid": "reply-count", onclick: () => openThread(message.ts) },
    h("span", { class: "reply-avatars" }, message.reply_users.slice(0, 4).map((user) => avatar(user, "small"))),
    h("span", { class: "reply-number" }, `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`),
    h("span", { class: "reply-last" }, `Last at ${clock(message.latest_reply)}`));
}

/** What a forwarded message or a link brings with it. */
function attachment(one, gallery) {
  if (one.is_share) {
    return h("blockquote", { class: "forwarded", "data-testid": "forwarded" },
      h("div", { class: "author" }, avatar(one.author_id, "small"), h("span", { class: "name" }, userName(one.author_id))),
      one.text && h("div", { class: "text" }, mrkdwn(one.text)),
      one.files?.length ? h("div", { class: "files" }, one.files.map((file) => fileElement(file, gallery))) : null,
      one.footer && h("div", { class: "footer" }, one.footer));
  }
  const here = one.image_url && new URL(one.image_url, location.href);
  const shown = here && here.origin === location.origin ? picture({ src: `/page/files/${/-(F[A-Z0-9]+)\//.exec(here.pathname)?.[1]}?side=720`, alt: one.fallback ?? "", loading: "lazy" }) : null;
  return shown && h("div", { class: "unfurled", "data-testid": "unfurled" }, shown);
}

async function askDelete(channel, message) {
  const sure = await confirmed("Delete message", "The message and its files are deleted for everyone.", "Delete", { danger: true, testid: "confirm-delete" });
  if (sure) await act("DELETE", "/control/messages", { channel: channel.id, ts: message.ts });
}

async function edit(channel, message) {
  const readable = (message.text ?? "").replace(/<@(\w+)>/g, (_, id) => `@${store.users.get(id)?.name ?? id}`).replace(/<([^<>|]+)(?:\|[^<>]*)?>/g, "$1").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  const text = await edited(readable);
  if (text !== null && text !== readable) await act("PATCH", "/control/messages", { channel: channel.id, ts: message.ts, text });
}

async function forward(channel, message) {
  const where = await forwarded();
  if (!where) return;
  const done = await act("POST", "/control/forward", { channel: channel.id, ts: message.ts, user: store.person, ...where });
  if (done) toast("Forwarded.");
}

function menu(channel, message, openThread, inThread) {
  if (message.subtype === "tombstone" || message.is_ephemeral) return null;
  const shortcut = async (callback) => {
    const answer = await act("POST", "/control/shortcut", { callback_id: callback, channel: channel.id, ts: message.ts, user: store.person });
    if (answer && !answer.acknowledged) toast("The app did not answer. Is it running?");
  };
  const react = (name) => () => act("POST", "/control/reactions", { channel: channel.id, ts: message.ts, name, user: store.person });
  const own = message.user === store.person;
  return h("div", { class: "message-menu", role: "toolbar", "aria-label": "Message actions" },
    ["+1", "heart"].map((name) => h("button", { type: "button", class: "icon-button", "aria-label": `React with ${name}`, onclick: react(name) }, h("span", { class: "emoji" }, emoji(name)))),
    !inThread && iconButton("reply", "Reply in thread", { "data-testid": "reply-in-thread", onclick: () => openThread(message.ts) }),
    store.settings.shortcuts.map(([callback, name]) => iconButton("sparkle", name, { "data-testid": `shortcut-${callback}`, onclick: () => shortcut(callback) })),
    iconButton("forward", "Forward", { "data-testid": "forward-message", onclick: () => forward(channel, message) }),
    own && iconButton("edit", "Edit", { "data-testid": "edit-message", onclick: () => edit(channel, message) }),
    own && iconButton("trash", "Delete", { "data-testid": "delete-message", onclick: () => askDelete(channel, message) }));
}

/** The whole message. `compact` leaves the author out, where the message before is theirs too. */
export function messageElement(channel, message, { compact, openThread, inThread }) {
  const gone = message.subtype === "tombstone";
  const place = { channel: channel.id, ts: message.ts };
  const isApp = Boolean(message.bot_id);
  const gallery = () => pictures(store.channels.get(channel.id) ?? channel, message);
  const written = message.blocks?.length ? blocks(message.blocks, place) : message.text ? h("div", { class: "text", "data-testid": "message-text" }, mrkdwn(message.text), message.edited && h("span", { class: "edited" }, " (edited)")) : null;
  const files = message.files?.length ? h("div", { class: "files" }, message.files.map((file) => fileElement(file, gallery))) : null;
  const attached = (message.attachments ?? []).map((one) => attachment(one, gallery));
  return oneTabStop(h("article", { class: `message ${compact ? "compact" : ""} ${gone ? "gone" : ""} ${message.is_ephemeral ? "ephemeral" : ""}`, "data-testid": "message", "data-ts": message.ts, "data-user": message.user, "aria-label": `${userName(message.user)}, ${clock(message.ts)}`, "aria-describedby": "message-keys" },
    h("div", { class: "gutter" }, compact ? h("time", {}, clock(message.ts)) : gone ? h("span", { class: "avatar" }, icon("trash")) : avatar(message.user)),
    h("div", { class: "content" },
      message.is_ephemeral && h("div", { class: "only-you" }, "Only visible to you"),
      !compact && !gone && h("div", { class: "author" }, h("span", { class: "name" }, userName(message.user)), isApp && h("span", { class: "badge" }, "APP"), h("time", {}, clock(message.ts))),
      written, files, attached, reactions(channel, message), !inThread && replyCount(message, openThread), !inThread && statusLine(channel, message.ts, "channel-status")),
    menu(channel, message, openThread, inThread)));
}
