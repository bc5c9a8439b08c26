"""Profiles (ICC.1:2022) of RGB by its primaries, with sRGB's curve."""

import struct
from functools import cache

import numpy as np

Primaries = tuple[float, ...]
"""x and y of white, red, green and blue (CIE 1931), in the order of PNG's cHRM."""
SRGB_PRIMARIES: Primaries = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)

_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@cache
def profile(primaries: Primaries) -> bytes:
    """A profile of about 500 bytes. Raises ValueError where the primaries span nothing."""
    white = _xyz(primaries[0], primaries[1])
    adapt = _adaptation(white, _D50)
    red, green, blue = (adapt @ _to_xyz(primaries)).T
    curve = _numbers(b"para", 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, head=struct.pack(">HH", 3, 0))
    tags = {
        b"desc": _text("RGB " + " ".join(f"{one:g}" for one in primaries)),
        b"cprt": _text("No copyright, use freely"),
        b"wtpt": _numbers(b"XYZ ", *_D50),
        b"chad": _numbers(b"sf32", *adapt.ravel()),
        b"rXYZ": _numbers(b"XYZ ", *red),
        b"gXYZ": _numbers(b"XYZ ", *green),
        b"bXYZ": _numbers(b"XYZ ", *blue),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    places: dict[bytes, int] = {}
    table, content, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        if data not in places:
            places[data] = start + len(content)
            content += data + b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", name, places[data], len(data))
    head = struct.pack(">I4x4s4s4s4s12x4s28x", start + len(content), b"\4\x40\0\0", b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head += struct.pack(">3i48x", *(round(one * 65536) for one in _D50))
    return head + struct.pack(">I", len(tags)) + table + content


def matrix_to(wanted: Primaries, given: Primaries) -> np.ndarray:
    """The 3x3 matrix from linear RGB of the given primaries to that of the wanted ones, white to white."""
    adapt = _adaptation(_xyz(given[0], given[1]), _xyz(wanted[0], wanted[1]))
    return np.linalg.inv(_to_xyz(wanted)) @ adapt @ _to_xyz(given)


def _xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_xyz(primaries: Primaries) -> np.ndarray:
    columns = np.stack([_xyz(*primaries[at : at + 2]) for at in (2, 4, 6)], axis=1)
    return columns * np.linalg.solve(columns, _xyz(primaries[0], primaries[1]))


def _adaptation(given: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    scale = np.diag((_BRADFORD @ wanted) / (_BRADFORD @ given))
    return np.linalg.inv(_BRADFORD) @ scale @ _BRADFORD


def _numbers(kind: bytes, *values: float, head: bytes = b"") -> bytes:
    return kind + bytes(4) + head + struct.pack(f">{len(values)}i", *(round(one * 65536) for one in values))


def _text(text: str) -> bytes:
    content = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(content), 28) + content
