"""Write docs/settings.md from the bot's own settings, options and metrics: `python -m docs.settings`."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import argparse
from dataclasses import fields
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from slackbot.cli import make_parser
from slackbot.ops import metrics
from slackbot.settings import PARTS, LimitSettings, ServerSettings, Settings, variable

PAGE = Path(__file__).with_suffix(".md")

HEAD = """<!-- Written by `python -m docs.settings`. -->
# Settings

The bot reads environment variables, and what those lack from the file `.env` in the folder it is started in (another
one: `--env-file`). [`.env.sample`](../.env.sample) is such a file to begin with. `make bot`, `python -m slackbot` and
Compose read it alike: one `NAME=value` a line; a value with spaces, `#`, `$` or quotes stands in single quotes. An
empty value counts as none. Wrong values are told all at once, in one sentence each, before anything else happens.
"""

LIMITS = """## Limits

The defaults suit two cores and 1 GB. If a limit is exceeded, the user gets a reply with the reason, and the bot
continues.
"""

COMMAND = """## Command line

`slackbot` (in `.venv/bin`) is the bot; `slackbot enhance` enhances files without Slack, with the model server of
`TRITON_URL`.
"""

METRICS = """## Metrics

`http://HEALTH_HOST:HEALTH_PORT/metrics`, for Prometheus. `/livez`, `/healthz` and `/readyz` beside it answer 200 or
503, and say why.
"""

TRACES = """## Traces

[OpenTelemetry's own variables](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/), from
the environment or `.env`, send a trace of each job over OTLP (`http/protobuf`). Without an endpoint nothing of it is
loaded. [Admin](admin.md#follow-a-job) says what is in a trace.

| variable | meaning |
|---|---|
| `OTEL_EXPORTER_OTLP_ENDPOINT` | where to, such as `http://collector:4318` |
| `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | the same as a whole address, `http://collector:4318/v1/traces` |
| `OTEL_EXPORTER_OTLP_HEADERS` | what each request brings along, such as a key of the receiver's |
| `OTEL_SERVICE_NAME` | the bot's name in traces (`enhancer-bot`) |
| `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | the share of jobs: `parentbased_traceidratio` and `0.1` |
| `OTEL_SDK_DISABLED` | `true`: none |
"""


def page() -> str:
    """The whole page, in Markdown."""
    parts = [
        HEAD,
        "## Slack, database, health\n",
        _settings(Settings),
        "## Model server\n",
        _settings(ServerSettings),
        LIMITS,
        *(f"**{part.__doc__}**\n\n{_limits(part)}" for part in PARTS.values()),
        COMMAND,
        _options(),
        METRICS,
        _metrics(),
        TRACES,
    ]
    return "\n".join(parts)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


def _settings(model: type[BaseSettings]) -> str:
    rows = [
        (f"`{variable(name)}`", _default(field.default), field.description or "")
        for name, field in model.model_fields.items()
    ]
    return _table(("variable", "default", "meaning"), rows)


def _limits(part: type) -> str:
    given = LimitSettings.model_fields
    rows = [
        (f"`{variable(one.name, 'LIMIT_')}`", _default(one.default), given[one.name].description or "")
        for one in fields(part)
    ]
    return _table(("variable", "default", "meaning"), rows)


def _default(value: object) -> str:
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(value, bool):
        return f"`{value:d}`"
    return f"`{value}`" if value or value == 0 else ""


def _options() -> str:
    parser = make_parser()
    (commands,) = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    rows = [_option("", action) for action in parser._actions if not isinstance(action, argparse._SubParsersAction)]
    for name, command in commands.choices.items():
        rows += [_option(f"{name} ", action) for action in command._actions]
    return _table(("option", "meaning"), rows)


def _option(before: str, action: argparse.Action) -> tuple[str, str]:
    name = ", ".join(action.option_strings) or action.dest
    values = action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else "")
    return f"`{before}{name}{f' {values}' if values and action.option_strings else ''}`", action.help or ""


def _metrics() -> str:
    rows = [
        (f"`{family.name}{'_total' if family.type == 'counter' else ''}`", family.type, family.documentation)
        for metric in vars(metrics).values()
        if isinstance(metric, MetricWrapperBase)
        for family in metric.describe()
    ]
    return _table(("metric", "type", "meaning"), rows)


if __name__ == "__main__":
    PAGE.write_text(page())
