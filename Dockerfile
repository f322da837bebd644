FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    WINDFALL_HOME=/var/lib/windfall \
    WINDFALL_INGEST_BIND=0.0.0.0:8000 \
    WINDFALL_CONSOLE_BIND=0.0.0.0:8001

# The home is a volume (spool, secrets); it takes owner and mode from here.
RUN useradd --system --uid 10001 --no-create-home windfall \
    && install -d -o windfall -g windfall -m 0700 /var/lib/windfall

WORKDIR /app
COPY requirements-run.lock ./
RUN pip install --require-hashes -r requirements-run.lock
COPY . ./
RUN pip install --no-deps --no-build-isolation .

USER windfall
WORKDIR /var/lib/windfall
VOLUME /var/lib/windfall
EXPOSE 8000
# PID 1 is the process itself, so that it gets SIGTERM and can end in peace.
CMD ["python", "-m", "ingest"]
