"""SECURITY.md names tests that exist, and limits as they are."""

import re
from pathlib import Path

from slackbot.limits import PhotoLimits

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "SECURITY.md").read_text()


def test_every_test_named_is_there():
    named = re.findall(r"`([\w/]+/\w+\.py)`", TEXT)
    assert len(set(named)) > 10
    for name in named:
        assert (ROOT / "tests" / name).is_file() or (ROOT / name).is_file(), name


def test_the_sandboxs_limits_are_those_in_the_text():
    limits = PhotoLimits()
    said = f"memory ({limits.decode_memory_bytes // 2**20} MB beside what it has loaded), "
    said += f"CPU ({limits.decode_cpu_seconds} s) and "
    assert said + f"time ({limits.decode_seconds:.0f} s)" in TEXT


def test_the_table_of_addresses_is_as_long_as_it_says():
    table = (ROOT / "tests" / "slackbot" / "slack" / "test_download.py").read_text()
    start = table.index('"",\n        "cat.png"')
    rows = table[start : table.index("    ],", start)].count("\n")
    said = re.search(r"\((\d+) hostile addresses\)", TEXT)
    assert said
    assert rows == int(said[1]) >= 40
