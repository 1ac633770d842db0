# syntax=docker/dockerfile:1

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The manifest first, so that dependencies are fetched again only when it changes.
COPY Package.swift ./
RUN swift package resolve
COPY Sources Sources
# Test targets are declared in the manifest, so their folders have to exist.
COPY Tests Tests
RUN swift build -c release --static-swift-stdlib --product shoal \
    && install -s -D "$(swift build -c release --static-swift-stdlib --show-bin-path)/shoal" /out/shoal

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="shoal" \
    org.opencontainers.image.description="Neural machine translation with depth-adaptive decoding"
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/shoal /usr/local/bin/shoal
COPY config/server.yaml /etc/shoal/server.yaml
COPY openapi.yaml /usr/local/share/shoal/openapi.yaml
COPY models/multi30k-de-en /models/multi30k-de-en
ENV SHOAL_SERVER_LISTEN_HOST=0.0.0.0
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/shoal", "health"]
ENTRYPOINT ["/usr/local/bin/shoal"]
CMD ["serve", "--config", "/etc/shoal/server.yaml", "--model", "/models/multi30k-de-en"]
