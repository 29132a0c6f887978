FROM python:3.11-slim AS build

RUN python -m venv /opt/winnow
COPY requirements-build.txt requirements.txt /src/
RUN /opt/winnow/bin/python -m pip install --no-cache-dir --require-hashes -r /src/requirements-build.txt -r /src/requirements.txt
COPY pyproject.toml README.md LICENSE /src/
COPY app /src/app
COPY models /src/models
COPY migrations /src/migrations
RUN /opt/winnow/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation /src


FROM python:3.11-slim

RUN useradd --system --uid 10001 winnow
RUN install -d -o 10001 -g 10001 /data
COPY --from=build /opt/winnow /opt/winnow

# WINNOW_SECRET_KEY has no default: production does not start without one.
ENV PATH=/opt/winnow/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WINNOW_ENVIRONMENT=production \
    WINNOW_DATABASE_URL=sqlite:////data/winnow.db \
    WINNOW_HOST=0.0.0.0 \
    WINNOW_PORT=8000

USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['WINNOW_PORT'] + '/health/live', timeout=3)"]
# Brings the database up to date, then serves; `docker stop --time 40` gives requests under way their full time.
CMD ["winnow", "serve"]
