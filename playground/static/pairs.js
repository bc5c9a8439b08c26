/** Which picture of a thread a result was made from. */

import { repliesTo, store } from "./store.js";

const RESULT = /^(.*)_\dx$/;
const isPicture = (file) => /^image\/(?!svg)/.test(file.mimetype ?? "") && Boolean(file.original_w);
const stem = (file) => file.name.replace(/\.[^.]*$/, "");
const sameShape = (one, other) => Math.abs((one.original_w * other.original_h) / (other.original_w * one.original_h) - 1) < 0.03;

/** All files of a message, those of a message that it forwards too. */
export const filesOf = (message) => [...(message.files ?? []), ...(message.attachments ?? []).flatMap((one) => one.files ?? [])];

/** The message's pictures as {file, original}; the original is null where there is none. */
export function pictures(channel, message) {
  const shown = filesOf(message).filter(isPicture);
  const seen = new Map();
  return shown.map((file) => {
    const nth = seen.get(stem(file)) ?? 0; // two photos may have one name
    seen.set(stem(file), nth + 1);
    return { file, original: message.user === store.app.bot_user ? originalOf(channel, message, file, nth) : null };
  });
}

function originalOf(channel, message, file, nth) {
  const named = RESULT.exec(stem(file))?.[1];
  if (named === undefined) return null;
  const root = channel.messages.get(message.thread_ts);
  const earlier = [root, ...repliesTo(channel, message.thread_ts)].filter((one) => one && one.user !== store.app.bot_user && Number(one.ts) < Number(message.ts));
  for (const one of earlier.reverse()) {
    const fits = filesOf(one).filter((candidate) => isPicture(candidate) && sameShape(candidate, file));
    const same = fits.filter((candidate) => stem(candidate) === named);
    if (same.length) return same[Math.min(nth, same.length - 1)];
    if (fits.length === 1 && filesOf(one).length === 1) return fits[0];
  }
  return null;
}
