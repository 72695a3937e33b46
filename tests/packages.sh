# For the install scripts beside this file: installs Debian packages that are missing, quietly. Source it with
# `who` (what each line begins with) and `log` (a file for what apt says) set.

say() { printf '%s: %s\n' "$who" "$*"; }

# Runs a noisy command with its output in the log, and shows the end of that log if it fails.
quietly() {
    "$@" >>"$log" 2>&1 || {
        status=$?
        say "failed: $*" >&2
        tail -n 20 "$log" >&2
        exit "$status"
    }
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() {
    for package; do
        installed "$package" || printf '%s ' "$package"
    done
}

# A freshly installed server must not start by itself on this machine's addresses. A policy that is already
# there stays as it is.
forbid_service_starts() {
    [ -e /usr/sbin/policy-rc.d ] && return
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
}

# install_packages NAME...: says what it installs, nothing when nothing is missing.
install_packages() {
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || { say "run this as root to install: $missing" >&2; exit 1; }
    say "installing Debian packages: $missing"
    forbid_service_starts
    export DEBIAN_FRONTEND=noninteractive
    # Lists may be there and fresh enough; only when they are not are they fetched.
    # shellcheck disable=SC2086 # the list is meant to be split
    apt-get install -y -q --no-install-recommends $missing >>"$log" 2>&1 || {
        quietly apt-get update -q
        quietly apt-get install -y -q --no-install-recommends $missing
    }
}
