/** The parts of the page: conversation, thread, App Home. */

import { promptRow, stopButton } from "./agent.js";
import { blocks } from "./blocks.js";
import { composer, dropTarget } from "./composer.js";
import { h, icon, iconButton, reconcile, refresh } from "./dom.js";
import { messageKeys } from "./keyboard.js";
import { avatar, day, messageElement, statusLine } from "./message.js";
import { sampleRow } from "./samples.js";
import { serviceStrip } from "./services.js";
import { act, label, repliesTo, store, topLevel } from "./store.js";

const sameMinutes = (a, b) => Number(b.ts) - Number(a.ts) < 300;

function welcome(channel, choose, openThread) {
  const direct = channel.kind === "im";
  const handle = h("span", { class: "mention own" }, `@${store.users.get(store.app.bot_user).name}`);
  const step = (number, ...text) => h("li", {}, h("span", { class: "step" }, String(number)), h("span", {}, ...text));
  return h("div", { class: "welcome", "data-testid": "empty-hint" },
    h("img", { src: "/static/bot.svg", alt: "" }),
    h("h2", {}, direct ? "Drop a photo here" : ["Drop a photo here and mention ", handle]),
    h("p", {}, "It comes back four times as wide and four times as high, in the thread under your message."),
    sampleRow(channel, openThread),
    h("button", { type: "button", class: "primary", "data-testid": "choose-photo", onclick: choose }, icon("image"), "Choose a photo"),
    h("ol", {}, step(1, "Drop, paste or choose a photo; a small one shows it best."), direct ? step(2, "Send it. No mention is needed here.") : step(2, "Add ", handle.cloneNode(true), " and send."), step(3, "Open the thread, and click the picture to look closely.")));
}

/** A line between messages, the same element as long as it says the same. */
function divider(list, key, make) {
  list.dividers ??= new Map();
  if (!list.dividers.has(key)) list.dividers.set(key, make());
  return list.dividers.get(key);
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
      nodes.push(divider(list, `day ${day(message.ts)}`, () => h("div", { class: "day" }, h("span", {}, today ? "Today" : date.toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" })))));
      previous = null;
    }
    const compact = Boolean(previous && previous.user === message.user && sameMinutes(previous, message) && !message.subtype && !message.is_ephemeral && !(options.inThread && previous === messages[0]));
    const key = JSON.stringify([message, compact, store.person, options.inThread ? "" : store.statuses.get(`${channel.id}/${message.ts}`)?.status]);
    const kept = known.get(message.ts);
    const element = kept?.key === key ? kept.element : messageElement(channel, message, { ...options, compact });
    next.set(message.ts, { key, element });
    nodes.push(element);
    previous = message;
    if (options.inThread && message === messages[0]) {
      const count = messages.length - 1;
      nodes.push(divider(list, `count ${count}`, () => h("div", { class: "thread-count", "data-testid": "thread-count" }, h("span", {}, count ? `${count} ${count === 1 ? "reply" : "replies"}` : "No replies yet"))));
    }
  }
  list.known = next;
  // A message that is drawn anew keeps the focus that it had, on the same button where that is still there.
  const focused = document.activeElement?.closest?.(".message");
  const at = focused && list.contains(focused) ? { ts: focused.dataset.ts, testid: document.activeElement.dataset.testid } : null;
  reconcile(list, nodes);
  if (!at || list.contains(document.activeElement)) return;
  const again = next.get(at.ts)?.element;
  (again?.querySelector(`[data-testid="${at.testid}"]`) ?? again)?.focus();
}

function updateScroll(scroller, update) {
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  update();
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}

function messagesPane(pane, head, where, name, placeholder, dropLabel, openThread = null) {
  const list = h("div", { class: "message-list", "data-testid": `${name}-messages` });
  messageKeys(list);
  const extra = h("div", { class: "list-extra" });
  const scroller = h("div", { class: "scroller", role: "log", "aria-label": "Messages" }, h("div", { class: "spring" }), list, extra);
  const writer = composer(where, name, placeholder, openThread);
  pane.replaceChildren(head, ...(openThread ? [serviceStrip()] : []), scroller, writer);
  dropTarget(pane, dropLabel, writer.addFiles);
  // Pictures load later than their message: stay at the end while they do.
  new ResizeObserver(() => { if (list.childElementCount && scroller.atEnd !== false) scroller.scrollTop = scroller.scrollHeight; }).observe(list);
  scroller.addEventListener("scroll", () => { scroller.atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80; }, { passive: true });
  return { list, extra, scroller, writer };
}

/** A channel or direct message. Returns the function that brings it up to date. */
export function conversationPane(pane, channel, current, go, openThread, openMenu) {
  const direct = channel.kind === "im";
  const tab = (kind, text) => h("button", { type: "button", class: "tab", "aria-current": (current.tab ?? "messages") === kind ? "page" : null, "data-testid": `${kind}-tab`, onclick: () => go({ channel: channel.id, tab: kind }) }, text);
  const head = h("header", { class: "pane-head" }, iconButton("menu", "Channels", { class: "menu-button", "data-testid": "menu", onclick: openMenu }),
    h("div", { class: "pane-title" }, direct && avatar(store.app.bot_user, "small"), h("h1", { "data-testid": "conversation-title" }, direct ? label(channel) : [h("span", { class: "hash" }, "#"), channel.name]), direct && h("span", { class: "badge" }, "APP")),
    direct && h("nav", { class: "tabs", "aria-label": "Enhancer" }, tab("home", "Home"), tab("messages", "Messages")));
  if (direct && current.tab === "home") {
    const home = h("div", { class: "scroller home", "data-testid": "home", role: "region", "aria-label": "Home", tabindex: "0" });
    pane.replaceChildren(head, home);
    void act("POST", "/control/home", { user: store.person });
    return () => {
      const view = store.homes[store.person];
      refresh(home, view ?? null, () => (view ? h("div", { class: "home-view" }, blocks(view.blocks, { view_id: view.id })) : h("div", { class: "welcome" }, h("img", { src: "/static/bot.svg", alt: "" }), h("h2", {}, "No Home yet"), h("p", {}, "The app shows its Home here once it publishes one."))));
    };
  }
  const parts = messagesPane(pane, head, { channel }, "channel", `Message ${label(channel)}`, `Share in ${label(channel)}`, openThread);
  parts.writer.focusText();
  if (direct) void act("POST", "/control/home", { user: store.person, tab: "messages" });
  return () => {
    const live = store.channels.get(channel.id) ?? channel;
    const messages = topLevel(live);
    const update = () => {
      fillMessages(parts.list, live, messages, { openThread, inThread: false });
      refresh(parts.writer.above, store.prompts[channel.id] ?? [], () => promptRow(live));
      refresh(parts.extra, messages.length === 0, () => (messages.length ? [] : welcome(live, parts.writer.choose, openThread)));
    };
    if (messages.length) updateScroll(parts.scroller, update);
    else update(); // the welcome is read from its top
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
    updateScroll(parts.scroller, () => {
      fillMessages(parts.list, live, [parent, ...repliesTo(live, ts)], { inThread: true, openThread: () => {} });
      refresh(parts.extra, store.statuses.get(`${channel.id}/${ts}`)?.status ?? "", () => [statusLine(channel, ts, "status")]);
      refresh(parts.writer.above, store.sessions.get(`${channel.id}/${ts}`) ?? "", () => stopButton(channel, ts));
    });
  };
}
