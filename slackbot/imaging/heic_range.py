"""HEIC files of some cameras say that black is 64 of 1023 (limited range), their pictures that it is 0 (full range).

By the rules (ISO/IEC 23000-22, 7.3.6.4) the file has the last word, but the picture tells the truth: without this
photos of several Sony bodies come out too hard. See https://github.com/strukturag/libheif/issues/1770.
"""

import io
import re
from functools import partial
from itertools import islice
from typing import BinaryIO

from slackbot.imaging.formats import Source

_HEAD = 65_536  # bytes of a file in which all that is said of its pictures stands
_NCLX = re.compile(rb"colrnclx.{6}([\0-\x7f])", re.DOTALL)  # of limited range
_MOST = 16  # decoder configurations that are looked at
_SPS = 33
_SAR_OF_ITS_OWN = 255


def corrected(source: Source) -> Source:
    """The same file, as its pictures say."""
    with source() as file:
        head = file.read(_HEAD)
    limited = [found.start(1) for found in _NCLX.finditer(head)]
    if not limited or not _pictures_are_full(head):
        return source
    return partial(_changed, source, limited)


def _changed(source: Source, places: list[int]) -> BinaryIO:
    with source() as file:
        content = bytearray(file.read())
    for place in places:
        content[place] |= 0x80
    return io.BytesIO(content)


def _pictures_are_full(head: bytes) -> bool:
    """Whether every picture says so: one and its thumbnails."""
    configurations = [head[found.end() :] for found in islice(re.finditer(b"hvcC", head), _MOST)]
    sets = [sps for one in configurations for sps in _parameter_sets(one)]
    try:
        return bool(sets) and all(_is_full_range(_Bits(sps)) for sps in sets)
    except IndexError:
        return False


def _parameter_sets(configuration: bytes) -> list[bytes]:
    """The sequence parameter sets of a decoder configuration (ISO/IEC 14496-15, 8.3.3.1.2)."""
    found, at = [], 23
    for _ in range(configuration[22] if len(configuration) > 22 else 0):
        kind, count = configuration[at : at + 1], int.from_bytes(configuration[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            if at >= len(configuration):
                return found
            length = int.from_bytes(configuration[at : at + 2], "big")
            if kind and kind[0] & 0x3F == _SPS:
                found.append(configuration[at + 2 : at + 2 + length])
            at += 2 + length
    return found


class _Bits:
    """A unit of an HEVC stream, bit by bit. Raises IndexError at its end."""

    def __init__(self, unit: bytes) -> None:
        self._bytes = unit.replace(b"\0\0\3", b"\0\0")  # which keeps start codes out of it
        self._at = 0

    def take(self, count: int) -> int:
        value = 0
        for at in range(self._at, self._at + count):
            value = value << 1 | self._bytes[at // 8] >> (7 - at % 8) & 1
        self._at += count
        return value

    def number(self) -> int:
        """One of a length of its own, ue(v)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def numbers(self, count: int) -> None:
        """Pass over some of those."""
        for _ in range(count):
            self.number()


def _is_full_range(bits: _Bits) -> bool:
    """Read a sequence parameter set up to its video_full_range_flag (ITU-T H.265, 7.3.2.2 and E.2.1).

    False where it has none, or has before it what no still picture needs.
    """
    bits.take(16)  # nal_unit_header
    bits.take(4)  # sps_video_parameter_set_id
    if bits.take(3):  # sps_max_sub_layers_minus1
        return False
    bits.take(1)  # sps_temporal_id_nesting_flag
    bits.take(88 + 8)  # profile_tier_level
    bits.number()  # sps_seq_parameter_set_id
    if bits.number() == 3:  # chroma_format_idc, of 4:4:4
        bits.take(1)  # separate_colour_plane_flag
    bits.numbers(2)  # width, height
    if bits.take(1):  # conformance_window_flag
        bits.numbers(4)
    bits.numbers(2)  # bit depths
    bits.number()  # log2_max_pic_order_cnt_lsb_minus4
    bits.take(1)  # sps_sub_layer_ordering_info_present_flag
    bits.numbers(3)  # buffering, reordering and latency of the only layer
    bits.numbers(6)  # sizes of blocks, depths of their trees
    if bits.take(1) and bits.take(1):  # scaling_list_enabled_flag, sps_scaling_list_data_present_flag
        _pass_scaling_lists(bits)
    bits.take(2)  # amp_enabled_flag, sample_adaptive_offset_enabled_flag
    if bits.take(1):  # pcm_enabled_flag
        bits.take(8)  # bit depths
        bits.numbers(2)  # sizes of blocks
        bits.take(1)  # pcm_loop_filter_disabled_flag
    if bits.number() or bits.take(1):  # num_short_term_ref_pic_sets, long_term_ref_pics_present_flag
        return False
    bits.take(2)  # sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
    if not bits.take(1):  # vui_parameters_present_flag
        return False
    if bits.take(1) and bits.take(8) == _SAR_OF_ITS_OWN:  # aspect_ratio_info_present_flag, aspect_ratio_idc
        bits.take(32)  # width and height of a pixel
    if bits.take(1):  # overscan_info_present_flag
        bits.take(1)
    if not bits.take(1):  # video_signal_type_present_flag
        return False
    bits.take(3)  # video_format
    return bool(bits.take(1))  # video_full_range_flag


def _pass_scaling_lists(bits: _Bits) -> None:
    for size in range(4):
        for _ in range(0, 6, 3 if size == 3 else 1):
            own = bits.take(1)
            bits.numbers((size > 1) + min(64, 16 << 2 * size) if own else 1)
