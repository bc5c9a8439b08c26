"""A GIF that ends too early: less the frame that is cut, or, where there is no other, with the rest of it filled."""

import io
from collections.abc import Iterable, Iterator
from itertools import chain

from slackbot.imaging.gif_blocks import END, blocks, skip_header

_WIDEST = 12  # bits of a code
_BLOCK = 255  # bytes of data in one block
_Code = tuple[int, int]
"""Its value, and how many bits wide it is."""


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
    data = _data(content, begin)
    kept, used, width = _whole_codes(data, bits)
    left = pixels - kept
    if not 0 <= left <= missing * pixels:
        return None
    begun = (int.from_bytes(data[used // 8 : used // 8 + 1], "little") & (1 << used % 8) - 1, used % 8)
    packed = data[: used // 8] + _packed(chain([begun, (1 << bits, width)], _fill(left, bits)))
    blocks = (packed[i : i + _BLOCK] for i in range(0, len(packed), _BLOCK))
    return content[:begin] + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0" + END


def _data(content: bytes, at: int) -> bytes:
    found = bytearray()
    while at < len(content):
        found += content[at + 1 : at + 1 + content[at]]
        at += 1 + content[at]
    return bytes(found)


def _whole_codes(data: bytes, bits: int) -> tuple[int, int, int]:
    """For how many pixels the whole codes stand, how many bits they have in all, and how wide the next one would be."""
    clear = 1 << bits
    lengths, width, before = [1] * clear + [0, 0], bits + 1, 0
    pixels = used = held = count = 0
    for byte in data:
        held |= byte << count
        count += 8
        while count >= width:
            value, held, count = held & ((1 << width) - 1), held >> width, count - width
            if value == clear + 1:
                return pixels, used, width
            used += width
            length = lengths[value] if value < len(lengths) else before + 1
            pixels += length
            if value == clear:
                del lengths[clear + 2 :]
                width = bits + 1
            elif before and len(lengths) < 1 << _WIDEST:
                lengths.append(before + 1)
                width += len(lengths) == 1 << width and width < _WIDEST
            before = length
    return pixels, used, width


def _fill(pixels: int, bits: int) -> Iterator[_Code]:
    """The first colour and the end, after a clear code."""
    clear = 1 << bits
    at_once = clear - 2  # as many single colours as leave all codes as wide as they are
    for number in range(pixels + -(-pixels // at_once)):
        yield 0 if number % (at_once + 1) else clear, bits + 1
    yield clear + 1, bits + 1


def _packed(codes: Iterable[_Code]) -> bytes:
    out = bytearray()
    held = count = 0
    for value, width in codes:
        held |= value << count
        count += width
        while count >= 8:
            out.append(held & 255)
            held, count = held >> 8, count - 8
    out.append(held)
    return bytes(out)
