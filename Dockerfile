# One image for hub and agent; the command chooses: docker run … driftlog hub | agent | search | …
# Mounts, rights and examples: docs/deploy.md and compose.yaml.
#
#   docker build -t driftlog .
#   docker build -t driftlog --build-arg BASE=registry.example.org/node:24-slim .
#
# BASE needs Node 20.19 or newer with npm, a shell, and glibc 2.17 or musl.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund
# Source maps and types are for developers: they make up half of it.
RUN find dist node_modules -type f '(' -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' ')' -exec rm '{}' + \
 && chmod 0755 dist/server/cli/main.js \
 && mkdir -p /image/opt/driftlog /image/usr/local/bin \
 && mv dist node_modules package.json README.md CHANGELOG.md LICENSE /image/opt/driftlog/ \
 && ln -s /opt/driftlog/dist/server/cli/main.js /image/usr/local/bin/driftlog

FROM ${BASE}
# A hub's data, and what it shares with others by volumes (its join token, tokens of Zabbix, dashboards), belong to its
# user; an agent runs as root without capabilities of root, and so must own its folder.
RUN mkdir -p /var/lib/driftlog /var/lib/driftlog-agent /run/driftlog /run/driftlog-zabbix /run/driftlog-grafana \
 && chmod 0700 /var/lib/driftlog /var/lib/driftlog-agent /run/driftlog /run/driftlog-zabbix /run/driftlog-grafana \
 && chown 7400:7400 /var/lib/driftlog /run/driftlog /run/driftlog-zabbix /run/driftlog-grafana
COPY --from=build /image /
# In a container loopback is nobody's: the hub listens on every address, and so it demands tokens.
ENV NODE_ENV=production \
    DRIFTLOG_LISTEN_HOST=0.0.0.0 \
    DRIFTLOG_DATA_DIR=/var/lib/driftlog \
    DRIFTLOG_STATE_DIR=/var/lib/driftlog-agent
WORKDIR /var/lib/driftlog
USER 7400:7400
EXPOSE 7400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["driftlog", "health"]
ENTRYPOINT ["driftlog"]
CMD ["help"]

ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="Driftlog" \
      org.opencontainers.image.description="One search and one live tail per app, wherever its containers run" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
