"""The lab's homeservers: configure, start, stop and crash the two Synapses, and give them appservices."""

import base64
import hashlib
import json
import pathlib
import secrets
import shutil
import urllib.error
import urllib.request

from . import certificates, settings
from .processes import Daemon, LabError, wait_until
from .settings import HOMESERVERS, Homeserver

OFTEN = {"per_second": 1000, "burst_count": 1000}
# Raised, so that tests can act as many people at once. A receiver's invitations, messages and so on stay limits
# that exist: an appservice that needs to pass them must be exempt, which these would not show.
RATE_LIMITS = {
    "rc_registration": OFTEN,
    "rc_login": {"address": OFTEN, "account": OFTEN, "failed_attempts": OFTEN},
    "rc_joins": {"local": OFTEN, "remote": OFTEN},
    "rc_joins_per_room": OFTEN,
    "rc_invites": {"per_room": OFTEN, "per_user": OFTEN, "per_issuer": OFTEN},
    "rc_room_creation": OFTEN,
    "rc_message": {"per_second": 20, "burst_count": 100},
}
LOGGING = """version: 1
formatters: {line: {format: '%(asctime)s %(levelname)s %(name)s %(request)s %(message)s'}}
handlers: {file: {class: logging.FileHandler, formatter: line, filename: FILE, encoding: utf8}}
root: {level: INFO, handlers: [file]}
disable_existing_loggers: false
"""


def daemon(server: Homeserver) -> Daemon:
    return Daemon(server.key, [settings.VENV_PYTHON, "-m", "synapse.app.homeserver",
                               "--config-path", server.folder / "homeserver.yaml"],
                  environment={"PYTHONPATH": str(settings.SOURCES), "PYTHONDONTWRITEBYTECODE": "1"})


def create(server: Homeserver) -> None:
    """Makes the folder of a new homeserver: its signing key and the secret for making accounts."""
    shutil.rmtree(server.folder, ignore_errors=True)
    server.folder.mkdir(mode=0o700, parents=True)
    seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    settings.write_secret(server.folder / "signing.key", f"ed25519 a_lab {seed}\n")
    for name in ("registration", "macaroon", "form"):
        settings.write_secret(settings.SECRETS / f"{server.key}-{name}-secret", secrets.token_hex(24))


def _configuration(server: Homeserver) -> dict:
    tls = server.folder / "tls"
    client = {"port": server.client_port, "type": "http", "tls": False, "x_forwarded": False,
              "bind_addresses": [server.client_address], "resources": [{"names": ["client"], "compress": False}]}
    federation = {"port": 8448, "type": "http", "tls": True, "bind_addresses": [server.federation_address],
                  "resources": [{"names": ["federation"], "compress": False}]}
    return {
        "server_name": server.name,
        "public_baseurl": f"{server.url}/",
        "pid_file": str(server.folder / "synapse.pid"),
        "listeners": [client, federation],
        "database": {"name": "sqlite3", "args": {"database": str(server.folder / "homeserver.db")}},
        "log_config": str(server.folder / "logging.yaml"),
        "media_store_path": str(server.folder / "media"),
        "signing_key_path": str(server.folder / "signing.key"),
        "registration_shared_secret": settings.secret(f"{server.key}-registration-secret"),
        "macaroon_secret_key": settings.secret(f"{server.key}-macaroon-secret"),
        "form_secret": settings.secret(f"{server.key}-form-secret"),
        "tls_certificate_path": str(tls / "cert.pem"),
        "tls_private_key_path": str(tls / "key.pem"),
        "federation_custom_ca_list": [str(settings.CA)],
        "federation_domain_whitelist": [other.name for other in HOMESERVERS],
        "federation": {"destination_min_retry_interval": "1s", "destination_retry_multiplier": 1,
                       "destination_max_retry_interval": "2s", "max_short_retry_delay": "1s",
                       "max_long_retry_delay": "2s", "client_timeout": "20s"},
        "modules": [{"module": "rollcall_lab.fixed_names.FixedNames",
                     "config": {"servers": {other.name: other.federation for other in HOMESERVERS}}}],
        "ip_range_blacklist": [],
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "report_stats": False,
        "bcrypt_rounds": 4,
        "enable_registration": False,
        "presence": {"enabled": False},
        "limit_remote_rooms": {"enabled": False},
        "url_preview_enabled": False,
        "app_service_config_files": [str(file) for file in registrations(server)],
        **({"default_room_version": settings.ROOM_VERSION} if settings.ROOM_VERSION else {}),
        **RATE_LIMITS,
    }


def configure(server: Homeserver) -> None:
    """Writes what the homeserver reads at its start (JSON is YAML) and its certificate."""
    certificates.make_certificate(server.folder / "tls", [server.name], [server.federation_address])
    settings.LOGS.mkdir(parents=True, exist_ok=True)
    (server.folder / "logging.yaml").write_text(
        LOGGING.replace("FILE", json.dumps(str(settings.LOGS / f"{server.key}.log"))))
    settings.write_secret(server.folder / "homeserver.yaml", json.dumps(_configuration(server), indent=2) + "\n")


def registrations(server: Homeserver = settings.CORP) -> list:
    """The appservice registration files that this homeserver loads; those that are gone are left out."""
    try:
        listed = json.loads((server.folder / "registrations.json").read_text())
    except FileNotFoundError:
        return []
    return [pathlib.Path(file) for file in listed if pathlib.Path(file).is_file()]


def set_registrations(files: list, server: Homeserver = settings.CORP) -> bool:
    """Makes these the appservices and restarts the homeserver if it runs and anything in them changed."""
    files = [pathlib.Path(file).absolute() for file in files]
    for file in files:
        if not file.is_file():
            raise LabError(f"{file} is not there")
    wanted = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    loaded = server.folder / "registrations-loaded.json"
    before = json.loads(loaded.read_text()) if loaded.exists() else {}
    (server.folder / "registrations.json").write_text(json.dumps(list(wanted)))
    if before == wanted:
        return False
    loaded.write_text(json.dumps(wanted))
    if daemon(server).pid():
        restart(server)
    return True


def answers(server: Homeserver) -> bool:
    try:
        with urllib.request.urlopen(f"{server.url}/_matrix/client/versions", timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def start(server: Homeserver) -> bool:
    """Starts it, unless it runs, with its configuration as it now should be, and waits until it answers."""
    process = daemon(server)
    if process.pid():
        return False
    configure(server)
    process.start()
    wait_until(lambda: answers(server), f"the homeserver {server.name}", 90, unless=process.why_not_running)
    return True


def stop(server: Homeserver) -> bool:
    return daemon(server).stop()


def kill(server: Homeserver) -> bool:
    """Ends it as a crash or power failure would."""
    return daemon(server).kill()


def restart(server: Homeserver) -> None:
    stop(server)
    start(server)
