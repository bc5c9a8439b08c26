/** Two pictures in one frame, the original before a movable line and the result behind it. */

import { h } from "./dom.js";
import { visible } from "./geometry.js";

const SMOOTH_BELOW = 4; // screen pixels for each pixel, from which on the pixels themselves are what one wants to see

/** The frame, its line, and what moves them. `changed()` is called after another side is chosen. */
export function comparison(changed) {
  const after = h("img", { alt: "", draggable: false, "data-testid": "viewer-image" });
  const before = h("img", { class: "before", alt: "", draggable: false, "data-testid": "viewer-before" });
  const names = [h("span", { class: "side-name" }, "Original"), h("span", { class: "side-name right" }, "Enhanced")];
  const frame = h("div", { class: "viewer-frame" }, after, before);
  const line = h("div", { class: "divider", role: "slider", tabindex: "0", "aria-label": "Line between original and enhanced", "aria-valuemin": "0", "aria-valuemax": "100", "data-testid": "divider" }, h("span", { class: "grip", "aria-hidden": "true" }));
  let pair = false;
  let side = "both"; // "before", "after" or "both"
  let flipped = false;
  let share = 0.5; // of what is seen of the picture
  let last = null;

  const seen = () => (!flipped ? side : side === "before" ? "after" : "before");

  function draw(stage, box, scale) {
    last = { stage, box, scale };
    Object.assign(frame.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` });
    after.classList.toggle("pixelated", scale >= SMOOTH_BELOW);
    const room = visible(stage, box);
    const x = room.left + share * (room.right - room.left);
    const cut = pair ? { before: box.width, after: 0, both: x - box.left }[seen()] : 0;
    before.hidden = !pair;
    before.style.clipPath = `inset(0 ${Math.max(0, box.width - cut)}px 0 0)`;
    after.style.clipPath = cut ? `inset(0 0 0 ${cut}px)` : "";
    line.hidden = !pair || seen() !== "both";
    line.style.left = `${x}px`;
    line.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    line.setAttribute("aria-valuetext", `${Math.round(share * 100)} % original`);
    const [left, right] = names;
    left.hidden = !pair || seen() === "after";
    right.hidden = !pair || seen() === "before";
    const top = `${Math.max(0, box.top) + 10}px`;
    Object.assign(left.style, { left: `${room.left + 10}px`, top });
    Object.assign(right.style, { right: `${stage.width - room.right + 10}px`, top });
  }

  const redraw = () => { if (last) draw(last.stage, last.box, last.scale); };
  const to = (next) => { share = Math.min(1, Math.max(0, next)); redraw(); };
  const toPoint = (x) => {
    const room = visible(last.stage, last.box);
    to((x - room.left) / Math.max(1, room.right - room.left));
  };

  line.addEventListener("keydown", (event) => {
    const by = event.shiftKey ? 0.1 : 0.02;
    const keys = { ArrowLeft: share - by, ArrowDown: share - by, ArrowRight: share + by, ArrowUp: share + by, Home: 0, End: 1 };
    if (!(event.key in keys)) return;
    event.preventDefault();
    event.stopPropagation();
    to(keys[event.key]);
  });

  return {
    elements: [frame, ...names, line], line, after, before, draw, toPoint,
    move: (by) => to(share + by),
    get side() { return side; },
    /** Begin with other pictures; with `isPair` both sides. */
    reset(isPair) { pair = isPair; side = "both"; flipped = false; last = null; changed(); },
    choose(next) { if (pair) { side = next; redraw(); changed(); } },
    /** Show the other picture as long as `on`. */
    flip(on) { if (pair && flipped !== on) { flipped = on; redraw(); } },
  };
}
