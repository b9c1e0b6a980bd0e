//! A large directory is read as a small one is: no look-up walks the text or a list.

use std::fmt::Write as _;

use cordon_directory::Snapshot;

const PROJECTS: usize = 1_000;
const USERS: usize = 5_000;
const OBJECTS: usize = 50_000;

/// Quadratic work in the number of objects would take minutes here.
#[test]
fn many_objects_are_read() {
    let mut text = String::from("object = [\n");
    for id in 0..OBJECTS {
        _ = writeln!(text, "    {{ kind = \"queue\", id = \"{id}\", project = \"p{}\" }},", id % PROJECTS);
    }
    text.push_str("]\n");
    for id in 0..PROJECTS {
        _ = writeln!(text, "[[project]]\nid = \"p{id}\"\nname = \"Project {id}\"\naliases = [\"{id}\"]");
        _ = writeln!(text, "[[field]]\nname = \"f{id}\"");
    }
    for id in 0..USERS {
        _ = writeln!(text, "[[user]]\nlogin = \"u{id}\"\nprojects = [\"p{}\"]", id % PROJECTS);
    }
    let snapshot = Snapshot::parse(&text).unwrap();
    assert_eq!(snapshot.objects().count(), OBJECTS);
    assert_eq!(snapshot.projects_of("queue", "49999").unwrap(), ["p999"]);
    let last = snapshot.advice().pop().unwrap();
    assert_eq!(text.lines().nth(last.line.unwrap() - 1), Some("name = \"f999\""));
    let user = snapshot.user_by_login("u4999").unwrap();
    assert_eq!(snapshot.scope(&user, None).unwrap().projects, ["p999"]);
}
