# faceindex and its pages, for a user without rights, on a read-only root file system. docs/container.md says how to run it.
FROM python:3.13-slim AS build
RUN python -m venv /opt/faceindex
COPY . /source
RUN /opt/faceindex/bin/pip install --no-cache-dir '/source[web]' \
 && /opt/faceindex/bin/pip uninstall --yes pip \
 && /opt/faceindex/bin/python -m compileall -q /opt/faceindex/lib

FROM python:3.13-slim
RUN useradd --uid 10001 --home-dir /data --create-home faces
COPY --from=build /opt/faceindex /opt/faceindex
ENV PATH=/opt/faceindex/bin:$PATH FACEINDEX_LIBRARY=/data/photos.faces FACEINDEX_CACHE=/data/cache
USER faces
VOLUME /data
EXPOSE 8420
HEALTHCHECK --interval=30s --timeout=5s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8420/api/v1/health', timeout=4)"]
ENTRYPOINT ["faceindex"]
CMD ["serve", "--host", "0.0.0.0", "--photos", "/photos"]
