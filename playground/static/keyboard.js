/** Keys in a list of messages: each message is one tab stop; Enter goes to its buttons, arrows along them, Escape back. */

const CONTROLS = "a[href], button:not(:disabled)";

/** Take the controls of a message out of the order of tab stops. */
export function oneTabStop(message) {
  message.tabIndex = 0;
  for (const control of message.querySelectorAll("a[href], button")) control.tabIndex = -1;
  return message;
}

export function messageKeys(list) {
  list.addEventListener("keydown", (event) => {
    const message = event.target.closest(".message");
    if (!message || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = (elements, from, by) => elements[Math.min(elements.length - 1, Math.max(0, elements.indexOf(from) + by))]?.focus();
    const messages = [...list.querySelectorAll(".message")];
    const controls = [...message.querySelectorAll(CONTROLS)];
    const inside = event.target !== message;
    const keys = inside
      ? { ArrowRight: () => move(controls, event.target, 1), ArrowLeft: () => move(controls, event.target, -1), Escape: () => message.focus() }
      : { ArrowDown: () => move(messages, message, 1), ArrowUp: () => move(messages, message, -1), Home: () => messages[0].focus(), End: () => messages.at(-1).focus(), Enter: () => controls[0]?.focus(), ArrowRight: () => controls[0]?.focus() };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
}
