# Sightline as an image: one static program and ffmpeg with the libraries it loads,
# nothing else, run as nobody.
#   docker build -t sightline .
#   docker run --read-only -v sightline:/data -p 8443:8443 -p 8189:8189/udp -p 8189:8189 sightline
# The default command expects Redis at the host name "redis". With the embedded store:
#   docker run … sightline serve --store bolt
# scripts/image-check runs these very steps without a container engine.

FROM node:20-bookworm AS ui
WORKDIR /src/web/ui
COPY web/ui/package.json web/ui/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY internal/i18n/catalogues /src/internal/i18n/catalogues
COPY web/ui ./
RUN npm run build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . ./
COPY --from=ui /src/web/ui/dist web/ui/dist
ARG VERSION=image
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/sightline ./cmd/sightline
RUN mkdir -p /out/data
RUN apt-get update -q && apt-get install -q -y --no-install-recommends ffmpeg
RUN mkdir -p /out/tools && cp -L --parents $(command -v ffmpeg) $(ldd $(command -v ffmpeg) | grep -o '/[^ ]*') /etc/ld.so.cache /out/tools

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/tools/ /
COPY --from=build /out/sightline /sightline
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV PATH=/usr/bin SIGHTLINE_DATA=/data SIGHTLINE_LISTEN=:8443
VOLUME /data
EXPOSE 8443 8189/tcp 8189/udp
ENTRYPOINT ["/sightline"]
CMD ["serve", "--store", "redis://redis:6379/0"]
