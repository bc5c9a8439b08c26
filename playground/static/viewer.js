/** A picture in full: fitted, pixel by pixel, or anywhere between; arrows step through the thread's pictures. */

import { h, iconButton } from "./dom.js";

// What browsers show by themselves; of the rest they get a converted copy.
const SHOWN = /^image\/(jpeg|png|gif|webp|avif|bmp)$/;

const dialog = () => document.getElementById("viewer");

/** Show `file`; `gallery` are the pictures around it. */
export function view(file, gallery) {
  let index = Math.max(0, gallery.findIndex((one) => one.id === file.id));
  let scale = 0; // screen pixels per picture pixel; 0 is fitted
  let current = file;

  const picture = h("img", { alt: "", draggable: false, "data-testid": "viewer-image" });
  const stage = h("div", { class: "viewer-stage", tabindex: "0", "aria-label": "Picture; arrow keys step through the thread" }, picture);
  const name = h("span", { class: "viewer-name", dir: "auto" });
  const details = h("span", { class: "viewer-details", "data-testid": "viewer-details" });
  const percent = h("span", { class: "viewer-percent", "data-testid": "viewer-percent", "aria-live": "polite" });
  const link = h("a", { class: "icon-button", "aria-label": "Download", title: "Download" });
  link.append(iconButton("download", "Download").firstChild);

  const ratio = window.devicePixelRatio || 1;
  const fitted = () => Math.min(ratio, (stage.clientWidth * ratio) / current.original_w, (stage.clientHeight * ratio) / current.original_h);
  const shown = () => scale || fitted();

  function layout() {
    picture.style.width = `${(current.original_w * shown()) / ratio}px`;
    picture.style.height = `${(current.original_h * shown()) / ratio}px`;
    picture.classList.toggle("pixelated", shown() >= 2);
    stage.classList.toggle("zoomed", picture.offsetWidth > stage.clientWidth || picture.offsetHeight > stage.clientHeight);
    percent.textContent = `${Math.round(shown() * 100)} %`;
  }

  /** Change the scale; the point of the picture under (x, y) of the stage stays where it is. */
  function zoom(next, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
    const before = picture.getBoundingClientRect();
    const box = stage.getBoundingClientRect();
    const [across, down] = [(box.left + x - before.left) / before.width, (box.top + y - before.top) / before.height];
    scale = next && Math.min(16, Math.max(0.05, next));
    layout();
    const after = picture.getBoundingClientRect();
    stage.scrollLeft += after.left + across * after.width - (box.left + x);
    stage.scrollTop += after.top + down * after.height - (box.top + y);
  }

  function show(next) {
    current = next;
    picture.src = `/page/files/${current.id}${SHOWN.test(current.mimetype) ? "" : "?side=4096"}`;
    picture.alt = current.alt_txt || current.title || current.name;
    name.textContent = current.title || current.name;
    details.textContent = `${current.original_w} × ${current.original_h}`;
    link.href = `/page/files/${current.id}?download`;
    layout();
  }

  const step = (by) => { index = (index + by + gallery.length) % gallery.length; scale = 0; show(gallery[index]); };
  const several = gallery.length > 1;
  dialog().replaceChildren(
    h("header", { class: "viewer-bar" }, h("div", { class: "viewer-title" }, name, details),
      h("div", { class: "viewer-tools" }, iconButton("minus", "Zoom out", { onclick: () => zoom(shown() / 1.5) }), percent, iconButton("plus", "Zoom in", { onclick: () => zoom(shown() * 1.5) }),
        h("button", { type: "button", class: "viewer-text", "data-testid": "viewer-fit", onclick: () => zoom(0) }, "Fit"),
        h("button", { type: "button", class: "viewer-text", "data-testid": "viewer-actual", title: "One picture pixel on one screen pixel", onclick: () => zoom(1) }, "1:1"),
        link, iconButton("close", "Close", { "data-testid": "viewer-close", onclick: () => dialog().close() }))),
    stage,
    ...(several ? [iconButton("left", "Previous picture", { class: "viewer-step previous", onclick: () => step(-1) }), iconButton("right", "Next picture", { class: "viewer-step next", "data-testid": "viewer-next", onclick: () => step(1) })] : []));

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoom(shown() * 1.0015 ** -event.deltaY, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  stage.addEventListener("dblclick", (event) => {
    const box = stage.getBoundingClientRect();
    zoom(scale ? 0 : Math.max(1, fitted() * 2), event.clientX - box.left, event.clientY - box.top);
  });
  stage.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button) return;
    stage.setPointerCapture(event.pointerId);
    stage.onpointermove = (move) => { stage.scrollLeft -= move.movementX; stage.scrollTop -= move.movementY; };
  });
  stage.addEventListener("pointerup", () => { stage.onpointermove = null; });
  stage.addEventListener("click", (event) => { if (event.target === stage && !stage.classList.contains("zoomed")) dialog().close(); });
  dialog().onkeydown = (event) => {
    const keys = { "+": () => zoom(shown() * 1.5), "=": () => zoom(shown() * 1.5), "-": () => zoom(shown() / 1.5), 0: () => zoom(0), 1: () => zoom(1) };
    if (several) Object.assign(keys, { ArrowLeft: () => step(-1), ArrowRight: () => step(1) });
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  };
  const resized = () => layout();
  window.addEventListener("resize", resized);
  dialog().onclose = () => { window.removeEventListener("resize", resized); dialog().replaceChildren(); };
  dialog().showModal();
  show(current);
  stage.focus();
}
