# One image for the service and its companions: `serve` (8001), `reporter` (8000), `validator` (8002).
#   docker build -t voltherm .
#   docker run -p 127.0.0.1:8001:8001 --env-file .env -v voltherm:/data voltherm
# docs/deployment.md says more. Nothing is fetched but the base image and the wheels of the lock, by their hashes.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /build
RUN python -m venv /opt/voltherm
COPY locks/run.lock locks/run.lock
RUN /opt/voltherm/bin/python -m pip install --require-hashes --no-deps --only-binary=:all: -r locks/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/voltherm/bin/python -m hatchling build -t wheel -d dist
RUN /opt/voltherm/bin/python -m pip install --no-deps --no-index --find-links dist voltherm
RUN /opt/voltherm/bin/python -m pip check
# What only the build needed.
RUN /opt/voltherm/bin/python -m pip uninstall --yes editables hatchling pathspec pluggy tomlkit trove-classifiers pip

FROM python:${PYTHON_VERSION}-slim
LABEL org.opencontainers.image.title="Voltherm" \
      org.opencontainers.image.description="Plans and dispatches the batteries behind an electricity meter against the tariff that the site really pays" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 voltherm \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin voltherm \
 && install --directory --owner=10001 --group=10001 --mode=0750 /data
COPY --from=build /opt/voltherm /opt/voltherm
# Logs go to standard error and the database to /data: nothing else is written, the root file system may be read-only.
ENV PATH=/opt/voltherm/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    LOG_DIR="" \
    LOG_FORMAT=json \
    DATABASE_URL=sqlite:////data/voltherm.db
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["voltherm", "probe", "http://127.0.0.1:8001/health"]
ENTRYPOINT ["voltherm"]
CMD ["serve", "--host", "0.0.0.0"]
