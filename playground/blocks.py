"""Block Kit, as far as apps' messages and views use it here: the limits that Slack checks.

docs.slack.dev/reference/block-kit/blocks. A block of an unknown type, a text over its limit or a
missing part is refused,
so that a message which Slack would refuse does not pass here.
"""

from collections.abc import Callable
from typing import Any

from playground.errors import SlackError

MAX_BLOCKS = {"message": 50, "home": 100}
_ELEMENTS = {
    "button",
    "overflow",
    "static_select",
    "multi_static_select",
    "users_select",
    "checkboxes",
    "radio_buttons",
    "datepicker",
    "image",
    "plain_text_input",
}
_FileExists = Callable[[str], bool]


class _Bad(Exception):  # noqa: N818
    """What is wrong with a block, and where."""


def _text(value: Any, limit: int, where: str, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> None:
    if not isinstance(value, dict) or value.get("type") not in kinds or not isinstance(value.get("text"), str):
        raise _Bad(f"missing or invalid text object [json-pointer:{where}]")
    if not 1 <= len(value["text"]) <= limit:
        raise _Bad(f"must be between 1 and {limit} characters [json-pointer:{where}/text]")


def _image(block: dict[str, Any], where: str, file_exists: _FileExists) -> None:
    if not isinstance(block.get("alt_text"), str) or len(block["alt_text"]) > 2000:
        raise _Bad(f"missing or too long field: alt_text [json-pointer:{where}/alt_text]")
    slack_file = block.get("slack_file")
    if ("image_url" in block) == (slack_file is not None):
        raise _Bad(f"must provide one of image_url and slack_file [json-pointer:{where}]")
    if slack_file is not None and not file_exists(str(slack_file.get("id") or slack_file.get("url", ""))):
        raise _Bad(f"invalid slack file [json-pointer:{where}/slack_file]")
    if "title" in block:
        _text(block["title"], 2000, f"{where}/title", ("plain_text",))


def _element(element: Any, where: str, file_exists: _FileExists) -> None:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in _ELEMENTS:
        raise _Bad(f"unsupported type: {kind} [json-pointer:{where}/type]")
    if kind == "image":
        _image(element, where, file_exists)
    if kind == "button":
        _text(element.get("text"), 75, f"{where}/text", ("plain_text",))
        if len(str(element.get("value", ""))) > 2000:
            raise _Bad(f"must be less than 2001 characters [json-pointer:{where}/value]")
        if element.get("style") not in (None, "primary", "danger"):
            raise _Bad(f"must be one of primary, danger [json-pointer:{where}/style]")
    if len(str(element.get("action_id", ""))) > 255:
        raise _Bad(f"must be less than 256 characters [json-pointer:{where}/action_id]")


def _contextual(element: Any, where: str) -> None:
    """An element of a `context_actions` block: feedback buttons, or one with an icon."""
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in ("feedback_buttons", "icon_button"):
        raise _Bad(f"unsupported type: {kind} [json-pointer:{where}/type]")
    names = ("positive_button", "negative_button") if kind == "feedback_buttons" else ("",)
    for name in names:
        button = element.get(name) if name else element
        if not isinstance(button, dict) or (name and "value" not in button):
            raise _Bad(f"missing required field: {name} [json-pointer:{where}]")
        _text(button.get("text"), 75, f"{where}/{name}/text", ("plain_text",))
        if len(str(button.get("value", ""))) > 2000:
            raise _Bad(f"must be less than 2001 characters [json-pointer:{where}/{name}/value]")


def _block(block: Any, where: str, file_exists: _FileExists) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "section":
        if "text" not in block and not block.get("fields"):
            raise _Bad(f"missing required field: text [json-pointer:{where}]")
        if "text" in block:
            _text(block["text"], 3000, f"{where}/text")
        for index, one in enumerate(block.get("fields", [])[:11]):
            if index == 10:
                raise _Bad(f"no more than 10 items allowed [json-pointer:{where}/fields]")
            _text(one, 2000, f"{where}/fields/{index}")
        if "accessory" in block:
            _element(block["accessory"], f"{where}/accessory", file_exists)
    elif kind == "header":
        _text(block.get("text"), 150, f"{where}/text", ("plain_text",))
    elif kind == "image":
        _image(block, where, file_exists)
    elif kind == "actions":
        elements = block.get("elements")
        if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
            raise _Bad(f"must have between 1 and 25 items [json-pointer:{where}/elements]")
        for index, element in enumerate(elements):
            _element(element, f"{where}/elements/{index}", file_exists)
        ids = [element["action_id"] for element in elements if "action_id" in element]
        if len(ids) != len(set(ids)):
            raise _Bad(f"`action_id` already exists [json-pointer:{where}/elements]")
    elif kind == "context":
        elements = block.get("elements")
        if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
            raise _Bad(f"must have between 1 and 10 items [json-pointer:{where}/elements]")
        for index, element in enumerate(elements):
            if isinstance(element, dict) and element.get("type") == "image":
                _image(element, f"{where}/elements/{index}", file_exists)
            else:
                _text(element, 2000, f"{where}/elements/{index}")
    elif kind == "context_actions":
        elements = block.get("elements")
        if not isinstance(elements, list) or not 1 <= len(elements) <= 5:
            raise _Bad(f"must have between 1 and 5 items [json-pointer:{where}/elements]")
        for index, element in enumerate(elements):
            _contextual(element, f"{where}/elements/{index}")
    elif kind not in ("divider", "rich_text", "input", "markdown", "file", "video"):
        raise _Bad(f"unsupported type: {kind} [json-pointer:{where}/type]")
    if len(str(block.get("block_id", ""))) > 255:
        raise _Bad(f"must be less than 256 characters [json-pointer:{where}/block_id]")


def checked(blocks: Any, file_exists: _FileExists, surface: str = "message") -> list[dict[str, Any]]:
    """The blocks with a `block_id` each. Raises SlackError `invalid_blocks` with Slack's kind of messages."""
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    try:
        if len(blocks) > MAX_BLOCKS[surface]:
            raise _Bad(f"no more than {MAX_BLOCKS[surface]} items allowed [json-pointer:/blocks]")
        for index, block in enumerate(blocks):
            _block(block, f"/blocks/{index}", file_exists)
        ids = [block["block_id"] for block in blocks if "block_id" in block]
        if len(ids) != len(set(ids)):
            raise _Bad("`block_id` already exists [json-pointer:/blocks]")
    except _Bad as bad:
        raise SlackError("invalid_blocks", str(bad)) from None
    return [{**block, "block_id": block.get("block_id") or f"b{index}"} for index, block in enumerate(blocks)]
