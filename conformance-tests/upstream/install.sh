#!/bin/sh
# Installs the provider that provider.mjs runs, once: `install.sh DIR`.
set -e
[ -f "$1/complete" ] && exit 0
mkdir -p "$1"
npm install --silent --no-audit --no-fund --prefix "$1" oidc-provider@9
touch "$1/complete"
