#!/bin/sh
# Installs on a Debian 12 machine what Rollcall is built with, and only what is missing; `--checks` also what the
# format and tidy checks need, `--lab` also the lab (see lab/install.sh). Prints one line for each thing that it
# installs, nothing when there is nothing to do. Run as root.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
who=install
cache=${ROLLCALL_LAB_CACHE:-/var/cache/rollcall-lab}
log=$cache/install.log

build="meson ninja-build g++ pkg-config ccache
    libcli11-dev libcurl4-gnutls-dev libexpected-dev libfmt-dev libhowardhinnant-date-dev libldap-dev libmicrohttpd-dev
    libre2-dev libsodium-dev libsqlite3-dev libsystemd-dev libutf8proc-dev libyaml-dev rapidjson-dev
    libgtest-dev openssl tzdata"
checks="clang-format clang-tidy git"

. "$here/packages.sh"

wanted=$build
lab=no
for option; do
    case $option in
        --checks) wanted="$wanted $checks" ;;
        --lab) lab=yes ;;
        *) say "unknown option $option; there are --checks and --lab" >&2; exit 2 ;;
    esac
done

mkdir -p "$cache"
# shellcheck disable=SC2086 # the list is meant to be split
install_packages $wanted
[ "$lab" = no ] || "$here/lab/install.sh"
