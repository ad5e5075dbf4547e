# One node of Parley. Everything that it keeps is in /var/lib/parley, which must be a volume.

FROM node:24-bookworm AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY native native
# With the compiler of this image the UDP addon is built.
RUN npm ci
COPY . .
# The Node of the image is used, and not the one that the installation brings.
RUN npm run -s build \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/node-linux-* dist/test dist/bench

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
  PARLEY_DATA_DIR=/var/lib/parley \
  PARLEY_SERVER_HTTP_BIND_ADDRESS=0.0.0.0 \
  PARLEY_LOG_FORMAT=json
WORKDIR /opt/parley
COPY --from=build /build/package.json /build/LICENSE ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/native native
COPY --from=build /build/bin bin
COPY --from=build /build/config config
COPY --from=build /build/dist dist
RUN install -d -m 0700 -o node -g node /var/lib/parley
USER node
VOLUME /var/lib/parley
# Control connections, voice, the API, metrics, and Mumble's clients.
EXPOSE 9000/tcp 9001/udp 8080/tcp 9102/tcp 64738/tcp 64738/udp
# Whether it lives: a restart mends nothing else. Load balancers ask /health/ready.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--enable-source-maps", "--max-semi-space-size=8", "dist/src/main.js"]
