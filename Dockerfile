# The image of every process: todoke serve | worker | reader | desk | provider-simulator | db upgrade.
#   docker build -t todoke .
#   docker run --env-file .env -p 127.0.0.1:8000:8000 todoke
# compose.yaml runs them together; docs/operations/README.md says what each setting means.

FROM python:3.11-slim-bookworm AS build

# PC/SC has no ready-made wheel for Linux: it needs a compiler and libpcsclite's headers, here only.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev libpcsclite-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PATH=/opt/build/bin:$PATH

WORKDIR /src
COPY requirements.lock requirements-pcsc.lock requirements-build.lock ./

# Two environments: the one that builds, and the one that the second stage takes over (it needs no pip).
RUN python -m venv /opt/build \
    && python -m venv --without-pip /opt/todoke \
    && pip install --require-hashes -r requirements-build.lock \
    && pip --python /opt/todoke/bin/python install --require-hashes -r requirements.lock \
    && pip wheel --require-hashes --no-deps --no-build-isolation \
        --wheel-dir /wheels -r requirements-pcsc.lock

COPY pyproject.toml README.md LICENSE NOTICE ./
COPY app app
COPY nfc nfc
COPY card_sim card_sim
COPY templates templates
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip --python /opt/todoke/bin/python install --no-index --no-deps \
        /wheels/pyscard-*.whl /wheels/todoke-*.whl


FROM python:3.11-slim-bookworm

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpcsclite1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 todoke \
    && useradd --system --uid 10001 --gid todoke --home-dir /var/lib/todoke --shell /usr/sbin/nologin todoke \
    && install --directory --mode=0700 --owner=todoke --group=todoke /var/lib/todoke

COPY --from=build /opt/todoke /opt/todoke

ENV PATH=/opt/todoke/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TODOKE_STATE_DIR=/var/lib/todoke

USER 10001:10001
WORKDIR /var/lib/todoke
EXPOSE 8000

# The process answers. Whether it can serve (database, migrations, worker) is /readyz, for the load balancer to ask.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]

ENTRYPOINT ["todoke"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
