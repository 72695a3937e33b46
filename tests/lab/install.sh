#!/bin/sh
# Installs what the lab needs on a Debian 12 machine, and only what is missing: the packages of a Samba
# AD DC, and a virtual environment with Synapse and ldap3. Prints one line for each thing that it
# installs, nothing when there is nothing to do. Run as root.
set -eu

synapse_version=1.163.2
ldap3_version=2.9.1
packages="samba samba-ad-dc samba-ad-provision samba-common-bin samba-dsdb-modules samba-vfs-modules winbind
    python3-samba ldb-tools tdb-tools ldap-utils krb5-user libsasl2-modules-gssapi-mit
    python3 python3-venv openssl acl attr ca-certificates procps"

cache=${ROLLCALL_LAB_CACHE:-/var/cache/rollcall-lab}
venv=$cache/venv
log=$cache/install.log

say() { printf 'lab: %s\n' "$*"; }

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
    for package in $packages; do
        installed "$package" || printf '%s ' "$package"
    done
}

# A freshly installed samba must not start its own file server on this machine's addresses. A policy that
# is already there stays as it is.
forbid_service_starts() {
    [ -e /usr/sbin/policy-rc.d ] && return
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
}

install_packages() {
    missing=$(missing_packages)
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

# version NAME: what the virtual environment has of it, empty when nothing.
version() {
    for info in "$venv"/lib/python3*/site-packages/"$1"-*.dist-info; do
        [ -d "$info" ] || continue
        info=${info##*/"$1"-}
        printf '%s' "${info%.dist-info}"
    done
}

install_venv() {
    if [ ! -x "$venv/bin/pip" ]; then
        say "making a virtual environment in $venv"
        quietly /usr/bin/python3 -m venv "$venv"
    fi
    if [ "$(version matrix_synapse)" != "$synapse_version" ]; then
        say "installing matrix-synapse $synapse_version"
        quietly "$venv/bin/pip" install -q "matrix-synapse==$synapse_version"
    fi
    if [ "$(version ldap3)" != "$ldap3_version" ]; then
        say "installing ldap3 $ldap3_version"
        quietly "$venv/bin/pip" install -q "ldap3==$ldap3_version"
    fi
}

mkdir -p "$cache"
install_packages
install_venv
