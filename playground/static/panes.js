/** The parts of the page: sidebar, conversation, thread, App Home, modals. */

import { blocks } from "./blocks.js";
import { composer, dropTarget } from "./composer.js";
import { h, icon, iconButton } from "./dom.js";
import { avatar, day, messageElement } from "./message.js";
import { mrkdwn, textObject } from "./mrkdwn.js";
import { act, directMessage, label, repliesTo, store, topLevel, userName } from "./store.js";

const sameMinutes = (a, b) => Number(b.ts) - Number(a.ts) < 300;

/** The list of channels, the direct message, and who is connected. */
export function renderSidebar(pane, current, go) {
  const entry = (channel, testid, content) => h("button", { type: "button", class: `entry ${current.channel === channel.id ? "current" : ""} ${store.unread.has(channel.id) ? "unread" : ""}`, "data-testid": testid, "aria-current": current.channel === channel.id ? "page" : null, onclick: () => go({ channel: channel.id }) }, content);
  const channels = [...store.channels.values()].filter((channel) => channel.kind !== "im");
  const direct = directMessage();
  const connected = store.connections > 0;
  pane.replaceChildren(
    h("header", { class: "sidebar-head" }, h("strong", {}, "Playground"), h("span", {}, "a stand-in Slack workspace")),
    h("h2", {}, "Channels"),
    ...channels.map((channel) => entry(channel, `channel-${channel.name}`, [h("span", { class: "hash", "aria-hidden": "true" }, "#"), channel.name])),
    h("h2", {}, "Apps"),
    direct && entry(direct, "dm-enhancer", [avatar(store.app.bot_user, "small"), userName(store.app.bot_user), h("span", { class: `presence ${connected ? "on" : ""}`, title: connected ? "connected" : "not connected" })]),
    h("div", { class: "sidebar-foot" },
      h("div", { class: `connection ${connected ? "on" : ""}`, "data-testid": "connection" }, h("span", { class: `presence ${connected ? "on" : ""}` }), connected ? "The bot is connected" : "Waiting for the bot"),
      h("div", { class: "me" }, avatar(store.person, "small"), userName(store.person))));
}

function welcome(channel, choose) {
  const direct = channel.kind === "im";
  const handle = h("span", { class: "mention own" }, `@${store.users.get(store.app.bot_user).name}`);
  const step = (number, ...text) => h("li", {}, h("span", { class: "step" }, String(number)), h("span", {}, ...text));
  return h("div", { class: "welcome", "data-testid": "empty-hint" },
    h("img", { src: "/static/bot.svg", alt: "" }),
    h("h2", {}, direct ? "Drop a photo here" : ["Drop a photo here and mention ", handle]),
    h("p", {}, "It comes back four times as wide and four times as high, in the thread under your message."),
    h("ol", {}, step(1, "Drop, paste or choose a photo; a small one shows it best."), direct ? step(2, "Send it. No mention is needed here.") : step(2, "Add ", handle.cloneNode(true), " and send."), step(3, "Open the thread, and click the picture to look closely.")),
    h("button", { type: "button", class: "primary", "data-testid": "choose-photo", onclick: choose }, icon("image"), "Choose a photo"));
}

