/** The workspace as the page knows it: loaded once, then kept up with by server-sent events. */

import { toast } from "./dom.js";

const PERSON = "playground-person"; // in the browser's storage: who one is on this page

export const store = { ready: false, channels: new Map(), users: new Map(), unread: new Set() };
const watchers = new Set();

/** Call back after every change. */
export function watch(callback) {
  watchers.add(callback);
}

export function changed(what = {}) {
  for (const callback of watchers) callback(what);
}

async function load() {
  const state = await (await fetch("/control/state")).json();
  store.app = state.app;
  store.settings = state.settings;
  store.connections = state.connections.length;
  store.users = new Map(state.users.map((user) => [user.id, user]));
  const chosen = localStorage.getItem(PERSON);
  store.person = store.users.has(chosen) ? chosen : state.person;
  store.channels = new Map(
    state.channels
      .filter((channel) => channel.members.includes(store.person))
      .map((channel) => [channel.id, { ...channel, messages: new Map(channel.messages.map((message) => [message.ts, message])) }]),
  );
  for (const message of state.ephemerals) addEphemeral(message);
  store.homes = state.homes;
  store.statuses = new Map(state.statuses.map((status) => [`${status.channel}/${status.thread_ts}`, status]));
  store.sessions = new Map(state.sessions.map((session) => [`${session.channel}/${session.thread_ts}`, session.status]));
  store.prompts = state.prompts;
  store.ready = true;
  return state.sequence;
}

function addEphemeral(message) {
  if (message.to === store.person) store.channels.get(message.channel)?.messages.set(message.ts, message);
}

/** Be somebody else from now on. */
export async function become(person) {
  localStorage.setItem(PERSON, person);
  store.unread.clear();
  await load();
  changed({ kind: "loaded" });
}

function apply(change) {
  const channel = store.channels.get(change.channel);
  switch (change.kind) {
    case "message":
      if (!channel) return;
      if (!channel.messages.has(change.message.ts) && change.message.user !== store.person) store.unread.add(channel.id);
      channel.messages.set(change.message.ts, change.message);
      break;
    case "message_deleted":
      channel?.messages.delete(change.ts);
      break;
    case "ephemeral":
      addEphemeral(change.message);
      break;
    case "status":
      if (change.status) store.statuses.set(`${change.channel}/${change.thread_ts}`, change);
      else store.statuses.delete(`${change.channel}/${change.thread_ts}`);
      break;
    case "session":
      store.sessions.set(`${change.channel}/${change.thread_ts}`, change.status);
      break;
    case "prompts":
      store.prompts[change.channel] = change.prompts;
      break;
    case "home":
      store.homes[change.user] = change.view;
      break;
    case "connections":
      store.connections = change.connections;
      break;
    default:
      return;
  }
  changed(change);
}

/** Load everything, then follow. */
export async function begin() {
  const sequence = await load();
  changed({ kind: "loaded" });
  const stream = new EventSource(`/control/stream?since=${sequence}`);
  stream.onmessage = (event) => {
    const change = JSON.parse(event.data);
    if (change.kind === "reset" || change.kind === "channel") void load().then(() => changed({ kind: "loaded" }));
    else apply(change);
  };
  stream.addEventListener("reload", () => void load().then(() => changed({ kind: "loaded" })));
  stream.onopen = () => document.body.classList.remove("offline");
  stream.onerror = () => document.body.classList.add("offline");
}

/** Ask the playground to do something; a refusal is shown as a notice. Returns its answer, or null. */
export async function act(method, path, body) {
  const form = body instanceof FormData;
  try {
    const response = await fetch(path, { method, body: form ? body : JSON.stringify(body), headers: form ? {} : { "Content-Type": "application/json" } });
    const answer = await response.json();
    if (response.ok) return answer;
    toast(answer.error ?? "That did not work.");
  } catch {
    toast("The playground does not answer. Is it still running?");
  }
  return null;
}

/** The people one can be. */
export const people = () => [...store.users.values()].filter((user) => !user.is_bot);
export const userName = (id) => store.users.get(id)?.real_name ?? (id === "USLACKBOT" ? "Slackbot" : id);
export const directMessage = () => [...store.channels.values()].find((channel) => channel.kind === "im");
export const label = (channel) => (channel.kind === "im" ? userName(store.app.bot_user) : `#${channel.name}`);

/** Messages that stand in the channel itself, oldest first. */
export function topLevel(channel) {
  return ordered(channel).filter((message) => !isOver(channel, message)).filter((message) => !message.thread_ts || message.thread_ts === message.ts || message.subtype === "thread_broadcast");
}

/** A thread's replies, oldest first. */
export function repliesTo(channel, ts) {
  return ordered(channel).filter((message) => message.thread_ts === ts && message.ts !== ts && !isOver(channel, message));
}

const AT_WORK = new Set(["eyes", "hourglass", "hourglass_flowing_sand"]); // how the app marks what it works on

/**
 * Whether a message for one person's eyes is about a job that ended: the app has since answered in that thread, or put
 * another mark on what it works on.
 */
function isOver(channel, message) {
  if (!message.is_ephemeral) return false;
  const values = (message.blocks ?? []).flatMap((block) => block.elements ?? []).map((element) => String(element.value ?? ""));
  const asked = values.map((value) => /[-_](\d+\.\d+)/.exec(value)?.[1]).find((ts) => ts !== undefined);
  if (asked === undefined) return false;
  const about = channel.messages.get(asked);
  if (!about) return true;
  const marks = (about.reactions ?? []).filter((one) => one.users.includes(store.app.bot_user)).map((one) => one.name);
  if (marks.length && !marks.some((name) => AT_WORK.has(name))) return true;
  const thread = about.thread_ts ?? asked;
  return [...channel.messages.values()].some((one) => one.bot_id && !one.is_ephemeral && one.thread_ts === thread && Number(one.ts) > Number(message.ts));
}

function ordered(channel) {
  return [...channel.messages.values()].sort((a, b) => Number(a.ts) - Number(b.ts));
}
