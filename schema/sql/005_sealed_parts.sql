-- What of an entry leads to a person lies encrypted under that person's key (schema/sealed_part.h), so that who is erased
-- is gone when the key is. Before, it lay open in trail_personal: daemon/store/part_rows.cc moves it.
CREATE TABLE trail_part (
    number     INTEGER NOT NULL,
    party      INTEGER NOT NULL CHECK (party BETWEEN 0 AND 1),  -- subject, caller
    person_key INTEGER NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (number, party)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER trail_part_refuses_update BEFORE UPDATE ON trail_part
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_part_refuses_delete BEFORE DELETE ON trail_part
WHEN EXISTS (SELECT 1 FROM person_key WHERE id = OLD.person_key AND erased IS NULL)
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_part_refuses_replace BEFORE INSERT ON trail_part
WHEN EXISTS (SELECT 1 FROM trail_part WHERE number = NEW.number AND party = NEW.party)
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

-- The file holds open parts in many places until it was written anew.
INSERT OR REPLACE INTO meta (key, value)
SELECT 'erased_remains', 'file' WHERE EXISTS (SELECT 1 FROM trail_personal);

-- Who has left, for those whose time is over.
CREATE INDEX trail_departed ON trail (kind, action, subject, time)
WHERE kind = 'directory' AND action = 'departed';
