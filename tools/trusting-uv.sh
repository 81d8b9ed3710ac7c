#!/bin/sh
# uv that trusts whom this machine trusts, as pip does: behind a proxy that inspects TLS it knows the proxy's authority.
# Without a store of the system's, as in slim containers, it keeps to the authorities that it brings.
set -eu
here=$(dirname "$0")/..
for store in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -s "$store" ]; then
        export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-true}" # the latter before uv 0.11
        break
    fi
done
exec "$(command -v uv || echo "$here/.tools/uv/bin/uv")" "$@"