/** Keep the elements of messages that did not change, so that pictures do not flicker. */
function fillMessages(list, channel, messages, options) {
  const known = list.known ?? new Map();
  const next = new Map();
  const nodes = [];
  let previous = null;
  for (const message of messages) {
    if (!options.inThread && (!previous || day(previous.ts) !== day(message.ts))) {
      const date = new Date(Number(message.ts) * 1000);
      const today = date.toDateString() === new Date().toDateString();
      nodes.push(h("div", { class: "day" }, h("span", {}, today ? "Today" : date.toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" }))));
      previous = null;
    }
    const compact = Boolean(previous && previous.user === message.user && sameMinutes(previous, message) && !message.subtype && !message.is_ephemeral && !(options.inThread && previous === messages[0]));
    const key = JSON.stringify([message, compact]);
    const kept = known.get(message.ts);
    const element = kept?.key === key ? kept.element : messageElement(channel, message, { ...options, compact });
    next.set(message.ts, { key, element });
    nodes.push(element);
    previous = message;
    if (options.inThread && message === messages[0]) {
      const count = messages.length - 1;
      nodes.push(h("div", { class: "thread-count", "data-testid": "thread-count" }, h("span", {}, count ? `${count} ${count === 1 ? "reply" : "replies"}` : "No replies yet")));
    }
  }
  list.known = next;
  list.replaceChildren(...nodes);
}

function updateScroll(scroller, update) {
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  update();
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}

function messagesPane(pane, head, where, name, placeholder, dropLabel) {
  const list = h("div", { class: "message-list", "data-testid": `${name}-messages` });
  const extra = h("div", { class: "list-extra" });
  const scroller = h("div", { class: "scroller", tabindex: "0", role: "log", "aria-label": "Messages" }, h("div", { class: "spring" }), list, extra);
  const writer = composer(where, name, placeholder);
  pane.replaceChildren(head, scroller, writer);
  dropTarget(pane, dropLabel, writer.addFiles);
  // Pictures load later than their message: stay at the end while they do.
  new ResizeObserver(() => { if (scroller.atEnd !== false) scroller.scrollTop = scroller.scrollHeight; }).observe(list);
  scroller.addEventListener("scroll", () => { scroller.atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80; }, { passive: true });
  return { list, extra, scroller, writer };
}

/** A channel or direct message. Returns the function that brings it up to date. */
export function conversationPane(pane, channel, current, go, openThread, openMenu) {
  const direct = channel.kind === "im";
  const tab = (kind, text) => h("button", { type: "button", role: "tab", class: "tab", "aria-selected": String((current.tab ?? "messages") === kind), "data-testid": `${kind}-tab`, onclick: () => go({ channel: channel.id, tab: kind }) }, text);
  const head = h("header", { class: "pane-head" }, iconButton("menu", "Channels", { class: "menu-button", "data-testid": "menu", onclick: openMenu }),
    h("div", { class: "pane-title" }, direct && avatar(store.app.bot_user, "small"), h("h1", { "data-testid": "conversation-title" }, direct ? label(channel) : [h("span", { class: "hash" }, "#"), channel.name]), direct && h("span", { class: "badge" }, "APP")),
    direct && h("div", { class: "tabs", role: "tablist" }, tab("home", "Home"), tab("messages", "Messages")));
  if (direct && current.tab === "home") {
    const home = h("div", { class: "scroller home", "data-testid": "home" });
    pane.replaceChildren(head, home);
    void act("POST", "/control/home", {});
    return () => {
      const view = store.homes[store.person];
      home.replaceChildren(view ? h("div", { class: "home-view" }, blocks(view.blocks, { view_id: view.id })) : h("div", { class: "welcome" }, h("img", { src: "/static/bot.svg", alt: "" }), h("h2", {}, "No Home yet"), h("p", {}, "The app shows its Home here once it publishes one.")));
    };
  }
  const parts = messagesPane(pane, head, { channel }, "channel", `Message ${label(channel)}`, `Share in ${label(channel)}`);
  parts.writer.focusText();
  return () => {
    const live = store.channels.get(channel.id) ?? channel;
    const messages = topLevel(live);
    updateScroll(parts.scroller, () => {
      fillMessages(parts.list, live, messages, { openThread, inThread: false });
      parts.extra.replaceChildren(...(messages.length ? [] : [welcome(live, parts.writer.choose)]));
    });
  };
}

/** A thread. Returns the function that brings it up to date. */
export function threadPane(pane, channel, ts, close) {
  const head = h("header", { class: "pane-head" }, h("div", { class: "pane-title" }, h("h1", {}, "Thread"), h("span", { class: "subtitle" }, label(channel))), iconButton("close", "Close thread", { "data-testid": "close-thread", onclick: close }));
  const parts = messagesPane(pane, head, { channel, thread_ts: ts }, "thread", "Reply…", "Share in this thread");
  return () => {
    const live = store.channels.get(channel.id) ?? channel;
    const parent = live.messages.get(ts);
    if (!parent) return close();
    const status = store.statuses.get(`${channel.id}/${ts}`);
    updateScroll(parts.scroller, () => {
      fillMessages(parts.list, live, [parent, ...repliesTo(live, ts)], { inThread: true, openThread: () => {} });
      parts.extra.replaceChildren(...(status ? [h("div", { class: "status", "data-testid": "status" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span", {}, h("strong", {}, userName(store.app.bot_user)), " ", mrkdwn(status.status)))] : []));
    });
  };
}

/** The newest modal the app opened, if any. */
export function renderModal(dialog) {
  const view = Object.values(store.modals).at(-1);
  if (!view) {
    if (dialog.dataset.view) dialog.close();
    delete dialog.dataset.view;
    return;
  }
  if (dialog.dataset.view === view.hash) return;
  dialog.dataset.view = view.hash;
  const close = () => { delete store.modals[view.id]; delete dialog.dataset.view; dialog.close(); };
  dialog.replaceChildren(h("div", { class: "modal-body" }, h("h2", {}, textObject(view.title)), blocks(view.blocks, { view_id: view.id }),
    h("div", { class: "modal-buttons" }, h("button", { type: "button", class: "block-button", onclick: close }, view.close ? textObject(view.close) : "Close"),
      view.submit && h("button", { type: "button", class: "block-button primary", "data-testid": "modal-submit", onclick: () => act("POST", "/control/submit", { view_id: view.id, values: {} }) }, textObject(view.submit)))));
  if (!dialog.open) dialog.showModal();
}
