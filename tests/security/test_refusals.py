"""Every reason for which something is turned away is counted by the code, and provoked for real by a test."""

from pathlib import Path

import pytest

from slackbot.ops.metrics import Refusal

ROOT = Path(__file__).resolve().parents[2]
BOT = "\n".join(file.read_text() for file in (ROOT / "slackbot").rglob("*.py"))
PROVOKED = {
    Refusal.ADDRESS: "security/test_redirects.py",
    Refusal.DECORATION: "slackbot/slack/test_decorations.py",
    Refusal.EXPIRED: "slackbot/jobs/test_workflow.py",
    Refusal.GUEST: "security/test_guests.py",
    Refusal.KILLED: "reliability/test_memory.py",
    Refusal.MEMORY: "reliability/test_memory.py",
    Refusal.MODEL_ANSWER: "security/test_hostile_model.py",
    Refusal.MODEL_SERVER: "slackbot/inference/test_channel.py",
    Refusal.PICTURE: "reliability/test_health.py",
    Refusal.QUEUE_FULL: "slackbot/jobs/test_waiting.py",
    Refusal.QUOTA: "slackbot/test_workspaces.py",
    Refusal.REDIRECT: "security/test_redirects.py",
    Refusal.SIGNATURE: "security/test_http_mode.py",
}
"""Where each is provoked, and its count in `/metrics` or in the registry behind it looked at."""


def test_every_reason_is_provoked_somewhere():
    assert set(PROVOKED) == set(Refusal)


@pytest.mark.parametrize("reason", Refusal, ids=str)
def test_a_reason_is_counted_and_its_count_looked_at(reason):
    assert f"Refusal.{reason.name}" in BOT
    text = (ROOT / "tests" / PROVOKED[reason]).read_text()
    assert "enhancer_refused_total" in text
    assert f'"{reason}"' in text


@pytest.mark.parametrize("reason", Refusal, ids=str)
def test_the_documents_explain_a_reason(reason):
    assert f"`{reason}`" in (ROOT / "SECURITY.md").read_text()
