"""Where everything of the lab is: folders, addresses, names, logins. Everything else asks here.

ROLLCALL_LAB        folder of the running lab (default /var/tmp/rollcall-lab)
ROLLCALL_LAB_CACHE  what is kept between labs: virtual environment, pristine copies (default /var/cache/rollcall-lab)
ROLLCALL_LAB_NET    first three numbers of its loopback addresses (default 127.0.0): a second lab in another
                    folder with another net runs beside the first
ROLLCALL_LAB_ROOM_VERSION  of the rooms that corp makes, if not Synapse's own default (before 12 a creator can give
                    up power)
"""

import dataclasses
import os
import pathlib

SOURCES = pathlib.Path(__file__).resolve().parent.parent

REALM = "CORP.EXAMPLE.COM"
DOMAIN = "CORP"
BASE_DN = "DC=corp,DC=example,DC=com"
DC_HOST = "dc1.corp.example.com"
ADMINISTRATOR_DN = f"CN=Administrator,CN=Users,{BASE_DN}"
BIND_LOGIN = "svc-rollcall"
BIND_DN = f"CN={BIND_LOGIN},OU=Service,{BASE_DN}"

# Every Matrix account of the lab, and the known people's accounts in the directory, have this password.
PASSWORD = "Lab-password-1"

NET = os.environ.get("ROLLCALL_LAB_NET", "127.0.0")
DC_ADDRESS = f"{NET}.10"
LDAPS_URL = f"ldaps://{DC_ADDRESS}:636"
LDAP_URL = f"ldap://{DC_ADDRESS}:389"

ROOM_VERSION = os.environ.get("ROLLCALL_LAB_ROOM_VERSION", "")

LAB = pathlib.Path(os.environ.get("ROLLCALL_LAB", "/var/tmp/rollcall-lab")).absolute()
CACHE = pathlib.Path(os.environ.get("ROLLCALL_LAB_CACHE", "/var/cache/rollcall-lab")).absolute()

VENV_PYTHON = CACHE / "venv" / "bin" / "python"
SECRETS = LAB / "secrets"
CA = LAB / "ca.pem"
DC = LAB / "dc"
LOGS = LAB / "log"
PIDS = LAB / "pid"


@dataclasses.dataclass(frozen=True)
class Homeserver:
    """One Synapse: its folder and process are called `key`, its users end in `name`."""

    key: str
    name: str
    client_port: int
    federation_address: str

    @property
    def client_address(self) -> str:
        return f"{NET}.1"

    @property
    def url(self) -> str:
        return f"http://{self.client_address}:{self.client_port}"

    @property
    def federation(self) -> str:
        return f"{self.federation_address}:8448"

    @property
    def folder(self) -> pathlib.Path:
        return LAB / self.key

    @property
    def registration_secret(self) -> pathlib.Path:
        return SECRETS / f"{self.key}-registration-secret"

    def user_id(self, login: str) -> str:
        return f"@{login.lower()}:{self.name}"


CORP = Homeserver("corp", "corp.example.com", 8008, f"{NET}.21")
PARTNER = Homeserver("partner", "partner.example.org", 8009, f"{NET}.22")
HOMESERVERS = (CORP, PARTNER)

BREAKGLASS = "breakglass"          # Matrix account on corp, server administrator
PARTNER_USERS = ("anna", "bob")


def secret(name: str) -> str:
    """The text of a secret's file, as `bind-password`."""
    return (SECRETS / name).read_text().strip()


def write_secret(path: pathlib.Path, text: str) -> None:
    """Writes a file that only its owner can read, from its first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
