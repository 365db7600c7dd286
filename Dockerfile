# syntax=docker/dockerfile:1
# Two stages: the SDK builds a self-contained appliance; the image that runs it has no SDK, no compiler and no shell tools beyond
# Debian's own. Debian 13 brings OpenSSL 3.5.
#
#   docker build -t agentpki .
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     -v agentpki-home:/var/lib/agentpki -p 127.0.0.1:8443:8443 -p 127.0.0.1:8080:8080 agentpki

FROM ubuntu:26.04 AS build
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends dotnet-sdk-10.0 ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN packaging/build.sh /publish

FROM debian:trixie-slim
COPY --from=build /publish /publish
COPY packaging /packaging
RUN AGENTPKI_NO_SYSTEMD=1 /packaging/install.sh /publish \
 && rm -rf /publish /packaging /var/lib/apt/lists/*
# Inside a container the network namespace is the boundary, so the listeners take every address of it.
ENV AGENTPKI_HOME=/var/lib/agentpki \
    AGENTPKI_BIND=0.0.0.0 \
    DOTNET_EnableDiagnostics=0
USER agentpki
VOLUME /var/lib/agentpki
EXPOSE 8443 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["/usr/lib/agentpki/agentpki"]
CMD ["up"]
