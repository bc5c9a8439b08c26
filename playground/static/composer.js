/** Where one writes: text, mentions, and files by drop, paste or choice. */

import { h, icon, iconButton, noPicture } from "./dom.js";
import { fileSize } from "./files.js";
import { sampleRow } from "./samples.js";
import { act, store } from "./store.js";

/**
 * A composer. `where` is {channel, thread_ts?}; `name` ("channel" or "thread") begins its test ids. With `openThread`
 * it offers the samples, each of which opens its thread. Returns the element, with `addFiles` for drops and `focusText`.
 */
export function composer(where, name, placeholder, openThread = null) {
  let files = [];
  let sending = false;
  const direct = where.channel.kind === "im";
  const bot = store.users.get(store.app.bot_user);
  const handle = `@${bot.name}`;

  const input = h("textarea", { class: "composer-input", rows: "1", placeholder, "aria-label": placeholder, "data-testid": `${name}-input`, maxlength: "12000" });
  const chooser = h("input", { type: "file", multiple: true, hidden: true, "data-testid": `${name}-files`, "aria-label": "Files to send" });
  const previews = h("div", { class: "previews", "data-testid": `${name}-previews`, hidden: true });
  const hint = h("button", { type: "button", class: "mention-hint", hidden: true, "data-testid": `${name}-mention-hint` }, icon("sparkle"), `Mention ${handle} to have it enhanced`);
  const suggestion = h("button", { type: "button", class: "suggestion", hidden: true, "data-testid": `${name}-suggestion` }, h("img", { class: "avatar small", src: "/static/bot.svg", alt: "" }), h("strong", {}, bot.name), h("span", {}, "app"), h("kbd", {}, "Tab"));
  const mentionButton = iconButton("at", `Mention ${handle}`, { "data-testid": `${name}-mention` });
  const sendButton = h("button", { type: "button", class: "send", "aria-label": "Send", title: "Send (Enter)", "data-testid": `${name}-send`, disabled: true }, icon("send"));

  const mentions = () => input.value.toLowerCase().includes(handle) || input.value.includes(`<@${bot.id}>`);
  /** The beginning of a mention before the cursor, or null. */
  const halfMention = () => /(?:^|\s)(@[a-z]*)$/i.exec(input.value.slice(0, input.selectionStart))?.[1] ?? null;

  function refresh() {
    input.style.height = "auto";
    input.style.height = `${Math.min(220, input.scrollHeight)}px`;
    sendButton.disabled = sending || (!input.value.trim() && !files.length);
    hint.hidden = direct || mentions() || !files.length;
    const half = halfMention();
    suggestion.hidden = half === null || !handle.startsWith(half.toLowerCase()) || half.toLowerCase() === handle;
  }

  function mention() {
    const half = suggestion.hidden ? "" : (halfMention() ?? "");
    const before = input.value.slice(0, input.selectionStart - half.length);
    const after = input.value.slice(input.selectionStart);
    const text = `${before}${before && !/\s$/.test(before) ? " " : ""}${handle} `;
    input.value = text + after.replace(/^\s/, "");
    input.setSelectionRange(text.length, text.length);
    input.focus();
    refresh();
  }

  function preview(file) {
    const shown = file.type.startsWith("image/") ? h("img", { alt: "", src: URL.createObjectURL(file) }) : h("span", { class: "file-icon" }, icon("file"));
    if (shown instanceof HTMLImageElement) shown.onerror = () => shown.replaceWith(noPicture(file.name));
    const remove = iconButton("close", `Remove ${file.name}`, { class: "preview-remove", onclick: () => { files = files.filter((one) => one !== file); show(); input.focus(); } });
    return h("div", { class: "preview", title: file.name }, shown, h("span", { class: "preview-name" }, file.name), h("span", { class: "preview-size" }, fileSize(file.size)), remove);
  }

  function show() {
    for (const image of previews.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    previews.replaceChildren(...files.map(preview));
    previews.hidden = !files.length;
    refresh();
  }

  function addFiles(list) {
    files = [...files, ...list];
    show();
    input.focus();
  }

  async function send() {
    if (sendButton.disabled) return;
    sending = true;
    refresh();
    const form = new FormData();
    form.set("channel", where.channel.id);
    form.set("user", store.person);
    form.set("text", input.value.trim());
    if (where.thread_ts) form.set("thread_ts", where.thread_ts);
    for (const file of files) form.append("file", file, file.name || "image.png");
    const done = await act("POST", "/control/messages", form);
    sending = false;
    if (done) {
      input.value = "";
      files = [];
    }
    show();
    input.focus();
  }

  input.addEventListener("input", refresh);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if ((event.key === "Tab" || event.key === "Enter") && !suggestion.hidden) {
      event.preventDefault();
      mention();
    } else if (event.key === "Escape" && !suggestion.hidden) {
      suggestion.hidden = true;
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send();
    }
  });
  input.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    addFiles(pasted);
  });
  chooser.addEventListener("change", () => {
    addFiles([...chooser.files]);
    chooser.value = "";
  });
  hint.addEventListener("click", mention);
  suggestion.addEventListener("click", mention);
  mentionButton.addEventListener("click", mention);
  sendButton.addEventListener("click", () => void send());

  const tray = openThread && h("div", { class: "tray", hidden: true, "data-testid": "samples" }, sampleRow(where.channel, openThread, () => { tray.hidden = true; }));
  const samplesButton = openThread && iconButton("samples", "Try a sample", { "data-testid": "try-samples", "aria-expanded": "false", onclick: () => { tray.hidden = !tray.hidden; samplesButton.setAttribute("aria-expanded", String(!tray.hidden)); } });

  const above = h("div", { class: "above" }); // what an agent adds
  const element = h("div", { class: "composer", "data-testid": `${name}-composer` }, above, suggestion, tray,
    h("div", { class: "composer-box" }, previews, hint, input,
      h("div", { class: "composer-tools" }, iconButton("attach", "Attach files", { "data-testid": `${name}-attach`, onclick: () => chooser.click() }), !direct && mentionButton, samplesButton, h("span", { class: "composer-keys" }, "Enter to send, Shift + Enter for a new line"), sendButton), chooser));
  return Object.assign(element, { above, addFiles, choose: () => chooser.click(), focusText: () => input.focus() });
}

/** Let files be dropped on a pane; a veil says where they will go. */
export function dropTarget(pane, label, addFiles) {
  const veil = h("div", { class: "drop-veil", "aria-hidden": "true" }, h("div", {}, icon("image"), h("strong", {}, label)));
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const set = (value) => { depth = value; pane.classList.toggle("dropping", depth > 0); };
  pane.append(veil);
  pane.ondragenter = (event) => { if (carriesFiles(event)) { event.preventDefault(); set(depth + 1); } };
  pane.ondragover = (event) => { if (carriesFiles(event)) event.preventDefault(); };
  pane.ondragleave = (event) => { if (carriesFiles(event)) set(Math.max(0, depth - 1)); };
  pane.ondrop = (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    set(0);
    addFiles([...event.dataTransfer.files]);
  };
}
