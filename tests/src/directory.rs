//! Writes directory files for tests.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// A `directory.toml` in the making.
#[derive(Clone, Debug)]
pub struct DirectoryText {
    text: String,
}

impl Default for DirectoryText {
    fn default() -> DirectoryText {
        DirectoryText { text: "security = \"enhanced\"\n".to_owned() }
    }
}

impl DirectoryText {
    /// Adds a project that the backend calls by these aliases.
    #[must_use]
    pub fn project(mut self, id: &str, aliases: &[&str]) -> DirectoryText {
        self.add(&format!(
            "[[project]]\nid = {id:?}\nname = {:?}\naliases = {aliases:?}\n",
            format!("Project {id}")
        ));
        self
    }

    /// Adds a role. Without sections it opens all of them.
    #[must_use]
    pub fn role(mut self, name: &str, rights: &[&str], sections: Option<&[&str]>) -> DirectoryText {
        let sections = sections.map_or("\"all\"".to_owned(), |sections| format!("{sections:?}"));
        self.add(&format!("[[role]]\nname = {name:?}\nrights = {rights:?}\nsections = {sections}\n"));
        self
    }

    /// Adds a user, whose token is [`token_of`] the login.
    #[must_use]
    pub fn user(mut self, login: &str, role: &str, projects: &[&str]) -> DirectoryText {
        let token = Sha256::digest(token_of(login));
        let token = token.iter().fold(String::new(), |mut text, byte| {
            _ = write!(text, "{byte:02x}");
            text
        });
        self.add(&format!(
            "[[user]]\nlogin = {login:?}\nroles = [{role:?}]\nprojects = {projects:?}\ntokens = [\"sha256:{token}\"]\n"
        ));
        self
    }

    /// Says what the backend's records call the user added last.
    #[must_use]
    pub fn called(mut self, aliases: &[&str]) -> DirectoryText {
        _ = writeln!(self.text, "aliases = {aliases:?}");
        self
    }

    /// Says what issuers call the user added last.
    #[must_use]
    pub fn known_as(mut self, subjects: &[&str]) -> DirectoryText {
        _ = writeln!(self.text, "subjects = {subjects:?}");
        self
    }

    /// Adds a kind of object of this deployment's own, which may be in several projects.
    #[must_use]
    pub fn object_kind(mut self, name: &str) -> DirectoryText {
        self.add(&format!("[[object_kind]]\nname = {name:?}\n"));
        self
    }

    /// Adds a contact field; without projects it is a system field or assigned to nobody.
    #[must_use]
    pub fn field(mut self, kind: &str, key: &str, projects: &[&str], flags: &[&str]) -> DirectoryText {
        let system = flags.contains(&"system");
        let hidden = flags.contains(&"hidden");
        let projects = if system { String::new() } else { format!("projects = {projects:?}\n") };
        self.add(&format!(
            "[[field]]\nkind = {kind:?}\nkey = {key:?}\nname = {key:?}\n{projects}system = {system}\nhidden = {hidden}\n"
        ));
        self
    }

    /// Adds an object, a queue or a script, with its projects.
    #[must_use]
    pub fn object(mut self, kind: &str, id: &str, projects: &[&str]) -> DirectoryText {
        self.add(&format!("[[object]]\nkind = {kind:?}\nid = {id:?}\nprojects = {projects:?}\n"));
        self
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn add(&mut self, table: &str) {
        self.text.push('\n');
        self.text.push_str(table);
    }
}

/// The API token of a test's user.
pub fn token_of(login: &str) -> String {
    format!("token-of-{login}")
}
