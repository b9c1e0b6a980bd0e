-- Answers of changes that a caller may repeat without their being made twice. No answer holds a secret.

CREATE TABLE once_keys (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64),
    number INTEGER NOT NULL REFERENCES changes (number),
    at INTEGER NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX once_keys_by_age ON once_keys (at);
