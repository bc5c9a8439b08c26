/** Elements made from data. Text always becomes a text node, so nothing that people write is read as HTML. */

/** An element: `h("button", {class: "send", onclick: send, "data-testid": "send"}, "Send")`. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const ICONS = {
  attach: "M21 11.5 12.6 20a5.500 5.500 0 0 1-7.800-7.800l8.500-8.500a3.700 3.700 0 0 1 5.200 5.200l-8.500 8.500a1.800 1.800 0 0 1-2.600-2.600l7.800-7.800",
  send: "M4 12 3.500 4.500 21 12 3.500 19.500 4 12zm0 0h8",
  at: "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zm0 0v1.500a2.500 2.500 0 0 0 5 0V12a9 9 0 1 0-3.500 7.100",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  reply: "M20 15a3 3 0 0 1-3 3H9l-4 3v-3.500A3 3 0 0 1 4 15V7a3 3 0 0 1 3-3h10a3 3 0 0 1 3 3z",
  trash: "M4 7h16M9 7V4.500h6V7M6.500 7l1 13h9l1-13M10 11v5.500M14 11v5.500",
  sparkle: "M12 3c1.100 5.600 3.400 7.900 9 9-5.600 1.100-7.900 3.400-9 9-1.100-5.600-3.400-7.900-9-9 5.600-1.100 7.900-3.400 9-9z",
  stop: "M7 7h10v10H7z",
  download: "M12 4v11m-4.500-4 4.500 4.500 4.500-4.500M5 20h14",
  minus: "M5 12h14",
  plus: "M5 12h14M12 5v14",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  file: "M6 3h8l4.500 4.500V21H6zM14 3v5h4.500",
  edit: "M4 20h4L19.500 8.500a2.100 2.100 0 0 0-4-4L4 16zM14 6l4 4",
  forward: "M14 5l7 6.500-7 6.500v-4C8 14 5 16 3 19c.5-5.500 4-9.500 11-10z",
  link: "M10 14a4.500 4.500 0 0 0 6.500 0l3-3A4.600 4.600 0 0 0 13 4.500L11.500 6M14 10a4.500 4.500 0 0 0-6.500 0l-3 3a4.600 4.600 0 0 0 6.500 6.500l1.500-1.500",
  samples: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  noPicture: "M4 5h13M20 8v11H7M4 9v10M4 16l4-4M3 3l18 18",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.500 9.500h.01",
};

/** A line icon from the table above. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon and says what it does. */
export function iconButton(name, label, properties = {}) {
  return h("button", { type: "button", "aria-label": label, title: label, ...properties, class: `icon-button ${properties.class ?? ""}` }, icon(name));
}

/** An image; what cannot be shown gives way to a sign with its name. */
export function picture(properties) {
  const image = h("img", properties);
  image.addEventListener("error", () => image.replaceWith(noPicture(properties.alt)));
  return image;
}

/** What stands in the place of something that is no picture, or none that browsers show. */
export const noPicture = (name) => h("span", { class: "no-picture", role: "img", "aria-label": `${name}: no preview`, "data-testid": "no-picture" }, icon("noPicture"), h("span", {}, "No preview"));

/** Draw a pane again only when `key` says that it looks different; the focus stays on the element of the same test id. */
export function refresh(pane, key, make) {
  const drawn = JSON.stringify(key);
  if (pane.drawn === drawn) return;
  pane.drawn = drawn;
  const focused = pane.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
  pane.replaceChildren(...[make()].flat().filter(Boolean));
  if (focused) pane.querySelector(`[data-testid="${focused}"]`)?.focus();
}

/** Bring an element's children to `nodes`, touching only what moved: what stays keeps focus and does not flicker. */
export function reconcile(parent, nodes) {
  nodes.forEach((node, index) => { if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null); });
  while (parent.childNodes.length > nodes.length) parent.lastChild.remove();
}

/** A short notice at the bottom, gone after a while. */
export function toast(text) {
  const notice = h("div", { class: "toast", "data-testid": "toast" }, text);
  document.getElementById("toasts").append(notice);
  setTimeout(() => notice.remove(), 5000);
}
