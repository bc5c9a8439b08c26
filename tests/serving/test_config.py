"""`config.pbtxt` agrees with what the bot sends, and each of its lines has a reason in the README beside it."""

import re
from pathlib import Path

from slackbot.limits import ServerLimits

FOLDER = Path(__file__).parents[2] / "model_repository"
CONFIG = (FOLDER / "enhancer" / "config.pbtxt").read_text()
TILE = ServerLimits().tile


def test_the_bots_largest_tile_is_what_tensorrt_is_fastest_with():
    assert re.search(rf'key: "trt_profile_opt_shapes" value: "image:\d+x{TILE}x{TILE}x3"', CONFIG)


def test_tensorrt_takes_every_tile_in_every_batch():
    (batch, height, width) = map(int, re.findall(r"max_shapes\" value: \"image:(\d+)x(\d+)x(\d+)x3", CONFIG)[0])
    assert f"max_batch_size: {batch}" in CONFIG
    assert min(height, width) >= TILE


def test_every_line_has_its_reason():
    reasons = (FOLDER / "README.md").read_text()
    lines = [line for line in CONFIG.splitlines() if line.strip(" {}[]") and not line.startswith("#")]
    names = {(re.findall(r'key: "(\w+)" value', line) or re.findall(r"\w+", line))[0] for line in lines}
    missing = {name for name in names if not re.search(rf"\b{name}", reasons)}
    # What only holds others: their reason is that of what they hold.
    assert missing == {"default_queue_policy", "execution_accelerators"}
