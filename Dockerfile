# headwater as a static binary on a small image, not run as root. compose.yaml builds it.
# Like compose.yaml it is checked by tests (internal/layout) but was not built by this project's CI, which has no
# container engine.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /headwater ./cmd/headwater

# busybox and not an empty image, because a health check needs a program that asks.
FROM busybox:1.37.0-musl
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /headwater /headwater
USER 10001:10001
ENTRYPOINT ["/headwater"]
CMD ["run"]
