-- Answers of changes that a caller may repeat without their being made twice. No answer holds a secret.

CREATE TABLE once_keys (
    actor TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL CHECK (length(fingerprint) = 64),
    number BIGINT NOT NULL REFERENCES changes (number),
    at BIGINT NOT NULL,
    answer TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX once_keys_by_age ON once_keys (at);
