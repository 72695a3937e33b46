"""The lab's domain controller: provision, configure, start and stop one Samba AD DC in $LAB/dc."""

import secrets
import shutil

from . import certificates, directory_fill, settings
from .processes import Daemon, accepts, run, wait_until

SMB_CONF = settings.DC / "etc" / "smb.conf"
PORTS = (389, 636, 3268, 3269)

# No file server, no DNS, no replication: what a directory client sees, and nothing that needs more of the machine.
CONFIGURATION = f"""# Written at every start of the lab.
[global]
    realm = {settings.REALM}
    workgroup = {settings.DOMAIN}
    netbios name = DC1
    server role = active directory domain controller
    server services = ldap, cldap, kdc
    vfs objects = dfs_samba4 acl_xattr xattr_tdb
    interfaces = {settings.DC_ADDRESS}/8
    bind interfaces only = yes
    private dir = {{dc}}/private
    state directory = {{dc}}/state
    cache directory = {{dc}}/cache
    lock directory = {{dc}}/lock
    pid directory = {{dc}}/run
    ncalrpc dir = {{dc}}/ncalrpc
    winbindd socket directory = {{dc}}/winbindd
    binddns dir = {{dc}}/bind-dns
    log file = {{logs}}/samba.log
    logging = file
    log level = 1
    max log size = 0
    dsdb event notification = no
    tls enabled = yes
    tls cafile = {{dc}}/private/tls/ca.pem
    tls certfile = {{dc}}/private/tls/cert.pem
    tls keyfile = {{dc}}/private/tls/key.pem
"""

KERBEROS = f"""[libdefaults]
    default_realm = {settings.REALM}
    dns_lookup_realm = false
    dns_lookup_kdc = false
    rdns = false
    dns_canonicalize_hostname = false
[realms]
    {settings.REALM} = {{
        kdc = {settings.DC_ADDRESS}
    }}
[domain_realm]
    .corp.example.com = {settings.REALM}
    corp.example.com = {settings.REALM}
"""


def daemon() -> Daemon:
    return Daemon("dc", ["/usr/sbin/samba", f"--configfile={SMB_CONF}", "--foreground", "--no-process-group",
                         "--model=single"])


def provision() -> None:
    """Makes a new, empty domain. The passwords of the administrator and the bind account are made here."""
    shutil.rmtree(settings.DC, ignore_errors=True)
    settings.DC.mkdir(mode=0o700, parents=True)
    for name in ("administrator-password", "bind-password"):
        settings.write_secret(settings.SECRETS / name, f"Lab-{secrets.token_urlsafe(18)}-9")
    run(["samba-tool", "domain", "provision", f"--targetdir={settings.DC}", f"--realm={settings.REALM}",
         f"--domain={settings.DOMAIN}", "--host-name=dc1", f"--host-ip={settings.DC_ADDRESS}",
         "--server-role=dc", "--dns-backend=NONE", "--option=vfs objects=dfs_samba4 acl_xattr xattr_tdb",
         f"--adminpass={settings.secret('administrator-password')}"], "provisioning the domain")


def configure() -> None:
    """Writes smb.conf, the certificate and a Kerberos configuration for clients."""
    for folder in ("etc", "private", "state", "cache", "lock", "run", "ncalrpc", "winbindd", "bind-dns"):
        (settings.DC / folder).mkdir(parents=True, exist_ok=True)
    settings.LOGS.mkdir(parents=True, exist_ok=True)
    SMB_CONF.write_text(CONFIGURATION.format(dc=settings.DC, logs=settings.LOGS))
    (settings.LAB / "krb5.conf").write_text(KERBEROS)
    tls = settings.DC / "private" / "tls"
    certificates.make_certificate(tls, [settings.DC_HOST], [settings.DC_ADDRESS])


def fill(company) -> None:
    directory_fill.fill(SMB_CONF, company, settings.secret("bind-password"))
    keytab = settings.SECRETS / f"{settings.BIND_LOGIN}.keytab"
    keytab.unlink(missing_ok=True)
    run(["samba-tool", "domain", "exportkeytab", keytab, f"--principal={settings.BIND_LOGIN}",
         f"--configfile={SMB_CONF}"], "writing the service account's keytab")
    keytab.chmod(0o600)


def start() -> bool:
    """Starts it and waits until every port answers; whether it had to."""
    started = daemon().start()
    wait_until(lambda: all(accepts(settings.DC_ADDRESS, port) for port in PORTS), "the domain controller's ports",
               60, unless=daemon().why_not_running)
    return started


def stop() -> bool:
    return daemon().stop()
