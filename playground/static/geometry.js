/** Where a picture lies on its stage. Lengths are CSS pixels; a scale is CSS pixels for each pixel of the picture. */

export const LEAST = 0.05;
export const MOST = 16;

/**
 * The scale at which the whole picture is seen. Where there is room for more than its own pixels, whole multiples of
 * `one` (one screen pixel for each of the picture's), at most two: so nothing is blurred that need not be.
 */
export function fitted(stage, picture, one) {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height);
  return scale < one ? scale : Math.min(2, Math.floor(scale / one)) * one;
}

/** One side: in the middle where there is room, else without a gap at either end. */
const settled = (start, length, room) => (length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, start)));

/** The picture's rectangle on the stage: `scale` and, as far as there is freedom, `left` and `top` as wanted. */
export function placed(stage, picture, { scale, left = 0, top = 0 }) {
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { left: settled(left, width, stage.width), top: settled(top, height, stage.height), width, height };
}

/** The rectangle at another scale, with the point of the picture under (x, y) of the stage staying there. */
export function zoomed(stage, picture, box, scale, x, y) {
  const ratio = (picture.width * scale) / box.width;
  return placed(stage, picture, { scale, left: x - (x - box.left) * ratio, top: y - (y - box.top) * ratio });
}

/** The part of the rectangle that is on the stage, from left to right. */
export const visible = (stage, box) => ({ left: Math.max(0, box.left), right: Math.min(stage.width, box.left + box.width) });
