/** Slack's mrkdwn as elements: docs.slack.dev/messaging/formatting-message-text. */

import { h } from "./dom.js";
import { store, userName } from "./store.js";

const EMOJI = {
  "+1": "👍", thumbsup: "👍", "-1": "👎", eyes: "👀", hourglass: "⌛", hourglass_flowing_sand: "⏳", white_check_mark: "✅", heavy_check_mark: "✔️",
  warning: "⚠️", x: "❌", no_entry: "⛔", no_entry_sign: "🚫", sparkles: "✨", star: "⭐", tada: "🎉", heart: "❤️", wave: "👋", camera: "📷", camera_with_flash: "📸",
  frame_with_picture: "🖼️", mag: "🔍", mag_right: "🔎", zap: "⚡", rocket: "🚀", robot_face: "🤖", wrench: "🔧", hammer_and_wrench: "🛠️", gear: "⚙️",
  information_source: "ℹ️", bulb: "💡", question: "❓", pray: "🙏", smile: "😄", slightly_smiling_face: "🙂", thinking_face: "🤔", clap: "👏", fire: "🔥",
  arrows_counterclockwise: "🔄", repeat: "🔁", wastebasket: "🗑️", bar_chart: "📊", chart_with_upwards_trend: "📈", stopwatch: "⏱️", clock1: "🕐",
  large_green_circle: "🟢", large_yellow_circle: "🟡", red_circle: "🔴", large_blue_circle: "🔵", white_circle: "⚪", snail: "🐌", art: "🎨", inbox_tray: "📥",
  black_square_for_stop: "⏹️", octagonal_sign: "🛑", raised_hands: "🙌", ok_hand: "👌", 100: "💯", package: "📦", point_right: "👉", arrow_right: "➡️", ballot_box_with_check: "☑️",
};

/** An emoji by its name, or `:name:` where it is not known here. */
export const emoji = (name) => EMOJI[name] ?? `:${name}:`;

const decoded = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function link(address, shown) {
  const safe = /^(https?:|mailto:)/i.test(address);
  return safe ? h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, shown) : shown;
}

/** `<...>`: a mention, a channel, a broadcast or a link. */
function reference(inside) {
  const [target, shown] = inside.split("|", 2);
  if (target.startsWith("@")) {
    const id = target.slice(1);
    const own = id === store.app?.bot_user || id === store.person;
    const user = store.users.get(id);
    return h("span", { class: own ? "mention own" : "mention" }, `@${user ? user.name : (shown ?? userName(id))}`);
  }
  if (target.startsWith("#")) return h("span", { class: "mention" }, `#${store.channels.get(target.slice(1))?.name ?? shown ?? target.slice(1)}`);
  if (target.startsWith("!date^")) return decoded(shown ?? "");
  if (target.startsWith("!")) return h("span", { class: "mention broadcast" }, `@${shown ?? target.slice(1).split("^")[0]}`);
  return link(decoded(target), decoded(shown ?? target));
}

// In order of strength: what comes first hides the marks of what comes later.
const RULES = [
  [/```\n?([\s\S]+?)\n?```/, (m) => h("pre", {}, decoded(m[1]))],
  [/`([^`\n]+)`/, (m) => h("code", {}, decoded(m[1]))],
  [/<([^<>\n]+)>/, (m) => reference(m[1])],
  [/(?<![\w*])\*(?!\s)([^*\n]+?)(?<!\s)\*(?![\w*])/, (m) => h("strong", {}, inline(m[1]))],
  [/(?<![\w_])_(?!\s)([^_\n]+?)(?<!\s)_(?![\w_])/, (m) => h("em", {}, inline(m[1]))],
  [/(?<![\w~])~(?!\s)([^~\n]+?)(?<!\s)~(?![\w~])/, (m) => h("s", {}, inline(m[1]))],
  [/:([a-z0-9_+-]+)(?:::skin-tone-\d)?:/, (m) => (EMOJI[m[1]] ? h("span", { class: "emoji", title: `:${m[1]}:` }, EMOJI[m[1]]) : m[0])],
];

function inline(text, from = 0) {
  for (let index = from; index < RULES.length; index += 1) {
    const [pattern, make] = RULES[index];
    const match = pattern.exec(text);
    if (match) return [...inline(text.slice(0, match.index), index), make(match), ...inline(text.slice(match.index + match[0].length), index)];
  }
  return text ? [decoded(text)] : [];
}

/** A text as nodes; lines that begin with `>` become a quote. */
export function mrkdwn(text) {
  const nodes = [];
  for (const part of (text ?? "").split(/((?:^|\n)(?:(?:&gt;|>)[^\n]*(?:\n|$))+)/)) {
    if (/^\n?(?:&gt;|>)/.test(part)) nodes.push(h("blockquote", {}, inline(part.trim().replace(/^(?:&gt;|>) ?/gm, ""))));
    else nodes.push(...inline(part));
  }
  return nodes;
}

/** A text object of Block Kit as nodes. */
export function textObject(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  return [object.text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole)];
}
