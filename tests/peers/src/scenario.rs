//! Who calls, and what the directory and the rules say: written for as many projects, fields, objects and callers as a
//! row asks for.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::oracle::{FIELDS, HIDDEN, PROJECT};

/// How large a directory is. There are always the four projects and seven fields of the call logs beside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent {
    /// Further projects.
    pub projects: u32,
    /// Further fields, a project's each.
    pub fields: u32,
    /// Queues, a project's each.
    pub objects: u32,
    /// Further callers, all of them in the project whose entries are kept.
    pub callers: u32,
    /// Different sets of projects that these callers are in.
    pub scopes: u32,
}

/// The caller of most rows.
pub const CALLER: &str = "anna";
/// Routes to call logs, beside `/calls` itself.
pub const ROUTES: u32 = 8;

/// The rules: those of the template with a route for each way to the logs.
pub fn rules() -> String {
    let mut text = include_str!("../templates/rules.toml").to_owned();
    for folder in filtered_folders() {
        let _ = write!(
            text,
            "\n[[route]]\nname = \"{folder}\"\npath = \"/{folder}/{{log}}\"\nsection = \"calls\"\n\
             records = [{{ path = \"$.data[*]\", kind = \"call\" }}]\nkeep = [\"$.meta.page\"]\ntotal = [\"$.meta.total\"]\n"
        );
    }
    text
}

/// Folders whose logs are filtered.
pub fn filtered_folders() -> impl Iterator<Item = String> {
    std::iter::once("calls".to_owned()).chain((1..=ROUTES).map(|number| format!("calls-{number}")))
}

/// The directory as a file.
pub fn directory(extent: Extent) -> String {
    let mut text = "security = \"enhanced\"\n".to_owned();
    for project in [PROJECT, "globex", "initech", "umbrella"] {
        let _ = write!(text, "\n[[project]]\nid = \"{project}\"\nname = \"{project}\"\n");
    }
    for number in 0..extent.projects.max(extent.scopes) {
        let _ = write!(text, "\n[[project]]\nid = \"project-{number}\"\nname = \"Project {number}\"\n");
    }
    text.push_str("\n[[role]]\nname = \"Operator\"\nsections = [\"calls\"]\n");
    for (key, project) in FIELDS.iter().map(|key| (*key, PROJECT)).chain([
        (HIDDEN, PROJECT),
        ("globex_policy", "globex"),
        ("globex_claim", "globex"),
        ("initech_badge", "initech"),
    ]) {
        let hidden = if key == HIDDEN { "hidden = true\n" } else { "" };
        let _ = write!(
            text,
            "\n[[field]]\nname = \"{key}\"\nkey = \"{key}\"\nprojects = [\"{project}\"]\n{hidden}"
        );
    }
    for number in 0..extent.fields {
        let project = some_project(extent, number);
        let _ = write!(
            text,
            "\n[[field]]\nname = \"Field {number}\"\nkey = \"field_{number}\"\nprojects = [\"{project}\"]\n"
        );
    }
    for number in 0..extent.objects {
        let project = some_project(extent, number);
        let _ = write!(text, "\n[[object]]\nkind = \"queue\"\nid = \"{number}\"\nproject = \"{project}\"\n");
    }
    user(&mut text, CALLER, &[PROJECT.to_owned()]);
    for number in 0..extent.callers {
        let mut projects = vec![PROJECT.to_owned()];
        if extent.scopes > 1 {
            projects.push(format!("project-{}", number % extent.scopes));
        }
        user(&mut text, &caller(number), &projects);
    }
    text
}

/// The directory after a change by which everybody's plan may be another: one more field in the callers' project.
pub fn with_one_more_field(directory: &str) -> String {
    format!("{directory}\n[[field]]\nname = \"One more\"\nkey = \"one_more\"\nprojects = [\"{PROJECT}\"]\n")
}

/// The directory after a change that shows in each answer: a field is another project's.
pub fn without_comments(directory: &str) -> String {
    let field = |project: &str| format!("key = \"comment\"\nprojects = [\"{project}\"]\n");
    directory.replace(&field(PROJECT), &field("globex"))
}

/// The rules after a change that shows in each answer.
pub fn without_tags(rules: &str) -> String {
    rules.replace("    \"$.tags\",\n", "").replace("version = \"1\"", "version = \"2\"")
}

/// The login of one of the further callers.
pub fn caller(number: u32) -> String {
    format!("caller-{number}")
}

/// The token of a user of the directory.
pub fn token(login: &str) -> String {
    format!("token-of-{login}")
}

fn user(text: &mut String, login: &str, projects: &[String]) {
    let _ = write!(
        text,
        "\n[[user]]\nlogin = \"{login}\"\nprojects = {projects:?}\nroles = [\"Operator\"]\ntokens = [\"sha256:"
    );
    for byte in Sha256::digest(token(login)) {
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str("\"]\n");
}

/// A project for a field or an object: of the further ones if there are any, and the caller's for each tenth.
fn some_project(extent: Extent, number: u32) -> String {
    if number.is_multiple_of(10) || extent.projects == 0 {
        PROJECT.to_owned()
    } else {
        format!("project-{}", number % extent.projects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_change_something() {
        let extent = Extent { projects: 2, fields: 3, objects: 3, callers: 4, scopes: 2 };
        let (directory, rules) = (directory(extent), rules());
        for word in ["project-1", "field_2", "caller-3", "kind = \"queue\"", "\"acme\", \"project-1\""] {
            assert!(directory.contains(word), "{word} in {directory}");
        }
        assert_ne!(without_comments(&directory), directory);
        assert_eq!(without_comments(&directory).len(), directory.len() + 2);
        assert!(with_one_more_field(&directory).starts_with(&directory));
        assert!(without_tags(&rules).len() < rules.len() && !without_tags(&rules).contains("$.tags"));
        assert!(rules.contains("path = \"/calls-8/{log}\""), "{rules}");
    }
}
