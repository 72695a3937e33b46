-- What stands in the trail stays as it is, whoever opens this file with which tool. SQLite's words; PostgreSQL has rules
-- for the same.
CREATE TRIGGER trail_refuses_update BEFORE UPDATE ON trail
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_refuses_delete BEFORE DELETE ON trail
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

-- REPLACE would delete without asking the trigger above.
CREATE TRIGGER trail_refuses_replace BEFORE INSERT ON trail
WHEN NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM trail)
BEGIN
    SELECT RAISE(ABORT, 'entries of the trail follow one another without a gap');
END;
