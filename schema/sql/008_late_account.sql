-- Whose account appeared after they had departed: no guard counts what is done about it.
ALTER TABLE departing ADD COLUMN late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1));
