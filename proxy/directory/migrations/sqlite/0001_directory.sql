-- Everything a directory holds, and the log of how it came to be so.
--
-- The program checks each change before it writes it. What is here refuses an impossible state also to somebody who
-- writes past the program: a queue in two projects (D6), a system field given to one (D16), a name that is taken, a
-- reference to what is not there. Texts are compared byte by byte. Flags are 0 or 1. `folded` is a name as it is
-- compared, without regard to case and the form of its characters.

CREATE TABLE directory (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    salt BLOB NOT NULL CHECK (length(salt) = 16)
) STRICT;

-- Locked by every change, so that changes come one after the other. Number 0 stands for the directory before its
-- first change.
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL CHECK (number >= 0),
    at INTEGER NOT NULL,
    hash TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;

CREATE TABLE projects (
    id TEXT PRIMARY KEY CHECK (id <> ''),
    name TEXT NOT NULL CHECK (name <> ''),
    folded TEXT NOT NULL UNIQUE,
    description TEXT,
    archived INTEGER NOT NULL CHECK (archived IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE project_aliases (
    alias TEXT PRIMARY KEY CHECK (alias <> ''),
    project TEXT NOT NULL REFERENCES projects (id),
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX project_aliases_by_project ON project_aliases (project);

CREATE TABLE settings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    security TEXT NOT NULL CHECK (security IN ('simplified', 'enhanced')),
    default_project TEXT REFERENCES projects (id)
) STRICT;
INSERT INTO settings (one, security, default_project) VALUES (1, 'simplified', NULL);

-- The built-in role has every right and every section, whatever stands here (D11).
CREATE TABLE roles (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    folded TEXT NOT NULL UNIQUE,
    all_sections INTEGER NOT NULL CHECK (all_sections IN (0, 1)),
    UNIQUE (name, all_sections)
) STRICT, WITHOUT ROWID;
INSERT INTO roles (name, folded, all_sections) VALUES ('Admin', 'admin', 1);

CREATE TABLE role_rights (
    role TEXT NOT NULL REFERENCES roles (name) CHECK (role <> 'Admin'),
    name TEXT NOT NULL CHECK (name IN ('see-everything', 'list-projects', 'manage-access', 'manage-projects',
        'see-masked-fields', 'manage-fields', 'see-fields')),
    PRIMARY KEY (role, name)
) STRICT, WITHOUT ROWID;

-- A role that opens all sections names none.
CREATE TABLE role_sections (
    role TEXT NOT NULL,
    section TEXT NOT NULL CHECK (section <> ''),
    all_sections INTEGER NOT NULL CHECK (all_sections = 0),
    PRIMARY KEY (role, section),
    FOREIGN KEY (role, all_sections) REFERENCES roles (name, all_sections)
) STRICT, WITHOUT ROWID;

CREATE TABLE groups (
    id TEXT PRIMARY KEY CHECK (id <> ''),
    name TEXT NOT NULL CHECK (name <> ''),
    folded TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE group_aliases (
    alias TEXT PRIMARY KEY CHECK (alias <> ''),
    group_id TEXT NOT NULL REFERENCES groups (id),
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX group_aliases_by_group ON group_aliases (group_id);

CREATE TABLE group_projects (
    group_id TEXT NOT NULL REFERENCES groups (id),
    project TEXT NOT NULL REFERENCES projects (id),
    PRIMARY KEY (group_id, project)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_projects_by_project ON group_projects (project);

CREATE TABLE users (
    login TEXT PRIMARY KEY CHECK (login <> ''),
    folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (name <> '')
) STRICT, WITHOUT ROWID;

CREATE TABLE user_aliases (
    alias TEXT PRIMARY KEY CHECK (alias <> ''),
    login TEXT NOT NULL REFERENCES users (login),
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_aliases_by_user ON user_aliases (login);

CREATE TABLE user_groups (
    login TEXT NOT NULL REFERENCES users (login),
    group_id TEXT NOT NULL REFERENCES groups (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (login, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_groups_by_group ON user_groups (group_id);

CREATE TABLE user_roles (
    login TEXT NOT NULL REFERENCES users (login),
    role TEXT NOT NULL REFERENCES roles (name),
    position INTEGER NOT NULL,
    PRIMARY KEY (login, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_roles_by_role ON user_roles (role);

CREATE TABLE user_projects (
    login TEXT NOT NULL REFERENCES users (login),
    project TEXT NOT NULL REFERENCES projects (id),
    PRIMARY KEY (login, project)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_projects_by_project ON user_projects (project);

-- Values of the claim by which a JWT names a user: one user each.
CREATE TABLE user_subjects (
    subject TEXT PRIMARY KEY CHECK (subject <> ''),
    login TEXT NOT NULL REFERENCES users (login),
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_subjects_by_user ON user_subjects (login);

-- Salted hashes, never tokens.
CREATE TABLE tokens (
    hash TEXT PRIMARY KEY CHECK (length(hash) = 64),
    login TEXT NOT NULL REFERENCES users (login),
    label TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_user ON tokens (login);

CREATE TABLE fields (
    kind TEXT NOT NULL CHECK (kind <> ''),
    key TEXT NOT NULL CHECK (key <> ''),
    name TEXT NOT NULL CHECK (name <> ''),
    folded TEXT NOT NULL,
    system INTEGER NOT NULL CHECK (system IN (0, 1)),
    hidden INTEGER NOT NULL CHECK (hidden IN (0, 1)),
    unique_values INTEGER NOT NULL CHECK (unique_values IN (0, 1)),
    PRIMARY KEY (kind, key),
    UNIQUE (kind, folded),
    UNIQUE (kind, key, system)
) STRICT, WITHOUT ROWID;

-- A system field is in every project, and so given to none (D16).
CREATE TABLE field_projects (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    project TEXT NOT NULL REFERENCES projects (id),
    system INTEGER NOT NULL CHECK (system = 0),
    PRIMARY KEY (kind, key, project),
    FOREIGN KEY (kind, key, system) REFERENCES fields (kind, key, system)
) STRICT, WITHOUT ROWID;
CREATE INDEX field_projects_by_project ON field_projects (project);

-- Kinds that every deployment has (D4), and the deployment's own.
CREATE TABLE object_kinds (
    name TEXT PRIMARY KEY CHECK (name NOT IN ('', 'project', 'user', 'group', 'field')),
    single_project INTEGER NOT NULL CHECK (single_project IN (0, 1)),
    UNIQUE (name, single_project)
) STRICT, WITHOUT ROWID;
INSERT INTO object_kinds (name, single_project) VALUES
    ('queue', 1), ('schedule', 0), ('sip-provider', 0), ('script', 1), ('autodialer', 1), ('list', 0),
    ('notification-template', 0), ('form', 1), ('phone', 0);

CREATE TABLE objects (
    kind TEXT NOT NULL REFERENCES object_kinds (name),
    id TEXT NOT NULL CHECK (id <> ''),
    name TEXT,
    gone INTEGER NOT NULL CHECK (gone IN (0, 1)),
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Whether the kind is in one project at the most stands here too, so that the index can refuse the second one (D6).
CREATE TABLE object_projects (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    project TEXT NOT NULL REFERENCES projects (id),
    single_project INTEGER NOT NULL,
    PRIMARY KEY (kind, id, project),
    FOREIGN KEY (kind, id) REFERENCES objects (kind, id),
    FOREIGN KEY (kind, single_project) REFERENCES object_kinds (name, single_project)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX object_in_one_project ON object_projects (kind, id) WHERE single_project = 1;
CREATE INDEX object_projects_by_project ON object_projects (project);

-- The log: one row for each change, numbered from 1 without a gap, each with the hash of the one before.
CREATE TABLE changes (
    number INTEGER PRIMARY KEY CHECK (number >= 1),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    previous TEXT NOT NULL CHECK (length(previous) = 64),
    hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX changes_by_actor ON changes (actor, number);

-- What a change did to one record: what it was and what it is, as JSON; NULL where there was none.
CREATE TABLE change_records (
    number INTEGER NOT NULL REFERENCES changes (number),
    position INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('settings', 'project', 'role', 'group', 'user', 'token', 'field',
        'object-kind', 'object')),
    kind_of TEXT NOT NULL,
    id TEXT NOT NULL,
    before TEXT,
    after TEXT,
    PRIMARY KEY (number, position),
    UNIQUE (kind, kind_of, id, number),
    CHECK (before IS NOT NULL OR after IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- The projects that a change touched, also those that are gone.
CREATE TABLE change_projects (
    project TEXT NOT NULL,
    number INTEGER NOT NULL REFERENCES changes (number),
    PRIMARY KEY (project, number)
) STRICT, WITHOUT ROWID;
