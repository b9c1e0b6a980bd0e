-- Everything a directory holds, and the log of how it came to be so.
--
-- The program checks each change before it writes it. What is here refuses an impossible state also to somebody who
-- writes past the program: a queue in two projects (D6), a system field given to one (D16), a name that is taken, a
-- reference to what is not there. Texts are compared byte by byte. Flags are 0 or 1. `folded` is a name as it is
-- compared, without regard to case and the form of its characters.

CREATE TABLE directory (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    salt BYTEA NOT NULL CHECK (length(salt) = 16)
);

-- Locked by every change, so that changes come one after the other. Number 0 stands for the directory before its
-- first change.
CREATE TABLE head (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL CHECK (number >= 0),
    at BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64)
);

CREATE TABLE projects (
    id TEXT COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    name TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    folded TEXT COLLATE "C" NOT NULL UNIQUE,
    description TEXT COLLATE "C",
    archived BIGINT NOT NULL CHECK (archived IN (0, 1))
);

CREATE TABLE project_aliases (
    alias TEXT COLLATE "C" PRIMARY KEY CHECK (alias <> ''),
    project TEXT COLLATE "C" NOT NULL REFERENCES projects (id),
    position BIGINT NOT NULL
);
CREATE INDEX project_aliases_by_project ON project_aliases (project);

CREATE TABLE settings (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    security TEXT COLLATE "C" NOT NULL CHECK (security IN ('simplified', 'enhanced')),
    default_project TEXT COLLATE "C" REFERENCES projects (id)
);
INSERT INTO settings (one, security, default_project) VALUES (1, 'simplified', NULL);

-- The built-in role has every right and every section, whatever stands here (D11).
CREATE TABLE roles (
    name TEXT COLLATE "C" PRIMARY KEY CHECK (name <> ''),
    folded TEXT COLLATE "C" NOT NULL UNIQUE,
    all_sections BIGINT NOT NULL CHECK (all_sections IN (0, 1)),
    UNIQUE (name, all_sections)
);
INSERT INTO roles (name, folded, all_sections) VALUES ('Admin', 'admin', 1);

CREATE TABLE role_rights (
    role TEXT COLLATE "C" NOT NULL REFERENCES roles (name) CHECK (role <> 'Admin'),
    name TEXT COLLATE "C" NOT NULL CHECK (name IN ('see-everything', 'list-projects', 'manage-access', 'manage-projects',
        'see-masked-fields', 'manage-fields', 'see-fields')),
    PRIMARY KEY (role, name)
);

-- A role that opens all sections names none.
CREATE TABLE role_sections (
    role TEXT COLLATE "C" NOT NULL,
    section TEXT COLLATE "C" NOT NULL CHECK (section <> ''),
    all_sections BIGINT NOT NULL CHECK (all_sections = 0),
    PRIMARY KEY (role, section),
    FOREIGN KEY (role, all_sections) REFERENCES roles (name, all_sections)
);

