/** Files under a message: pictures, cards for what is none, and signs for what is gone. */

import { h, icon, iconButton, noPicture, picture, toast } from "./dom.js";
import { view } from "./viewer.js";

const SHOWABLE = /^image\/(?!svg)/;

export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

async function copyLink(file) {
  try {
    await navigator.clipboard.writeText(file.permalink);
    toast("The link is copied: paste it into a message.");
  } catch {
    toast(file.permalink);
  }
}

/** "photo.jpg, 640 × 480, 84 KB" as a line under a picture. */
function caption(file) {
  const pixels = file.original_w ? `${file.original_w} × ${file.original_h}` : "";
  const details = [pixels, fileSize(file.size ?? 0)].filter(Boolean).join(" · ");
  return h("figcaption", { class: "file-caption" }, h("span", { class: "file-name", "data-testid": "file-name", dir: "auto" }, file.title ?? file.name), h("span", { class: "file-details", "data-testid": "file-details" }, details),
    iconButton("link", `Copy the link to ${file.name}`, { class: "small", "data-testid": "copy-link", onclick: () => copyLink(file) }));
}

function card(file) {
  const sign = SHOWABLE.test(file.mimetype ?? "") ? noPicture(file.name) : h("span", { class: "file-icon" }, icon("file"));
  return h("a", { class: "file-card", href: `/page/files/${file.id}?download`, "data-testid": "file-card" }, sign, h("span", {}, h("span", { class: "file-name", dir: "auto" }, file.title ?? file.name), h("span", { class: "file-details" }, `${file.pretty_type} · ${fileSize(file.size ?? 0)}`)));
}

/** A file; `gallery()` gives the pictures that the viewer steps through, as {file, original}. */
export function fileElement(file, gallery) {
  if (file.mode === "tombstone") return h("div", { class: "file-gone" }, icon("trash"), "This file was deleted.");
  if (file.mode === "hidden_by_limit") return h("div", { class: "file-gone" }, "This file is hidden by the plan's limit.");
  if (file.mode === "file_access") return h("div", { class: "file-gone" }, icon("file"), "A file of another workspace (Slack Connect).");
  if (!SHOWABLE.test(file.mimetype) || !file.original_w) return card(file);
  const scale = Math.min(1, 360 / file.original_w, 300 / file.original_h);
  const image = picture({ src: `/page/files/${file.id}?side=720`, alt: file.alt_txt || file.title || file.name, loading: "lazy", width: `${Math.max(24, Math.round(file.original_w * scale))}`, height: `${Math.max(24, Math.round(file.original_h * scale))}` });
  const open = () => {
    const all = gallery();
    view(all, Math.max(0, all.findIndex((one) => one.file.id === file.id)));
  };
  const isResult = gallery().find((one) => one.file.id === file.id)?.original;
  const button = h("button", { type: "button", class: "file-picture", "aria-label": `Open ${file.name} in full${isResult ? ", beside its original" : ""}`, "data-testid": "file-image", onclick: open }, image, isResult && h("span", { class: "compare-sign" }, "Compare"));
  return h("figure", { class: "file" }, button, caption(file));
}
