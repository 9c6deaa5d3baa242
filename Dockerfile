# The emulator and what it needs to run: no pip, no compiler, no root.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
# For a network with a package index of its own: --build-arg PIP_INDEX_URL=...
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_DEFAULT_TIMEOUT
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY pyproject.toml README.md LICENSE batch_emulator_pytest.py ./
COPY emulator emulator
COPY fixtures fixtures
COPY scenarios scenarios
# Nothing changes in there later, so that the bytecode need not be compared with its source at every start.
RUN python -m pip wheel --quiet --no-deps --wheel-dir /dist . \
 && python -m venv --without-pip /opt/emulator \
 && python -m pip --python /opt/emulator/bin/python install --quiet --no-compile "$(echo /dist/*.whl)[postgres]" \
 && /opt/emulator/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/emulator/lib

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="batch-emulator" \
      org.opencontainers.image.description="SerpWow, Stripe Batch Jobs and 6DOT50 PAY to a client program, with a clock and a state you hold" \
      org.opencontainers.image.licenses="MIT"
# The base image's pip, and all that it could be installed again from: where python.org's build has it, and where Debian's has it.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/* /usr/local/lib/python3*/ensurepip \
           /usr/bin/pip* /usr/lib/python3*/dist-packages/* /usr/lib/python3*/ensurepip /usr/share/python-wheels \
 && mkdir /scenarios /data && chown 10001:10001 /data
COPY --from=build /opt/emulator /opt/emulator
ENV PATH=/opt/emulator/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    EMULATOR_HOST=0.0.0.0 \
    EMULATOR_PORT=8080 \
    EMULATOR_SCENARIOS=/scenarios \
    EMULATOR_TLS_FOLDER=/tmp/batch-emulator
# Serves once: that it can is proved, and the standard library's bytecode is left behind. Nothing is written any more after this.
RUN python -c "from emulator import EmulatorServer as S; from emulator.client.http import HttpClient as C; assert C(S().url).send('GET', b'/_emulator/ready').status == 200"
ENV PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8080
# No start period: within one, Docker asks only every five seconds, and the server is up in one.
HEALTHCHECK --interval=2s --timeout=3s --retries=10 CMD ["batch-emulator", "healthcheck"]
ENTRYPOINT ["batch-emulator"]
CMD ["serve"]
