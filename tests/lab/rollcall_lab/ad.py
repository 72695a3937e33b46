"""The lab's directory as its administrator changes it: over LDAPS, so that watchers are told at once."""

import ssl
import uuid

import ldap3
from ldap3.core.exceptions import (LDAPCommunicationError, LDAPNoSuchObjectResult, LDAPSessionTerminatedByServerError)
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import parse_dn

from . import access, samba_dc, settings
from .directory_fill import ACCOUNT_DISABLED, GLOBAL_SECURITY_GROUP, NORMAL_ACCOUNT, filetime

NEVER = 0x7FFFFFFFFFFFFFFF
SHOW_DELETED = ("1.2.840.113556.1.4.417", True, None)
ACCESS_LIST_ONLY = ("1.2.840.113556.1.4.801", True, b"\x30\x03\x02\x01\x04")
IN_CHAIN = "1.2.840.113556.1.4.1941"


class NotThere(Exception):
    """The directory has no such object, or several."""


class Directory:
    """One connection to the DC. Objects are named by login, group name or DN; every call has ended, on the DC,
    when it returns. Not for use by several threads."""

    def __init__(self, bind_dn: str = settings.ADMINISTRATOR_DN, password: str | None = None,
                 host: str = settings.DC_ADDRESS, port: int = 636):
        self._bind_dn = bind_dn
        self._password = password or settings.secret("administrator-password")
        self._host, self._port = host, port
        self._connection = None

    @classmethod
    def as_service(cls) -> "Directory":
        """What the service account sees."""
        return cls(settings.BIND_DN, settings.secret("bind-password"))

    # --- people

    def add_person(self, login: str, given: str = "New", family: str = "Person", ou: str = "OU=Engineering,OU=Staff",
                   groups=(), password: str | None = None, **attributes) -> str:
        """Adds an enabled person, in these groups; the DN. Attributes by their LDAP names."""
        dn = f"CN={login},{ou},{settings.BASE_DN}"
        entry = {"sAMAccountName": login, "userPrincipalName": f"{login}@corp.example.com", "givenName": given,
                 "sn": family, "displayName": f"{given} {family}", "mail": f"{login.lower()}@corp.example.com",
                 "employeeType": "employee", "userAccountControl": NORMAL_ACCOUNT | ACCOUNT_DISABLED, **attributes}
        self._run("add", dn, "user", {name: value for name, value in entry.items() if value is not None})
        self.set_password(dn, password or settings.PASSWORD)
        self.enable(dn)
        for group in groups:
            self.add_to_group(dn, group)
        return dn

    def set_password(self, name: str, password: str) -> None:
        self._modify(name, "unicodePwd", [f'"{password}"'.encode("utf-16-le")])

    def disable(self, name: str) -> None:
        self._set_control(name, lambda flags: flags | ACCOUNT_DISABLED)

    def disable_as(self, name: str, login: str) -> None:
        """Disabled and given another login in one write, as scripts for leavers do."""
        flags = int(self.attribute(name, "userAccountControl")) | ACCOUNT_DISABLED
        self._run("modify", self.dn(name), {"sAMAccountName": [(ldap3.MODIFY_REPLACE, [login])],
                                            "userAccountControl": [(ldap3.MODIFY_REPLACE, [flags])]})

    def enable(self, name: str) -> None:
        self._set_control(name, lambda flags: flags & ~ACCOUNT_DISABLED)

    def _set_control(self, name: str, change) -> None:
        flags = int(self.attribute(name, "userAccountControl"))
        self._modify(name, "userAccountControl", [change(flags)])

    def set_expiry(self, name: str, unix: float | None) -> None:
        """The account expires at that time; None: never."""
        self._modify(name, "accountExpires", [NEVER if unix is None else filetime(unix)])

    def set_primary_group(self, name: str, group: str) -> None:
        """As AD wants it: first a member, then it may be the primary group (and is in `member` no more)."""
        rid = int.from_bytes(self._raw(group, "objectSid")[0][-4:], "little")
        if self.dn(name) not in self.members(group):
            self.add_to_group(name, group)
        self._modify(name, "primaryGroupID", [rid])

    # --- groups and units

    def create_ou(self, name: str, below: str = "") -> str:
        """`below` is relative to the base, as OU=Staff."""
        dn = ",".join(part for part in (f"OU={name}", below, settings.BASE_DN) if part)
        self._run("add", dn, "organizationalUnit", {})
        return dn

    def create_group(self, name: str, ou: str = "OU=Groups", members=()) -> str:
        dn = f"CN={name},{ou},{settings.BASE_DN}"
        self._run("add", dn, "group", {"sAMAccountName": name, "groupType": GLOBAL_SECURITY_GROUP})
        for member in members:
            self.add_to_group(member, dn)
        return dn

    def add_to_group(self, name: str, group: str) -> None:
        self._run("modify", self.dn(group), {"member": [(ldap3.MODIFY_ADD, [self.dn(name)])]})

    def remove_from_group(self, name: str, group: str) -> None:
        self._run("modify", self.dn(group), {"member": [(ldap3.MODIFY_DELETE, [self.dn(name)])]})

    def set_members(self, group: str, names) -> None:
        """Exactly these, in one modify."""
        self._modify(group, "member", [self.dn(name) for name in names])

    def members(self, group: str) -> list:
        """The DNs in `member`: direct ones, without those whose primary group this is."""
        return [value.decode() for value in self._raw(group, "member")]

    def people_of(self, group: str) -> set:
        """Logins of everyone in a group by any path, as the server itself works it out: an oracle for tests."""
        rid = int.from_bytes(self._raw(group, "objectSid")[0][-4:], "little")
        nested = [found["dn"] for found in self.search(
            f"(&(objectClass=group)(memberOf:{IN_CHAIN}:={escape_filter_chars(self.dn(group))}))", ["cn"])]
        rids = [rid] + [int.from_bytes(self._raw(dn, "objectSid")[0][-4:], "little") for dn in nested]
        primary = "".join(f"(primaryGroupID={number})" for number in rids)
        found = self.search(f"(&(objectClass=user)(|{primary}"
                            f"(memberOf:{IN_CHAIN}:={escape_filter_chars(self.dn(group))})))", ["sAMAccountName"])
        return {entry["raw"]["sAMAccountName"][0].decode() for entry in found}

    # --- any object

    def set_attribute(self, name: str, attribute: str, value) -> None:
        """A text, a list of texts, or None to take it away."""
        values = [] if value is None else value if isinstance(value, (list, tuple)) else [value]
        self._modify(name, attribute, list(values))

    def attribute(self, name: str, attribute: str) -> str | None:
        """Its first value as text, None when there is none or it cannot be read."""
        values = self._raw(name, attribute)
        return values[0].decode() if values else None

    def rename(self, name: str, new: str) -> str:
        """Changes cn and login; the new DN."""
        dn = self.dn(name)
        self._run("modify_dn", dn, f"CN={new}")
        renamed = f"CN={new},{_parent(dn)}"
        if self._raw(renamed, "sAMAccountName"):
            self._modify(renamed, "sAMAccountName", [new])
        return renamed

    def move(self, name: str, ou: str) -> str:
        """Into an OU given relative to the base, as OU=Leavers; the new DN."""
        dn = self.dn(name)
        leaf = dn[:len(dn) - len(_parent(dn)) - 1]
        self._run("modify_dn", dn, leaf, new_superior=f"{ou},{settings.BASE_DN}")
        return f"{leaf},{ou},{settings.BASE_DN}"

    def delete(self, name: str) -> None:
        self._run("delete", self.dn(name))

    def guid(self, name: str) -> str:
        return str(uuid.UUID(bytes_le=self._raw(name, "objectGUID")[0]))

    def dn(self, name: str) -> str:
        """The DN of a login or group name; a DN is itself."""
        if "=" in name:
            return name
        found = self.search(f"(|(sAMAccountName={escape_filter_chars(name)})"
                            f"(&(objectClass=group)(cn={escape_filter_chars(name)})))", ["cn"])
        if len(found) != 1:
            raise NotThere(f"{len(found)} objects are called {name}")
        return found[0]["dn"]

    def search(self, expression: str, attributes, base: str = settings.BASE_DN, deleted: bool = False,
               controls=()) -> list:
        """All that matches, with `dn` and the values as bytes under `raw`."""
        self._run("search", base, expression, attributes=list(attributes),
                  controls=[*controls, *([SHOW_DELETED] if deleted else [])] or None)
        return [{"dn": entry["dn"], "raw": dict(entry["raw_attributes"])}
                for entry in self._connection.response if entry["type"] == "searchResEntry"]

    def usn(self) -> int:
        """The DC's highestCommittedUSN."""
        self._run("search", "", "(objectClass=*)", search_scope=ldap3.BASE, attributes=["highestCommittedUSN"])
        return int(self._connection.response[0]["raw_attributes"]["highestCommittedUSN"][0])

    # --- what the service account may read

    def deny_read(self, name: str, attribute: str | None = None, login: str = settings.BIND_LOGIN):
        """Takes the right to read an attribute (`member`, `userAccountControl`, ...), or all of them, of one object
        from an account. Gives a function that puts everything back."""
        target = self._schema_guid(attribute) if attribute else None
        return self._deny(self.dn(name), login, access.READ_PROPERTY, target)

    def hide_children(self, ou: str, login: str = settings.BIND_LOGIN):
        """The account finds nothing below OU=Groups (relative to the base) any more: searches succeed, with fewer
        or no entries. Gives a function that puts everything back."""
        return self._deny(f"{ou},{settings.BASE_DN}", login, access.LIST_CHILDREN, None)

    def harden(self):
        """What many domains do: empties *Pre-Windows 2000 Compatible Access*, so that ordinary accounts no longer read
        userAccountControl, accountExpires, memberOf, employeeType or uSNChanged of people, and are not notified
        of their changes; connections made before keep what they had. Gives a function that puts it back."""
        group = f"CN=Pre-Windows 2000 Compatible Access,CN=Builtin,{settings.BASE_DN}"
        everyone_signed_in = f"CN=S-1-5-11,CN=ForeignSecurityPrincipals,{settings.BASE_DN}"
        self.remove_from_group(everyone_signed_in, group)
        return lambda: self.add_to_group(everyone_signed_in, group)

    def _deny(self, dn: str, login: str, mask: int, attribute: uuid.UUID | None):
        sid = self._raw(login, "objectSid")[0]
        self._run("search", dn, "(objectClass=*)", search_scope=ldap3.BASE, attributes=["nTSecurityDescriptor"],
                  controls=[ACCESS_LIST_ONLY])
        before = self._connection.response[0]["raw_attributes"]["nTSecurityDescriptor"][0]
        self._write_access(dn, access.deny(before, sid, mask, attribute))
        return lambda: self._write_access(dn, before)

    def _write_access(self, dn: str, descriptor: bytes) -> None:
        self._run("modify", dn, {"nTSecurityDescriptor": [(ldap3.MODIFY_REPLACE, [descriptor])]},
                  controls=[ACCESS_LIST_ONLY])

    def _schema_guid(self, attribute: str) -> uuid.UUID:
        [found] = self.search(f"(&(objectClass=attributeSchema)(lDAPDisplayName={attribute}))", ["schemaIDGUID"],
                              base=f"CN=Schema,CN=Configuration,{settings.BASE_DN}")
        return uuid.UUID(bytes_le=found["raw"]["schemaIDGUID"][0])

    # --- the server and the connection to it

    def stop(self) -> None:
        """Ends the domain controller."""
        self.close()
        samba_dc.stop()

    def start(self) -> None:
        samba_dc.start()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.unbind()
            self._connection = None

    def _raw(self, name: str, attribute: str) -> list:
        dn = self.dn(name)
        try:
            self._run("search", dn, "(objectClass=*)", search_scope=ldap3.BASE, attributes=[attribute])
        except LDAPNoSuchObjectResult:
            raise NotThere(dn) from None
        entries = [entry for entry in self._connection.response if entry["type"] == "searchResEntry"]
        if not entries:
            raise NotThere(dn)
        return entries[0]["raw_attributes"].get(attribute, [])

    def _modify(self, name: str, attribute: str, values: list) -> None:
        self._run("modify", self.dn(name), {attribute: [(ldap3.MODIFY_REPLACE, values)]})

    def _run(self, operation: str, *arguments, **options) -> None:
        """One LDAP operation; anything but success raises. A connection that the server ended is made anew once."""
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = self._connect()
            try:
                getattr(self._connection, operation)(*arguments, **options)
                return
            except (LDAPCommunicationError, LDAPSessionTerminatedByServerError):
                self._connection = None
                if attempt == 2:
                    raise

    def _connect(self) -> ldap3.Connection:
        # a new Server each time: one that was refused once refuses by itself for five minutes
        trust = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(settings.CA),
                          valid_names=[settings.DC_HOST])
        server = ldap3.Server(self._host, port=self._port, use_ssl=True, tls=trust, get_info=ldap3.NONE,
                              connect_timeout=10)
        return ldap3.Connection(server, self._bind_dn, self._password, auto_bind=True, raise_exceptions=True,
                                receive_timeout=60, auto_referrals=False, check_names=False)


def _parent(dn: str) -> str:
    return ",".join(f"{name}={value}" for name, value, _ in parse_dn(dn)[1:])
