/** A picture in full, beside its original where there is one: fitted, pixel by pixel, or anywhere between. */

import { comparison } from "./compare.js";
import { h, icon, iconButton } from "./dom.js";
import { surface } from "./stage.js";

// What browsers show by themselves; of the rest they get a converted copy.
const SHOWN = /^image\/(jpeg|png|gif|webp|avif|bmp)$/;

const dialog = () => document.getElementById("viewer");
const source = (file) => `/page/files/${file.id}${SHOWN.test(file.mimetype) ? "" : "?side=4096"}`;
const sides = (file) => `${file.original_w} × ${file.original_h}`;

/** Show `gallery[index]`; each is {file, original}, where the original may be null. Arrow keys step through them. */
export function view(gallery, index) {
  let current = gallery[index];
  const several = gallery.length > 1;
  const compared = comparison(() => markSides());
  const stage = h("div", { class: "viewer-stage", tabindex: "0", role: "group", "data-testid": "viewer-stage", "aria-label": "Picture" }, compared.elements);
  const name = h("span", { class: "viewer-name", dir: "auto" });
  const details = h("span", { class: "viewer-details", "data-testid": "viewer-details" });
  const percent = h("span", { class: "viewer-percent", "data-testid": "viewer-percent", role: "status" });
  const link = h("a", { class: "icon-button", "aria-label": "Download", title: "Download" }, icon("download"));
  const place = h("span", { class: "viewer-place" });

  const side = (kind, text, key) => h("button", { type: "button", class: "side", "data-side": kind, "data-testid": `side-${kind}`, title: `${text} (${key})`, onclick: () => compared.choose(kind) }, text);
  const chooser = h("div", { class: "sides", role: "group", "aria-label": "What to show" }, side("before", "Original", "O"), side("both", "Both", "B"), side("after", "Enhanced", "E"));
  const markSides = () => { for (const one of chooser.children) one.setAttribute("aria-pressed", String(one.dataset.side === compared.side)); };
  const hint = h("p", { class: "viewer-hint" }, "Drag the line. Press and hold", h("span", { class: "with-keys" }, ", or hold the space bar,"), " to see the original.");

  const look = surface(stage, {
    size: () => ({ width: current.file.original_w, height: current.file.original_h }),
    draw(box, scale) {
      compared.draw({ width: stage.clientWidth, height: stage.clientHeight }, box, scale);
      percent.textContent = `${Math.round(scale * 100)} %`;
    },
    drag: (x) => { if (current.original) compared.toPoint(x); },
    press: (on) => compared.flip(on),
    tap: (event) => { if (event.target === stage && event.pointerType === "mouse" && !look.isLarger()) dialog().close(); },
  });

  function show() {
    const { file, original } = current;
    stage.setAttribute("aria-label", `Picture. ${original ? "Hold the space bar to see the original. " : ""}${several ? "Arrow keys show the other pictures." : ""}`);
    compared.reset(Boolean(original));
    compared.after.src = source(file);
    compared.after.alt = file.alt_txt || file.title || file.name;
    if (original) {
      compared.before.src = source(original);
      compared.before.alt = `The original, ${original.name}, enlarged to the same size`;
    } else compared.before.removeAttribute("src");
    name.textContent = file.title || file.name;
    details.textContent = original ? `${sides(original)} → ${sides(file)}` : sides(file);
    link.href = `/page/files/${file.id}?download`;
    chooser.hidden = !original;
    hint.hidden = !original;
    place.textContent = several ? `${index + 1} of ${gallery.length}` : "";
    look.reset();
  }

  const step = (by) => { index = (index + by + gallery.length) % gallery.length; current = gallery[index]; show(); };
  const tool = (text, testid, title, scale) => h("button", { type: "button", class: "viewer-text", "data-testid": testid, title, onclick: () => look.zoom(scale) }, text);
  dialog().replaceChildren(
    h("header", { class: "viewer-bar" }, h("div", { class: "viewer-title" }, name, details, place), chooser,
      h("div", { class: "viewer-tools" }, iconButton("minus", "Zoom out", { onclick: () => look.zoom(look.shown() / 1.5) }), percent, iconButton("plus", "Zoom in", { onclick: () => look.zoom(look.shown() * 1.5) }),
        tool("Fit", "viewer-fit", "The whole picture (0)", 0), tool("1:1", "viewer-actual", "One picture pixel on one screen pixel (1)", 1), tool("2:1", "viewer-double", "One picture pixel on two by two screen pixels (2)", 2),
        link, iconButton("close", "Close", { "data-testid": "viewer-close", onclick: () => dialog().close() }))),
    stage, hint,
    ...(several ? [iconButton("left", "Previous picture", { class: "viewer-step previous", onclick: () => step(-1) }), iconButton("right", "Next picture", { class: "viewer-step next", "data-testid": "viewer-next", onclick: () => step(1) })] : []));

  dialog().onkeydown = (event) => {
    const larger = () => look.zoom(look.shown() * 1.5);
    const pan = (x, y) => look.pan(x * 80, y * 80);
    const sideways = (by) => (several ? step(by) : look.isLarger() ? pan(-by, 0) : compared.move(by * 0.02));
    const keys = {
      "+": larger, "=": larger, "-": () => look.zoom(look.shown() / 1.5), 0: () => look.zoom(0), 1: () => look.zoom(1), 2: () => look.zoom(2),
      o: () => compared.choose("before"), b: () => compared.choose("both"), e: () => compared.choose("after"),
      ArrowLeft: () => sideways(-1), ArrowRight: () => sideways(1), ArrowUp: () => pan(0, 1), ArrowDown: () => pan(0, -1),
      " ": () => compared.flip(true),
    };
    const key = event.key.toLowerCase() in keys ? event.key.toLowerCase() : event.key;
    // On a button the space bar presses it.
    if (!keys[key] || event.ctrlKey || event.metaKey || (key === " " && event.target.closest("button, a"))) return;
    event.preventDefault();
    keys[key]();
  };
  dialog().onkeyup = (event) => { if (event.key === " ") compared.flip(false); };
  dialog().onclose = () => { look.end(); dialog().replaceChildren(); };
  dialog().showModal();
  show();
  stage.focus();
}
