# Triton from its wheel, with OpenVINO, for machines without a GPU.
FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --gid 1000 triton-server && useradd --uid 1000 --gid 1000 --create-home triton-server
WORKDIR /app
COPY requirements/serve.txt requirements/triton.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/serve.txt \
    && pip install --no-cache-dir --require-hashes --no-deps -r requirements/triton.txt
COPY serving serving
COPY model_repository /models
# Laid out now, because the running container is read-only.
RUN python -m serving.backends /var/cache/enhancer
USER triton-server
ENTRYPOINT ["python", "-m", "serving", "--host=0.0.0.0", "--model-repository=/models", "--cache=/var/cache/enhancer"]
