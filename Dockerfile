# syntax=docker/dockerfile:1

# `docker build -t shoal .` makes a server with its model; `--target server` leaves the model out, to be mounted below /models.

FROM swift:6.3-bookworm AS build
# Versions are not pinned: a build takes the security fixes of its day.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The manifest first, so that dependencies are fetched again only when it changes.
COPY Package.swift ./
RUN swift package resolve
# What the server answers for /openapi.yaml is a part of the binary.
COPY openapi.yaml ./
COPY Sources Sources
# Test targets are declared in the manifest, so their folders have to exist.
COPY Tests Tests
RUN swift build -c release --static-swift-stdlib --product shoal \
    && install -s -D "$(swift build -c release --static-swift-stdlib --show-bin-path)/shoal" \
        /out/usr/local/bin/shoal
# The licences of what is linked into the binary.
RUN install -D -m 644 /usr/share/swift/LICENSE.txt /out/usr/share/doc/swift/LICENSE.txt \
    && for file in .build/checkouts/*/LICENSE* .build/checkouts/*/NOTICE*; do \
        install -D -m 644 "$file" "/out/usr/share/doc/${file#.build/checkouts/}" || exit 1; \
    done

# All files of the image: the binary, the shared libraries that the loader asks for, their licences, and a user without rights. That the binary
# runs there shows that nothing is missing; it prints its help, since Swift finds no arguments without /proc.
FROM debian:bookworm-slim AS files
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl3 libstdc++6 zlib1g \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /image
RUN ldd /image/usr/local/bin/shoal | grep -o '/[^ ]*' | while read -r file; do \
        install -D "$file" "/image$file"; \
        dpkg --search "*/${file##*/}" | cut -d : -f 1 | sort -u | while read -r package; do \
            document="/usr/share/doc/$package/copyright"; \
            install -D -m 644 "$document" "/image$document"; \
        done; \
    done; \
    mkdir /image/etc; \
    echo 'shoal:x:65532:65532::/:/usr/sbin/nologin' > /image/etc/passwd; \
    echo 'shoal:x:65532:' > /image/etc/group; \
    chroot /image /usr/local/bin/shoal > /dev/null

FROM scratch AS server
LABEL org.opencontainers.image.title="shoal" \
    org.opencontainers.image.description="Neural machine translation with depth-adaptive decoding" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=files /image /
COPY LICENSE NOTICE /usr/share/doc/shoal/
COPY config/server.yaml /etc/shoal/server.yaml
ENV SHOAL_SERVER_LISTEN_HOST=0.0.0.0 \
    SHOAL_SHUTDOWN_DRAIN_DELAY=5s
# The model's path is relative to it.
WORKDIR /
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/shoal", "health", "--config", "/etc/shoal/server.yaml"]
ENTRYPOINT ["/usr/local/bin/shoal"]
CMD ["serve", "--config", "/etc/shoal/server.yaml"]

FROM server
LABEL org.opencontainers.image.licenses="Apache-2.0 AND CC-BY-2.0 AND MPL-2.0"
COPY models/tatoeba-de-en /models/tatoeba-de-en
