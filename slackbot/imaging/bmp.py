"""BMP files of the rarer layouts, with any masks, depth, header, palette and runs, rewritten as the usual one."""

import struct
from dataclasses import dataclass

import numpy as np

_RGB, _BITFIELDS, _ALPHABITFIELDS = 0, 3, 6
_RUNS = {1: 8, 2: 4}  # compressions by runs of equal pixels, and the depth that belongs to each
_LINE, _END, _MOVE = 0, 1, 2  # what stands in place of a run: a line ends, the picture ends, pixels are left out
_OS2 = 12  # bytes of the oldest header, with sides of 16 bits and a palette of three bytes a colour
_MOST = 2**31


@dataclass(frozen=True)
class _Header:
    start: int  # of the pixels
    size: int  # of this header
    width: int
    height: int  # negative where the top row comes first
    bits: int
    compression: int
    colours: int

    @property
    def stride(self) -> int:
        """Bytes of a row."""
        return (self.width * self.bits + 31) // 32 * 4


def plain(content: bytes, missing: float) -> tuple[bytes, bool] | None:
    """The same picture with 8 bits a channel, and whether pixels are missing; None where it cannot be made.

    `missing` is the share of its pixels that may be. What is compressed as a JPEG or PNG is left to others.
    """
    head = _header(content)
    if head is None:
        return None
    if _RUNS.get(head.compression) == head.bits:
        found = _from_runs(content, head, missing)
    elif head.compression in (_RGB, _BITFIELDS, _ALPHABITFIELDS):
        found = _from_rows(content, head, missing)
    else:
        return None
    return (_written(found[0], head), found[1]) if found else None


def _from_rows(content: bytes, head: _Header, missing: float) -> tuple[np.ndarray, bool] | None:
    """Pixels, as UINT8 [H, W, channels], and whether some are missing; None where too many are."""
    rows = abs(head.height)
    there = content[head.start : head.start + rows * head.stride]
    lost = rows * head.stride - len(there)
    if lost > missing * rows * head.stride:
        return None
    raw = np.frombuffer(there + bytes(lost), np.uint8).reshape(rows, head.stride)
    if head.bits <= 8:
        pixels = _palette(content, head)[_indices(raw, head)]
    elif head.bits in (16, 32):
        pixels = _masked(raw.view("<u2" if head.bits == 16 else "<u4")[:, : head.width], _masks(content, head))
    else:
        pixels = raw[:, : head.width * 3].reshape(rows, head.width, 3)
    return pixels, lost > 0


def _from_runs(content: bytes, head: _Header, missing: float) -> tuple[np.ndarray, bool] | None:
    """The same, of runs. A picture may end before its last pixel: the others have the first colour."""
    indices, lost = _unpacked(content[head.start :], head)
    if lost > missing * len(indices):
        return None
    rows = np.frombuffer(indices, np.uint8).reshape(abs(head.height), head.width)
    return _palette(content, head)[rows], lost > 0


def _unpacked(packed: bytes, head: _Header) -> tuple[bytearray, int]:
    """An index for each pixel, and how many pixels were to come where the file is cut."""
    width, total = head.width, head.width * abs(head.height)
    spread = [bytes((byte,)) if head.bits == 8 else bytes((byte >> 4, byte & 15)) for byte in range(256)]
    indices = bytearray(total)
    row = column = at = 0
    while row * width + column < total and at + 2 <= len(packed):
        count, value = packed[at : at + 2]
        at += 2
        if count:
            pixels = (spread[value] * count)[:count]
        elif value == _LINE:
            row, column, pixels = row + 1, 0, b""
        elif value == _END:
            return indices, 0
        elif value == _MOVE:
            right, down = packed[at : at + 2].ljust(2, b"\0")
            row, column, pixels, at = row + down, column + right, b"", at + 2
        else:
            length = (value * head.bits + 7) // 8
            pixels = b"".join([spread[byte] for byte in packed[at : at + length]])[:value]
            at += length + length % 2
        pixels = pixels[: max(0, width - column)]
        begin = row * width + column
        indices[begin : begin + len(pixels)] = pixels
        column += len(pixels)
    return indices, max(0, total - row * width - column)


