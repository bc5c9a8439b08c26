/** One message: author, text or blocks, files, reactions, replies, and what one can do with it. */

import { blocks } from "./blocks.js";
import { h, icon, iconButton, toast } from "./dom.js";
import { emoji, mrkdwn } from "./mrkdwn.js";
import { act, repliesTo, store, userName } from "./store.js";
import { view } from "./viewer.js";

const SHOWABLE = /^image\/(?!svg)/;
const COLOURS = ["#b4552d", "#2f7d4f", "#3267a8", "#8a4b9c", "#a0762a"];

/** A person's picture: a coloured tile with the initial; the app has its own. */
export function avatar(user, size = "") {
  if (user === store.app.bot_user) return h("img", { class: `avatar ${size}`, src: "/static/bot.svg", alt: "" });
  const tile = h("span", { class: `avatar ${size}`, "aria-hidden": "true" }, userName(user).slice(0, 1).toUpperCase());
  tile.style.background = COLOURS[[...user].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 9973, 7) % COLOURS.length];
  return tile;
}

export const clock = (ts) => new Date(Number(ts) * 1000).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
export const day = (ts) => new Date(Number(ts) * 1000).toDateString();

export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** "photo.jpg, 640 × 480, 84 KB" as a line under a picture. */
function caption(file) {
  const pixels = file.original_w ? `${file.original_w} × ${file.original_h}` : "";
  const details = [pixels, fileSize(file.size ?? 0)].filter(Boolean).join(" · ");
  return h("figcaption", { class: "file-caption" }, h("span", { class: "file-name", "data-testid": "file-name", dir: "auto" }, file.title ?? file.name), h("span", { class: "file-details", "data-testid": "file-details" }, details));
}

function fileElement(file, gallery) {
  if (file.mode === "tombstone") return h("div", { class: "file-gone" }, icon("trash"), "This file was deleted.");
  if (file.mode === "hidden_by_limit") return h("div", { class: "file-gone" }, "This file is hidden by the plan's limit.");
  if (file.mode === "file_access") return h("div", { class: "file-gone" }, icon("file"), "A file of another workspace (Slack Connect).");
  if (!SHOWABLE.test(file.mimetype) || !file.original_w) {
    return h("a", { class: "file-card", href: `/page/files/${file.id}?download`, "data-testid": "file-card" }, h("span", { class: "file-icon" }, icon("file")), h("span", {}, h("span", { class: "file-name", dir: "auto" }, file.title ?? file.name), h("span", { class: "file-details" }, `${file.pretty_type} · ${fileSize(file.size ?? 0)}`)));
  }
  const scale = Math.min(1, 360 / file.original_w, 300 / file.original_h);
  const picture = h("img", { src: `/page/files/${file.id}?side=720`, alt: file.alt_txt || file.title || file.name, loading: "lazy", width: `${Math.max(24, Math.round(file.original_w * scale))}`, height: `${Math.max(24, Math.round(file.original_h * scale))}` });
  const open = h("button", { type: "button", class: "file-picture", "aria-label": `Open ${file.name} in full`, "data-testid": "file-image", onclick: () => view(file, gallery()) }, picture);
  return h("figure", { class: "file" }, open, caption(file));
}

/** All pictures of a thread, for stepping through them in the viewer. */
function pictures(channel, message) {
  const root = message.thread_ts ?? message.ts;
  const thread = [channel.messages.get(root) ?? message, ...repliesTo(channel, root)];
  return thread.flatMap((one) => one.files ?? []).filter((file) => SHOWABLE.test(file.mimetype ?? "") && file.original_w);
}

function reactions(channel, message) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((one) => {
    const own = one.users.includes(store.person);
    const toggle = () => act("POST", "/control/reactions", { channel: channel.id, ts: message.ts, name: one.name, remove: own });
    return h("button", { type: "button", class: `reaction ${own ? "own" : ""}`, "data-testid": `reaction-${one.name}`, "aria-pressed": String(own), title: `${one.users.map(userName).join(", ")} reacted with :${one.name}:`, onclick: toggle }, h("span", { class: "emoji" }, emoji(one.name)), String(one.count));
  }));
}

