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

here=$(cd "$(dirname "$0")" && pwd)
who=lab
cache=${ROLLCALL_LAB_CACHE:-/var/cache/rollcall-lab}
venv=$cache/venv
log=$cache/install.log

. "$here/../packages.sh"

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
# shellcheck disable=SC2086 # the list is meant to be split
install_packages $packages
install_venv
