# The Slack bot; nothing of PyTorch or Triton's server.
# Python 3.11, because from 3.12 on DBOS needs SQLite 3.42, and bookworm has 3.40.
FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app
RUN groupadd --gid 1000 bot && useradd --uid 1000 --gid 1000 --create-home bot \
    && install --directory --owner=bot --group=bot /var/lib/enhancer
WORKDIR /app
COPY requirements/bot.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/bot.txt
COPY slackbot slackbot
USER bot
# The one place that may be written, so that every path without a slash in front leads into it.
WORKDIR /var/lib/enhancer
ENTRYPOINT ["python", "-m", "slackbot"]