function replyCount(channel, message, openThread) {
  if (!message.reply_count) return null;
  const last = new Date(Number(message.latest_reply) * 1000);
  return h("button", { type: "button", class: "reply-count", "data-testid": "reply-count", onclick: () => openThread(message.ts) },
    h("span", { class: "reply-avatars" }, message.reply_users.slice(0, 4).map((user) => avatar(user, "small"))),
    h("span", { class: "reply-number" }, `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`),
    h("span", { class: "reply-last" }, `Last at ${last.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" })}`));
}

async function confirmDelete(channel, message) {
  const dialog = document.getElementById("modal");
  const done = (confirmed) => () => {
    dialog.close();
    if (confirmed) void act("DELETE", "/control/messages", { channel: channel.id, ts: message.ts });
  };
  dialog.replaceChildren(h("div", { class: "modal-body" }, h("h2", {}, "Delete message"), h("p", {}, "The message and its files are deleted for everyone."), h("div", { class: "modal-buttons" }, h("button", { type: "button", class: "block-button", onclick: done(false) }, "Cancel"), h("button", { type: "button", class: "block-button danger", "data-testid": "confirm-delete", onclick: done(true) }, "Delete"))));
  dialog.showModal();
}

function menu(channel, message, openThread, inThread) {
  if (message.subtype === "tombstone" || message.is_ephemeral) return null;
  const shortcut = async (callback) => {
    const answer = await act("POST", "/control/shortcut", { callback_id: callback, channel: channel.id, ts: message.ts });
    if (answer && !answer.acknowledged) toast("The app did not answer. Is it running?");
  };
  const react = (name) => () => act("POST", "/control/reactions", { channel: channel.id, ts: message.ts, name });
  return h("div", { class: "message-menu", role: "toolbar", "aria-label": "Message actions" },
    ["+1", "heart"].map((name) => h("button", { type: "button", class: "icon-button", "aria-label": `React with ${name}`, onclick: react(name) }, h("span", { class: "emoji" }, emoji(name)))),
    !inThread && iconButton("reply", "Reply in thread", { "data-testid": "reply-in-thread", onclick: () => openThread(message.ts) }),
    store.settings.shortcuts.map(([callback, name]) => iconButton("sparkle", name, { "data-testid": `shortcut-${callback}`, onclick: () => shortcut(callback) })),
    message.user === store.person && iconButton("trash", "Delete", { "data-testid": "delete-message", onclick: () => confirmDelete(channel, message) }));
}

/** The whole message. `compact` leaves the author out, where the message before is theirs too. */
export function messageElement(channel, message, { compact, openThread, inThread }) {
  const gone = message.subtype === "tombstone";
  const place = { channel: channel.id, ts: message.ts };
  const isApp = Boolean(message.bot_id);
  const written = message.blocks?.length ? blocks(message.blocks, place) : message.text ? h("div", { class: "text", "data-testid": "message-text" }, mrkdwn(message.text), message.edited && h("span", { class: "edited" }, " (edited)")) : null;
  const files = message.files?.length ? h("div", { class: "files" }, message.files.map((file) => fileElement(file, () => pictures(channel, message)))) : null;
  return h("article", { class: `message ${compact ? "compact" : ""} ${gone ? "gone" : ""} ${message.is_ephemeral ? "ephemeral" : ""}`, "data-testid": "message", "data-ts": message.ts, "data-user": message.user, tabindex: "-1" },
    h("div", { class: "gutter" }, compact ? h("time", {}, clock(message.ts)) : gone ? h("span", { class: "avatar" }, icon("trash")) : avatar(message.user)),
    h("div", { class: "content" },
      message.is_ephemeral && h("div", { class: "only-you" }, "Only visible to you"),
      !compact && !gone && h("div", { class: "author" }, h("span", { class: "name" }, userName(message.user)), isApp && h("span", { class: "badge" }, "APP"), h("time", {}, clock(message.ts))),
      written, files, reactions(channel, message), !inThread && replyCount(channel, message, openThread)),
    menu(channel, message, openThread, inThread));
}