CREATE TABLE groups (
    id TEXT COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    name TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    folded TEXT COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE group_aliases (
    alias TEXT COLLATE "C" PRIMARY KEY CHECK (alias <> ''),
    group_id TEXT COLLATE "C" NOT NULL REFERENCES groups (id),
    position BIGINT NOT NULL
);
CREATE INDEX group_aliases_by_group ON group_aliases (group_id);

CREATE TABLE group_projects (
    group_id TEXT COLLATE "C" NOT NULL REFERENCES groups (id),
    project TEXT COLLATE "C" NOT NULL REFERENCES projects (id),
    PRIMARY KEY (group_id, project)
);
CREATE INDEX group_projects_by_project ON group_projects (project);

CREATE TABLE users (
    login TEXT COLLATE "C" PRIMARY KEY CHECK (login <> ''),
    folded TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL CHECK (name <> '')
);

CREATE TABLE user_aliases (
    alias TEXT COLLATE "C" PRIMARY KEY CHECK (alias <> ''),
    login TEXT COLLATE "C" NOT NULL REFERENCES users (login),
    position BIGINT NOT NULL
);
CREATE INDEX user_aliases_by_user ON user_aliases (login);

CREATE TABLE user_groups (
    login TEXT COLLATE "C" NOT NULL REFERENCES users (login),
    group_id TEXT COLLATE "C" NOT NULL REFERENCES groups (id),
    position BIGINT NOT NULL,
    PRIMARY KEY (login, group_id)
);
CREATE INDEX user_groups_by_group ON user_groups (group_id);

CREATE TABLE user_roles (
    login TEXT COLLATE "C" NOT NULL REFERENCES users (login),
    role TEXT COLLATE "C" NOT NULL REFERENCES roles (name),
    position BIGINT NOT NULL,
    PRIMARY KEY (login, role)
);
CREATE INDEX user_roles_by_role ON user_roles (role);

CREATE TABLE user_projects (
    login TEXT COLLATE "C" NOT NULL REFERENCES users (login),
    project TEXT COLLATE "C" NOT NULL REFERENCES projects (id),
    PRIMARY KEY (login, project)
);
CREATE INDEX user_projects_by_project ON user_projects (project);

-- Values of the claim by which a JWT names a user: one user each.
CREATE TABLE user_subjects (
    subject TEXT COLLATE "C" PRIMARY KEY CHECK (subject <> ''),
    login TEXT COLLATE "C" NOT NULL REFERENCES users (login),
    position BIGINT NOT NULL
);
CREATE INDEX user_subjects_by_user ON user_subjects (login);

-- Salted hashes, never tokens.
CREATE TABLE tokens (
    hash TEXT COLLATE "C" PRIMARY KEY CHECK (length(hash) = 64),
    login TEXT COLLATE "C" NOT NULL REFERENCES users (login),
    label TEXT COLLATE "C"
);
CREATE INDEX tokens_by_user ON tokens (login);

CREATE TABLE fields (
    kind TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
    key TEXT COLLATE "C" NOT NULL CHECK (key <> ''),
    name TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    folded TEXT COLLATE "C" NOT NULL,
    system BIGINT NOT NULL CHECK (system IN (0, 1)),
    hidden BIGINT NOT NULL CHECK (hidden IN (0, 1)),
    unique_values BIGINT NOT NULL CHECK (unique_values IN (0, 1)),
    PRIMARY KEY (kind, key),
    UNIQUE (kind, folded),
    UNIQUE (kind, key, system)
);

-- A system field is in every project, and so given to none (D16).
CREATE TABLE field_projects (
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    project TEXT COLLATE "C" NOT NULL REFERENCES projects (id),
    system BIGINT NOT NULL CHECK (system = 0),
    PRIMARY KEY (kind, key, project),
    FOREIGN KEY (kind, key, system) REFERENCES fields (kind, key, system)
);
CREATE INDEX field_projects_by_project ON field_projects (project);

-- Kinds that every deployment has (D4), and the deployment's own.
CREATE TABLE object_kinds (
    name TEXT COLLATE "C" PRIMARY KEY CHECK (name NOT IN ('', 'project', 'user', 'group', 'field')),
    single_project BIGINT NOT NULL CHECK (single_project IN (0, 1)),
    UNIQUE (name, single_project)
);
INSERT INTO object_kinds (name, single_project) VALUES
    ('queue', 1), ('schedule', 0), ('sip-provider', 0), ('script', 1), ('autodialer', 1), ('list', 0),
    ('notification-template', 0), ('form', 1), ('phone', 0);

CREATE TABLE objects (
    kind TEXT COLLATE "C" NOT NULL REFERENCES object_kinds (name),
    id TEXT COLLATE "C" NOT NULL CHECK (id <> ''),
    name TEXT COLLATE "C",
    gone BIGINT NOT NULL CHECK (gone IN (0, 1)),
    PRIMARY KEY (kind, id)
);

-- Whether the kind is in one project at the most stands here too, so that the index can refuse the second one (D6).
CREATE TABLE object_projects (
    kind TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    project TEXT COLLATE "C" NOT NULL REFERENCES projects (id),
    single_project BIGINT NOT NULL,
    PRIMARY KEY (kind, id, project),
    FOREIGN KEY (kind, id) REFERENCES objects (kind, id),
    FOREIGN KEY (kind, single_project) REFERENCES object_kinds (name, single_project)
);
CREATE UNIQUE INDEX object_in_one_project ON object_projects (kind, id) WHERE single_project = 1;
CREATE INDEX object_projects_by_project ON object_projects (project);

-- The log: one row for each change, numbered from 1 without a gap, each with the hash of the one before.
CREATE TABLE changes (
    number BIGINT PRIMARY KEY CHECK (number >= 1),
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    previous TEXT COLLATE "C" NOT NULL CHECK (length(previous) = 64),
    hash TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(hash) = 64)
);
CREATE INDEX changes_by_actor ON changes (actor, number);

-- What a change did to one record: what it was and what it is, as JSON; NULL where there was none.
CREATE TABLE change_records (
    number BIGINT NOT NULL REFERENCES changes (number),
    position BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('settings', 'project', 'role', 'group', 'user', 'token', 'field',
        'object-kind', 'object')),
    kind_of TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    before TEXT COLLATE "C",
    after TEXT COLLATE "C",
    PRIMARY KEY (number, position),
    UNIQUE (kind, kind_of, id, number),
    CHECK (before IS NOT NULL OR after IS NOT NULL)
);

-- The projects that a change touched, also those that are gone.
CREATE TABLE change_projects (
    project TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL REFERENCES changes (number),
    PRIMARY KEY (project, number)
);
