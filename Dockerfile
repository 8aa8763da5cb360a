# The service, its commands and the console in one image, for one's own servers. FEATURES chooses what it is built with; the default takes
# everything, so that the same image runs on SQLite alone or on PostgreSQL, Redis, Kafka and S3.
#
#     docker build --tag astroshield .
#     docker run --read-only --tmpfs /tmp --volume astroshield:/var/lib/astroshield --publish 127.0.0.1:7878:7878 \
#         --env ASTROSHIELD__SERVER__LISTEN=0.0.0.0:7878 --env ASTROSHIELD__SERVER__ALLOW_REMOTE=true astroshield

# Where the images that it begins with are. Docker Hub lets nobody who is not signed in fetch many; public.ecr.aws/docker/library has the same.
ARG REGISTRY=docker.io/library
ARG DEBIAN=bookworm
ARG DEBIAN_SLIM=12.12-slim
ARG RUST=1.95.0
ARG NODE=20

FROM ${REGISTRY}/node:${NODE}-${DEBIAN}-slim AS console
WORKDIR /source/web
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
# The client is made from the description of the API.
COPY crates/api/openapi.json ../crates/api/
COPY web .
RUN npm run build

FROM ${REGISTRY}/rust:${RUST}-slim-${DEBIAN} AS build
# The Kafka client is C, and its TLS is OpenSSL's.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ libssl-dev make pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Cargo.toml Cargo.lock rust-toolchain.toml ./
COPY crates crates
COPY xtask xtask
ARG FEATURES=managed,parquet
# Which commit the sources are of: results name it.
ARG COMMIT=
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/target \
    ASTROSHIELD_COMMIT="$COMMIT" CARGO_TARGET_DIR=/target cargo build --locked --release --package astroshield-server --features "$FEATURES" \
    && install -D --strip /target/release/astroshield /out/astroshield

# What the program needs of Debian, and nothing else: the libraries that it is linked to, authorities of the Web, how names are looked up.
FROM ${REGISTRY}/debian:${DEBIAN_SLIM} AS root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/astroshield /root-of-image/usr/bin/astroshield
RUN set -eu; \
    libraries=$(ldd /root-of-image/usr/bin/astroshield | grep -o '/[^ ]*'); \
    cp --dereference --parents $libraries /etc/ssl/certs/ca-certificates.crt /etc/nsswitch.conf /root-of-image; \
    echo 'astroshield:x:10001:10001::/var/lib/astroshield:/sbin/nologin' > /root-of-image/etc/passwd; \
    echo 'astroshield:x:10001:' > /root-of-image/etc/group; \
    install -d -m 1777 /root-of-image/tmp; \
    install -d -m 0700 -o 10001 -g 10001 /root-of-image/var/lib/astroshield

FROM scratch AS service
LABEL org.opencontainers.image.title=AstroShield \
      org.opencontainers.image.licenses=Apache-2.0
COPY --from=root /root-of-image /
COPY --from=console /source/web/out /usr/share/astroshield/console
COPY LICENSE /usr/share/doc/astroshield/LICENSE
USER 10001:10001
WORKDIR /var/lib/astroshield
# The configuration is /etc/astroshield/config.toml, where there is one.
ENV PATH=/usr/bin \
    XDG_CONFIG_HOME=/etc \
    ASTROSHIELD__DATA__FOLDER=/var/lib/astroshield \
    ASTROSHIELD__CONSOLE__FOLDER=/usr/share/astroshield/console
VOLUME ["/var/lib/astroshield", "/tmp"]
EXPOSE 7878
# A process that is alive but not ready is not to be started again: that would not bring its database back.
HEALTHCHECK --interval=10s --timeout=5s --start-period=1m CMD ["astroshield", "health"]
ENTRYPOINT ["astroshield"]
CMD ["serve"]

# The same with the authorities of RDS, which are none of the Web's, for the tasks on AWS: docker build --target aws .
FROM service AS aws
ADD --chmod=0644 https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem /usr/share/astroshield/rds.pem

FROM service
