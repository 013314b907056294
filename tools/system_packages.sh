#!/usr/bin/env bash
# Installs what the tests use beyond Python packages: a second Redis (7), beside the 6.2 that comes as a wheel, so that
# the Redis contract suite runs on both. It is optional; where it cannot be installed the script says how, and goes on.
set -eu
packages=(redis-server)

if command -v redis-server >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    echo "Optional: with redis-server (7.0 or later) on the PATH the Redis tests run on it too; for instance"
    echo "    sudo apt-get install --no-install-recommends ${packages[*]}"
    exit 0
fi

# Installing must not start a daemon: policy-rc.d is how Debian is told.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
echo "Installing ${packages[*]} (its daemon stays off)"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >/dev/null; then
    echo "It could not be installed: the Redis tests run on the wheel's server alone."
fi
