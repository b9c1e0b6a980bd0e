//! Impossible states are refused by the database too, not only by the program.

use cordon_directory::Record;
use cordon_directory::model::{Field, Role, Sections};

use crate::on_both;
use crate::place::{Place, change, object, project, user};

on_both!(an_impossible_row_is_refused);

/// Statements that somebody with `psql` or `sqlite3` might try, and the rule that each is against.
const IMPOSSIBLE: &[(&str, &str)] = &[
    (
        "D6",
        "INSERT INTO object_projects (kind, id, project, single_project) VALUES ('queue', '7', 'globex', 1)",
    ),
    (
        "D6",
        "INSERT INTO object_projects (kind, id, project, single_project) VALUES ('queue', '7', 'globex', 0)",
    ),
    ("D6", "UPDATE object_kinds SET single_project = 0 WHERE name = 'queue'"),
    ("D6", "UPDATE object_kinds SET single_project = 1 WHERE name = 'list'"),
    ("D6", "UPDATE object_projects SET single_project = 0 WHERE kind = 'queue'"),
    ("D16", "INSERT INTO field_projects (kind, key, project, system) VALUES ('contact', 'Phone', 'acme', 0)"),
    ("D16", "INSERT INTO field_projects (kind, key, project, system) VALUES ('contact', 'Phone', 'acme', 1)"),
    ("D16", "UPDATE fields SET system = 1 WHERE key = 'Loan'"),
    ("taken", "UPDATE projects SET folded = 'project acme' WHERE id = 'globex'"),
    ("taken", "INSERT INTO users (login, folded, name) VALUES ('ANNA', 'anna', 'Another')"),
    (
        "taken",
        "INSERT INTO user_subjects (subject, login, position) VALUES ('s', 'anna', 0), ('s', 'olga', 0)",
    ),
    ("unknown", "INSERT INTO user_projects (login, project) VALUES ('olga', 'nowhere')"),
    ("unknown", "INSERT INTO user_roles (login, role, position) VALUES ('olga', 'Nobody', 0)"),
    ("unknown", "INSERT INTO objects (kind, id, gone) VALUES ('nothing', '1', 0)"),
    ("unknown", "UPDATE settings SET default_project = 'nowhere'"),
    ("in use", "DELETE FROM projects WHERE id = 'acme'"),
    ("in use", "DELETE FROM users WHERE login = 'anna'"),
    ("no such value", "UPDATE settings SET security = 'none'"),
    ("no such value", "UPDATE projects SET archived = 2"),
    ("no such value", "INSERT INTO role_rights (role, name) VALUES ('Clerk', 'see-nothing')"),
    ("no such value", "INSERT INTO objects (kind, id, gone) VALUES ('list', '', 0)"),
    ("built in", "INSERT INTO role_rights (role, name) VALUES ('Admin', 'see-fields')"),
    ("all or named", "INSERT INTO role_sections (role, section, all_sections) VALUES ('Clerk', 'calls', 0)"),
    ("one only", "INSERT INTO settings (one, security) VALUES (2, 'enhanced')"),
    ("one only", "INSERT INTO head (one, number, at, hash) SELECT 2, number, at, hash FROM head"),
    (
        "log",
        "INSERT INTO change_records (number, position, kind, kind_of, id) VALUES (1, 99, 'user', '', 'x')",
    ),
    ("log", "DELETE FROM changes WHERE number = 1"),
    ("salt", "UPDATE directory SET salt = NULL"),
];

async fn an_impossible_row_is_refused(place: Place) {
    let store = place.found().await;
    change(&store, |draft| {
        ["acme", "globex"].iter().for_each(|id| draft.create(project(id)));
        draft.create(user("olga"));
        draft.create(object("queue", "7", &["acme"]));
        draft.create(object("list", "1", &["acme", "globex"]));
        draft.create(Record::Role(Role { name: "Clerk".into(), sections: Sections::All, ..Role::admin() }));
        draft.create(Record::Field(Field { system: true, ..Field::new("Phone") }));
        let projects = ["acme"].into_iter().collect();
        draft.create(Record::Field(Field { projects, ..Field::new("Loan") }));
    })
    .await
    .unwrap();
    let pool = place.past().await;
    for (rule, statement) in IMPOSSIBLE {
        let done = sqlx::query(*statement).execute(&pool).await;
        match done {
            Err(sqlx::Error::Database(error)) => assert!(
                error.is_unique_violation()
                    || error.is_foreign_key_violation()
                    || error.is_check_violation()
                    || error.message().contains("null")
                    || error.message().contains("NULL"),
                "{rule}: {statement}: {error}"
            ),
            other => panic!("{rule}: {statement}: {other:?}"),
        }
    }
    store.verify(None).await.unwrap();
}
