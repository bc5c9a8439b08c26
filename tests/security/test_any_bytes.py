"""Whatever the bytes are: a picture or one clear sentence, within a second of processor time."""

import struct
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.security.fuzz_opener import SECONDS, one_input
from tests.security.seeds import seeds

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


SEEDS = seeds()
EDGES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


@st.composite
def mutated(draw) -> bytes:
    """A seed with a few of the things done to it that fuzzers do."""
    data = bytearray(draw(st.sampled_from(sorted(SEEDS.items())))[1])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        what = draw(st.sampled_from(["byte", "word", "cut", "drop", "double", "insert", "splice"]))
        if what == "byte" and data:
            data[at] = draw(st.integers(0, 255))
        elif what == "word":
            order = draw(st.sampled_from("<>"))
            data[at : at + 4] = struct.pack(f"{order}I", draw(st.sampled_from(EDGES)))
        elif what == "cut":
            del data[at:]
        elif what == "drop":
            del data[at : at + draw(st.integers(1, 40))]
        elif what == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 200))]
        elif what == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=30))
        else:
            other = draw(st.sampled_from(sorted(SEEDS.items())))[1]
            data[at:] = other[min(at, len(other)) :]
    return bytes(data)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
@example(b"")
@example(b"GIF89a" + b"\xff" * 1000)
@example(b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 500)  # a TIFF with 65,535 tags
@example(b"BM" + b"\0" * 12 + struct.pack("<IiiHHI", 40, 2**31 - 1, -(2**31), 1, 24, 0) + b"\0" * 40)
def test_a_picture_or_a_sentence(data):
    begin = time.process_time()
    one_input(data)
    assert time.process_time() - begin < SECONDS


@given(st.binary(max_size=300))
def test_noise(data):
    assert one_input(data)


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_the_seeds_are_pictures(name):
    assert one_input(SEEDS[name]) == ""
