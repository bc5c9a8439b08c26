/** The list of channels, the direct message, who is connected, and who one is. */

import { h, refresh } from "./dom.js";
import { avatar } from "./message.js";
import { become, directMessage, people, store, userName } from "./store.js";

function whoAmI() {
  const one = (person) => h("button", { type: "button", class: "person", "data-testid": `be-${person.name}`, "aria-pressed": String(person.id === store.person), "aria-label": `Be ${person.real_name}`, title: `Be ${person.real_name}`, onclick: () => become(person.id) }, avatar(person.id, "small"));
  return h("div", { class: "me" }, h("span", { "data-testid": "me" }, `You are ${userName(store.person)}`), h("div", { class: "people", role: "group", "aria-label": "Who you are" }, people().map(one)));
}

export function renderSidebar(pane, current, go) {
  const channels = [...store.channels.values()].filter((channel) => channel.kind !== "im");
  const direct = directMessage();
  const connected = store.connections > 0;
  const entry = (channel, testid, content) => h("button", { type: "button", class: `entry ${current.channel === channel.id ? "current" : ""} ${store.unread.has(channel.id) ? "unread" : ""}`, "data-testid": testid, "aria-current": current.channel === channel.id ? "page" : null, onclick: () => go({ channel: channel.id }) }, content);
  refresh(pane, [channels.map((one) => [one.id, one.name]), direct?.id, connected, current.channel, [...store.unread], store.person, people().length], () => [
    h("header", { class: "sidebar-head" }, h("strong", {}, "Playground"), h("span", {}, "a stand-in Slack workspace")),
    h("h2", {}, "Channels"),
    ...channels.map((channel) => entry(channel, `channel-${channel.name}`, [h("span", { class: "hash", "aria-hidden": "true" }, "#"), channel.name])),
    h("h2", {}, "Apps"),
    direct && entry(direct, "dm-enhancer", [avatar(store.app.bot_user, "small"), userName(store.app.bot_user), h("span", { class: `presence ${connected ? "on" : ""}`, title: connected ? "connected" : "not connected" })]),
    h("div", { class: "sidebar-foot" },
      h("div", { class: `connection ${connected ? "on" : ""}`, "data-testid": "connection", role: "status" }, h("span", { class: `presence ${connected ? "on" : ""}` }), connected ? "The bot is connected" : "Waiting for the bot"),
      whoAmI()),
  ]);
}
