#!/usr/bin/env bash
# Installs what the tests use beyond Python packages: a second Redis (7), beside the 6.2 that comes as a wheel, so that
# the Redis contract suite runs on both, and promtool, which tests the alerts. Both are optional; where they cannot be
# installed the script says how, and goes on.
set -eu

if command -v redis-server >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    echo "Optional: with redis-server (7.0 or later) on the PATH the Redis tests run on it too, and with promtool (of"
    echo "prometheus) the tests of alerts run; for instance"
    echo "    sudo apt-get install --no-install-recommends redis-server prometheus"
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null || true

install_redis() {
    # Installing must not start a daemon: policy-rc.d is how Debian is told.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' RETURN
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt-get install -y -qq --no-install-recommends redis-server >/dev/null
}

# The program alone: its package brings a server, and web pages of 300 MB, which nothing here needs.
install_promtool() {
    local folder
    folder=$(mktemp -d)
    chmod 755 "$folder"
    (cd "$folder" && apt-get download -qq prometheus) >/dev/null 2>&1 &&
        dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar --extract --directory "$folder" ./usr/bin/promtool &&
        install -m 755 "$folder/usr/bin/promtool" /usr/local/bin/promtool
    local status=$?
    rm -rf "$folder"
    return "$status"
}

if ! command -v redis-server >/dev/null 2>&1; then
    echo "Installing redis-server (its daemon stays off)"
    install_redis || echo "It could not be installed: the Redis tests run on the wheel's server alone."
fi
if ! command -v promtool >/dev/null 2>&1; then
    echo "Installing promtool"
    install_promtool || echo "It could not be installed: the tests of alerts are skipped."
fi
