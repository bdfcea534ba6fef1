-- From version 2 of the state to version 3: failures of a person's turns in a row, and why an
-- identify of our making was refused for good.
ALTER TABLE queue ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN refusal TEXT NOT NULL DEFAULT '';
