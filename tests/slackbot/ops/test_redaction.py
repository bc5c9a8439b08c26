"""Log lines as JSON: whole, without secrets, and with the figures beside the sentence."""

import json
import logging
import sys

from slackbot.ops.redaction import JsonFormatter


def record(message: str, *args, **more) -> logging.LogRecord:
    made = logging.LogRecord("slackbot.jobs", logging.INFO, __file__, 1, message, args, more.pop("exc_info", None))
    made.__dict__.update(more)
    return made


def test_a_line_is_one_object():
    line = JsonFormatter().format(record('job %s said "no"\nand went', "J1", facts={"job": "J1", "worked": 1.5}))
    assert "\n" not in line
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "INFO",
        "logger": "slackbot.jobs",
        "message": 'job J1 said "no"\nand went',
        "job": "J1",
        "worked": 1.5,
    }


def test_secrets_are_taken_out_and_nothing_else_with_them():
    try:
        raise ValueError("Authorization: Bearer abc123")
    except ValueError:
        line = JsonFormatter().format(
            record("with xoxb-1-secret", exc_info=sys.exc_info(), facts={"at": "wss://host/t"})
        )
    found = json.loads(line)
    assert found["message"] == "with [...]"
    assert found["at"] == "[...]"
    assert "ValueError: Authorization: Bearer [...]" in found["trace"]
    assert "abc123" not in line
