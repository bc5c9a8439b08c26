/** A surface to look at a picture by pointer: drag, wheel, pinch, double click, and press to see something else. */

import { LEAST, MOST, fitted, placed, zoomed } from "./geometry.js";

const HOLD_MS = 180;
const STILL = 4; // pixels that a finger may tremble
const TWICE_MS = 350; // at most from one tap to the next of a double tap
const NEAR = 40; // pixels at most between the two

/**
 * Make `element` such a surface. `size()` gives the picture's {width, height}; `draw(box, scale)` puts it there.
 * `drag(x)` takes over a drag that cannot move the picture or that begins on a slider, `press(on)` hears a long press,
 * `tap(event)` a short one.
 */
export function surface(element, { size, draw, drag, press, tap }) {
  const ratio = window.devicePixelRatio || 1;
  let box = null;
  let scale = 0; // screen pixels for each pixel of the picture; 0 is fitted

  const stage = () => ({ width: element.clientWidth, height: element.clientHeight });
  const fit = () => fitted(stage(), size(), 1 / ratio) * ratio;
  const shown = () => scale || fit();
  const isLarger = () => box.width > element.clientWidth + 1 || box.height > element.clientHeight + 1;

  function redraw() {
    if (!scale || !box) box = placed(stage(), size(), { scale: shown() / ratio });
    else box = placed(stage(), size(), { scale: shown() / ratio, left: box.left, top: box.top });
    element.classList.toggle("zoomed", isLarger());
    draw(box, shown());
  }

  /** Show so many screen pixels for each pixel of the picture, 0 for all of it; (x, y) of the stage stays. */
  function zoom(next, x = element.clientWidth / 2, y = element.clientHeight / 2) {
    scale = next && Math.min(MOST, Math.max(LEAST, next));
    box = zoomed(stage(), size(), box, shown() / ratio, x, y);
    redraw();
  }

  const toggle = ({ x, y }) => zoom(scale ? 0 : Math.max(1, fit() * 2), x, y);

  function pan(x, y) {
    if (!scale) return;
    box = { ...box, left: box.left + x, top: box.top + y };
    redraw();
  }

  const at = (event) => {
    const edge = element.getBoundingClientRect();
    return { x: event.clientX - edge.left, y: event.clientY - edge.top };
  };
  const pointers = new Map();
  let byTouch = false; // the last pointer
  let gesture = null; // {kind: "wait" | "drag" | "hold" | "slide" | "pinch" | "pan", start, timer, distance}

  const spread = () => {
    const [a, b] = [...pointers.values()];
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };

  /** Whether it may still be a tap or a drag; a busy page hears of a quick one only after it took it for a hold. */
  const isPress = ({ kind, start }, { timeStamp }) =>
    kind === "wait" || (kind === "hold" && timeStamp - start.time < HOLD_MS);

  function letGo() {
    clearTimeout(gesture?.timer);
    if (gesture?.kind === "hold") press(false);
    gesture = null;
  }

  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    byTouch = event.pointerType === "touch";
    const slider = event.target.closest("[role=slider]");
    (slider ?? element).setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    letGo();
    if (pointers.size > 1) gesture = { kind: "pinch", ...spread() };
    else if (slider) gesture = { kind: "slide" };
    else {
      gesture = { kind: "wait", start: { ...at(event), time: event.timeStamp } };
      gesture.timer = setTimeout(() => { gesture.kind = "hold"; press(true); }, HOLD_MS);
    }
  });
  element.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before || !gesture) return;
    const now = at(event);
    pointers.set(event.pointerId, now);
    if (gesture.kind === "pinch") {
      const next = spread();
      zoom((shown() * next.distance) / gesture.distance, next.x, next.y);
      pan(next.x - gesture.x, next.y - gesture.y);
      Object.assign(gesture, next);
    } else if (isPress(gesture, event) && Math.hypot(now.x - gesture.start.x, now.y - gesture.start.y) > STILL) {
      letGo();
      gesture = { kind: "drag" };
    }
    if (gesture.kind === "pan" || (gesture.kind === "drag" && isLarger())) pan(now.x - before.x, now.y - before.y);
    else if (gesture.kind === "drag" || gesture.kind === "slide") drag(now.x);
  });
  // Not every browser makes a double click of two taps, and none of the third and fourth.
  let lastTap = null;
  function tapped(event) {
    const now = { ...at(event), time: event.timeStamp };
    const isSecond = lastTap && now.time - lastTap.time < TWICE_MS && Math.hypot(now.x - lastTap.x, now.y - lastTap.y) < NEAR;
    lastTap = isSecond ? null : now;
    if (isSecond) toggle(now);
    else tap(event);
  }

  const ended = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    const wasTap = event.type === "pointerup" && gesture && isPress(gesture, event);
    letGo();
    if (pointers.size > 1) gesture = { kind: "pinch", ...spread() };
    else if (pointers.size) gesture = { kind: "pan" }; // the finger that stays must not take the line along
    else if (wasTap && event.pointerType !== "touch") tap(event);
    else if (wasTap) tapped(event);
  };
  element.addEventListener("pointerup", ended);
  element.addEventListener("pointercancel", ended);

  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = at(event);
    // A pinch on a touchpad comes as a wheel with Ctrl, in smaller portions.
    zoom(shown() * (event.ctrlKey ? 1.01 : 1.0015) ** -event.deltaY, x, y);
  }, { passive: false });
  element.addEventListener("dblclick", (event) => {
    if (!byTouch && !event.target.closest("[role=slider]")) toggle(at(event));
  });
  const observer = new ResizeObserver(() => redraw());
  observer.observe(element);

  return { zoom, pan, redraw, shown, isLarger, reset: () => { scale = 0; box = null; redraw(); }, end: () => { letGo(); observer.disconnect(); } };
}
