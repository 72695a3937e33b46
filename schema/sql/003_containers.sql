-- Organisational units and containers: `under` in a policy is pinned to one by GUID and follows it when it is renamed.

CREATE TABLE directory_container (
    guid    BLOB PRIMARY KEY,
    dn      TEXT NOT NULL,
    deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    present INTEGER NOT NULL CHECK (present IN (0, 1)),
    usn     INTEGER NOT NULL
) STRICT;