def _header(content: bytes) -> _Header | None:
    try:
        start, size = struct.unpack_from("<II", content, 10)
        if size == _OS2:
            width, height, _, bits = struct.unpack_from("<HHHH", content, 18)
            return _checked(_Header(start, size, width, height, bits, _RGB, 0))
        width, height, _, bits = struct.unpack_from("<iiHH", content, 18)
        # What a short header leaves out is 0: no compression, and as many colours as the depth allows.
        rest = content[30 : 14 + size][:20].ljust(20, b"\0")
        compression, _, _, _, colours = struct.unpack("<IIIII", rest)
    except struct.error:
        return None
    return _checked(_Header(start, size, width, height, bits, compression, colours))


def _checked(head: _Header) -> _Header | None:
    sound = head.width > 0 and head.height != 0 and head.bits in (1, 2, 4, 8, 16, 24, 32) and 12 <= head.size <= 124
    return head if sound and head.stride * abs(head.height) < _MOST else None


def _palette(content: bytes, head: _Header) -> np.ndarray:
    """Blue, green and red of each index, black where the file names none."""
    step = 3 if head.size == _OS2 else 4
    begin, count = 14 + head.size, 1 << head.bits
    count = min(count, head.colours or count, max(0, head.start - begin) // step)
    named = np.frombuffer(content, np.uint8, count * step, begin).reshape(count, step)[:, :3]
    return np.concatenate([named, np.zeros(((1 << head.bits) - count, 3), np.uint8)])


def _indices(raw: np.ndarray, head: _Header) -> np.ndarray:
    bits = np.unpackbits(raw, axis=1).reshape(len(raw), -1, head.bits)[:, : head.width]
    return np.packbits(bits, axis=2)[..., 0] >> (8 - head.bits)


def _masks(content: bytes, head: _Header) -> tuple[int, int, int, int]:
    """Of blue, green, red and alpha."""
    if head.compression == _RGB:
        return (0x1F, 0x3E0, 0x7C00, 0) if head.bits == 16 else (0xFF, 0xFF00, 0xFF0000, 0)
    red, green, blue, alpha = struct.unpack("<IIII", content[54:70].ljust(16, b"\0"))
    return blue, green, red, alpha if head.size >= 56 or head.compression == _ALPHABITFIELDS else 0


def _masked(raw: np.ndarray, masks: tuple[int, ...]) -> np.ndarray:
    channels = []
    for mask in masks[: 4 if masks[3] else 3]:
        shift = (mask & -mask).bit_length() - 1 if mask else 0
        highest = max(1, mask >> shift)
        values = (raw & raw.dtype.type(mask & np.iinfo(raw.dtype).max)) >> raw.dtype.type(shift)
        channels.append((values * np.float32(255 / highest)).round().clip(0, 255).astype(np.uint8))
    if len(channels) == 4 and not channels[3].any():  # a mask that nobody filled
        channels.pop()
    return np.stack(channels, axis=-1)


def _written(pixels: np.ndarray, head: _Header) -> bytes:
    """A BMP of 32 bits with the masks that everybody knows."""
    rows, width, channels = pixels.shape
    whole = np.zeros((rows, width, 4), np.uint8)
    whole[..., :channels] = pixels
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000 if channels == 4 else 0)
    about = struct.pack("<IiiHHIIiiII", 56, width, head.height, 1, 32, _BITFIELDS, 0, 0, 0, 0, 0)
    start = 14 + 56
    file = struct.pack("<2sIHHI", b"BM", start + whole.nbytes, 0, 0, start)
    return file + about + struct.pack("<4I", *masks) + whole.tobytes()
