# syntax=docker/dockerfile:1
# The service: web, worker and migrate are the same image with another command.
#
# This Python checks the mail headers it writes (email.policy: verify_generated_headers), which not
# every release does; `sharedbox run` warns of one that does not.
FROM node:24-trixie-slim AS pages

# What the pages are made with: a style sheet and a script, at the places where npm puts them.
WORKDIR /pages
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev \
    && mkdir -p vendor/@tabler/core/dist/css vendor/htmx.org/dist \
    && cp node_modules/@tabler/core/dist/css/tabler.min.css vendor/@tabler/core/dist/css/ \
    && cp node_modules/htmx.org/dist/htmx.min.js vendor/htmx.org/dist/


FROM python:3.13.12-slim-trixie AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# What it needs to run, and apart from it what makes a wheel of it: two parts of the same lock.
COPY requirements.lock ./
RUN sed '/^# --- below this line: only for building/,$d' requirements.lock > run.lock \
    && sed '/^# --- below this line: only for developing/,$d' requirements.lock > build.lock \
    && python -m venv /opt/sharedbox \
    && /opt/sharedbox/bin/pip install --require-hashes -r run.lock \
    && python -m venv /opt/builder \
    && /opt/builder/bin/pip install --require-hashes -r build.lock

COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY alembic alembic
COPY --from=pages /pages/vendor app/web/vendor
RUN /opt/builder/bin/python -m hatchling build -t wheel -d dist \
    && /opt/sharedbox/bin/pip install --no-deps dist/*.whl


FROM python:3.13.12-slim-trixie

RUN groupadd --gid 10001 sharedbox \
    && useradd --uid 10001 --gid sharedbox --no-create-home --home-dir /data sharedbox \
    && install --directory --owner=sharedbox --group=sharedbox --mode=0700 /data
COPY --from=build /opt/sharedbox /opt/sharedbox

ENV PATH=/opt/sharedbox/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SHAREDBOX_DATA_DIR=/data \
    SHAREDBOX_HOST=0.0.0.0 \
    SHAREDBOX_PORT=8000
USER sharedbox
WORKDIR /data
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["sharedbox"]
CMD ["run", "web"]
