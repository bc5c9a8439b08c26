/** The page: which conversation and thread are open, kept in the address, and what to draw again after a change. */

import { conversationPane, threadPane } from "./panes.js";
import { renderSidebar } from "./sidebar.js";
import { begin, store, watch } from "./store.js";

const element = (id) => document.getElementById(id);
const current = { channel: null, tab: null, thread: null };
let refreshConversation = () => {};
let refreshThread = () => {};

function readAddress() {
  const [channel, thread] = location.hash.slice(1).split("/");
  const archive = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(location.pathname);
  if (archive && !location.hash) return { channel: archive[1], thread: new URLSearchParams(location.search).get("thread_ts") ?? `${archive[2]}.${archive[3]}` };
  if (thread === "home") return { channel, tab: "home" };
  return { channel, thread };
}

function go(where) {
  const address = `#${where.channel}${where.tab === "home" ? "/home" : where.thread ? `/${where.thread}` : ""}`;
  if (location.hash === address) open(where);
  else location.hash = address;
  closeMenu();
}

const openThread = (ts) => go({ channel: current.channel, thread: ts });
const closeThread = () => go({ channel: current.channel });
const openMenu = () => element("workspace").classList.add("menu-open");
const closeMenu = () => element("workspace").classList.remove("menu-open");

/** Show a conversation, and a thread beside it. */
function open({ channel: id, tab = null, thread = null }) {
  const channel = store.channels.get(id) ?? store.channels.values().next().value;
  const sameConversation = current.channel === channel.id && current.tab === tab;
  const sameThread = sameConversation && current.thread === thread;
  Object.assign(current, { channel: channel.id, tab, thread });
  store.unread.delete(channel.id);
  document.title = `${channel.kind === "im" ? "Enhancer" : `#${channel.name}`} · Playground`;
  if (!sameConversation) refreshConversation = conversationPane(element("conversation"), channel, current, go, openThread, openMenu);
  if (!sameThread) showThread(channel, thread);
  draw();
}

function showThread(channel, thread) {
  const pane = element("thread");
  pane.hidden = !thread || !channel.messages.has(thread);
  element("workspace").classList.toggle("with-thread", !pane.hidden);
  refreshThread = pane.hidden ? () => {} : threadPane(pane, channel, thread, closeThread);
  if (pane.hidden) pane.replaceChildren();
}

function draw() {
  const channel = store.channels.get(current.channel);
  // A thread may be opened before the news of its first message is here.
  if (element("thread").hidden && channel.messages.has(current.thread)) showThread(channel, current.thread);
  store.unread.delete(current.channel);
  renderSidebar(element("sidebar"), current, go);
  refreshConversation();
  refreshThread();
}

// Many changes at once (a flood of events) are drawn once a frame.
let waiting = false;
watch((change) => {
  if (change.kind === "loaded") {
    Object.assign(current, { channel: null, tab: null, thread: null });
    open(readAddress());
    return;
  }
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
});

window.addEventListener("hashchange", () => { if (store.ready) open(readAddress()); });
element("scrim").addEventListener("click", closeMenu);
window.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (element("workspace").classList.contains("menu-open")) closeMenu();
  else if (current.thread) closeThread();
});
// A photo dropped beside its target must not replace the page.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());

await begin();
