"""The pictures of a message, wherever they stand."""

import pytest

from slackbot.limits import SlackLimits
from slackbot.slack.attached import files_of, linked_files
from slackbot.slack.client import Slack, web_client

API = "https://slack.com/api/"
OUTSIDE = {"id": "", "name": "cat.png", "mode": "external"}


def is_slack(address):
    return Slack(web_client("", API, SlackLimits()), API, SlackLimits()).is_own(address)


def test_files_of_the_message_of_forwarded_ones_and_of_blocks():
    message = {
        "files": [{"id": "F1"}],
        "attachments": [{"is_share": True, "files": [{"id": "F2", "name": "a"}, {"id": "F1"}]}, {"text": "none"}],
        "blocks": [{"type": "image", "slack_file": {"id": "F3"}}, {"type": "rich_text"}],
    }
    assert [file["id"] for file in files_of(message)] == ["F1", "F3", "F2"]
    assert files_of({}) == []


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"text": "<https://files.slack.com/files-pri/T0AB-F0123ABC/cat.png>"}, [{"id": "F0123ABC"}]),
        ({"text": "<https://acme.slack.com/files/U1/F0123ABC/cat.png|cat>"}, [{"id": "F0123ABC"}]),
        ({"text": "<https://acme.slack.com/archives/C1/p1>"}, []),
        ({"text": "<https://evil.example/files-pri/T0AB-F0123ABC/cat.png>"}, [OUTSIDE]),
        ({"text": "<https://files.slack.com.evil.example/files-pri/T0AB-F0123ABC/cat.png>"}, [OUTSIDE]),
        ({"text": "<https://u:p@files.slack.com/files-pri/T0AB-F0123ABC/cat.png>"}, [OUTSIDE]),
        ({"text": "<https://example.com/cat.png> <https://example.com/cat.png>"}, [OUTSIDE]),
        ({"text": "<https://example.com/page> <@U1> <#C1|x> cat.png"}, []),
        ({"blocks": [{"type": "image", "image_url": "https://example.com/cat.png"}]}, [OUTSIDE]),
        ({"blocks": [{"type": "image", "slack_file": {"url": "https://files.slack.com/files-pri/T0-F0123ABC/c"}}]},
         [{"id": "F0123ABC"}]),
        ({"attachments": [{"image_url": "https://example.com/cat.png"}]}, [OUTSIDE]),
        ({"attachments": [{"from_url": "https://example.com/page", "image_url": "https://example.com/cat.png"}]}, []),
        ({"text": "<https://[::1>"}, []),
    ],
)  # fmt: skip
def test_links_to_pictures(message, found):
    assert linked_files(message, is_slack) == found


@pytest.mark.parametrize("address", ["https://example.com：参照", "https://example.com？", "http://[x"])
def test_a_malformed_link_is_none(address):
    assert linked_files({"text": f"<{address}> <https://a/files/F0123ABC>"}, lambda _: True) == [{"id": "F0123ABC"}]
