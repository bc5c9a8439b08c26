"""A GIF that ends too early: less the frame that is cut, or, where there is no other, with the rest of it filled."""

import io
from collections.abc import Iterator

from slackbot.imaging.gif_blocks import END, blocks, skip_header

_WIDEST = 12  # bits of a code
_BLOCK = 255  # bytes of data in one block


def whole(content: bytes, missing: float) -> bytes | None:
    """A sound GIF; None where nothing is cut, or where more than the share `missing` of the only frame is."""
    file = io.BytesIO(content)
    skip_header(file)
    last, end = file.tell(), 0  # after the last block, and the last whole frame
    for block in blocks(file):
        if block.begin != last:  # what stands between is none
            return None
        if block.end is None:
            if end:
                return content[:end] + END
            return _filled(content, block.begin, block.data, missing) if block.frame else None
        last = block.end
        end = last if block.frame else end
    return content[:end] + END if end and last == len(content) else None


def _filled(content: bytes, frame: int, begin: int, missing: float) -> bytes | None:
    """The frame whose description is at `frame` and whose blocks begin at `begin`, with the first colour at its end."""
    size = content[frame + 5 : frame + 9]
    pixels = int.from_bytes(size[:2], "little") * int.from_bytes(size[2:], "little")
    bits = content[begin - 1] if begin <= len(content) else 0
    if not pixels or not 2 <= bits <= 8:
        return None
    kept = list(_codes(_data(content, begin), bits))
    left = pixels - sum(length for _, length, _ in kept)
    if not 0 <= left <= missing * pixels:
        return None
    # As many single colours at a time as leave all codes as wide as they are.
    clear, at_once = 1 << bits, (1 << bits) - 2
    fill = [
        (0, bits + 1) if number % (at_once + 1) else (clear, bits + 1) for number in range(left + -(-left // at_once))
    ]
    codes, widths = [*(code for code, _, _ in kept), clear], [bits + 1, *(width for _, _, width in kept)]
    packed = _packed([*zip(codes, widths, strict=True), *fill, (clear + 1, bits + 1)])
    blocks = (packed[i : i + _BLOCK] for i in range(0, len(packed), _BLOCK))
    return content[:begin] + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0" + END


def _data(content: bytes, at: int) -> bytes:
    found = bytearray()
    while at < len(content):
        found += content[at + 1 : at + 1 + content[at]]
        at += 1 + content[at]
    return bytes(found)


def _codes(data: bytes, bits: int) -> Iterator[tuple[int, int, int]]:
    """Each whole code, how many pixels it stands for, and the width of the next, bits."""
    clear = 1 << bits
    lengths, width, before = [1] * clear + [0, 0], bits + 1, 0
    held = count = 0
    for byte in data:
        held |= byte << count
        count += 8
        if count < width:
            continue
        code, held, count = held & ((1 << width) - 1), held >> width, count - width
        if code == clear + 1:
            return
        length = lengths[code] if code < len(lengths) else before + 1
        if code == clear:
            del lengths[clear + 2 :]
            width = bits + 1
        elif before and len(lengths) < 1 << _WIDEST:
            lengths.append(before + 1)
            width += len(lengths) == 1 << width and width < _WIDEST
        before = length
        yield code, length, width


def _packed(codes: list[tuple[int, int]]) -> bytes:
    out = bytearray()
    held = count = 0
    for code, width in codes:
        held |= code << count
        count += width
        while count >= 8:
            out.append(held & 255)
            held, count = held >> 8, count - 8
    out.append(held)
    return bytes(out)
