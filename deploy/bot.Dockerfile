# The Slack bot; nothing of PyTorch or Triton's server.
FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --gid 1000 bot && useradd --uid 1000 --gid 1000 --create-home bot \
    && install --directory --owner=bot --group=bot /var/lib/enhancer
WORKDIR /app
COPY requirements/bot.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/bot.txt
COPY slackbot slackbot
USER bot
ENTRYPOINT ["python", "-m", "slackbot"]
