//! `[directory]`: where projects, people, fields and objects are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cordon_directory::DatabaseUrl;
use cordon_settings::{Problems, Table};

use super::values;

/// What `[directory]` says.
#[derive(Debug)]
pub(crate) struct DirectoryConfig {
    /// Where the directory is.
    pub place: DirectoryPlace,
    /// How old the last confirmation of what is in force may be before nothing is served any more.
    pub max_age: Duration,
}

/// Where a directory is.
#[derive(Debug)]
pub(crate) enum DirectoryPlace {
    /// In a file that people write.
    File(PathBuf),
    /// In a database that commands and the admin API change.
    Database(DatabaseUrl),
}

/// Usual for `max_age`.
const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) fn read(
    table: &mut Table<'_, '_>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<DirectoryConfig> {
    let file = values::optional_path(table, "file", folder, problems);
    let database = table.text("database", problems);
    let password = values::file(table, "database_password_file", folder, problems);
    let max_age = values::duration(table, "max_age", HOUR, problems);
    let has_password = password.is_some();
    let password = password.and_then(|file| file.line(problems));
    let place = match (file, database) {
        (Some(file), None) => {
            if has_password {
                problems
                    .at(table.span(), "`database_password_file` stands beside `file`")
                    .help("take it out: only a `database` has a password");
            }
            DirectoryPlace::File(file)
        }
        (None, Some(text)) => {
            if holds_password(&text.value) {
                problems.hide(&text.span);
                problems
                    .at(text.span, "`database` has a password in it")
                    .help("write it into a file, and name that by `database_password_file`");
                return None;
            }
            match DatabaseUrl::parse(&text.value, folder) {
                Ok(url) => DirectoryPlace::Database(match password {
                    Some(password) => url.with_password(&password),
                    None => url,
                }),
                Err(error) => {
                    problems.hide_if_secret(&text.span);
                    problems.at(text.span, format!("`database`: {error}"));
                    return None;
                }
            }
        }
        _ => {
            problems
                .at(table.span(), "`directory` needs one of `file` and `database`")
                .help("write file = \"directory.toml\", or database = \"sqlite:cordon.db\"");
            return None;
        }
    };
    Some(DirectoryConfig { place, max_age })
}

/// Whether the URL of a database has a password in it, as `user:password@` or as a parameter.
fn holds_password(url: &str) -> bool {
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':')) || (!url.starts_with("sqlite:") && url.contains("password="))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn parse(directory: &str) -> Result<DirectoryConfig, String> {
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:1\"\n[backend]\nurl = \"http://127.0.0.1:9\"\n[policy]\nrules = \"r\"\n\
             [directory]\n{directory}\n"
        );
        let config = Config::parse(&text, Path::new("/etc/cordon"));
        config
            .map(|config| config.directory)
            .map_err(|problems| crate::problems::render("cordon.toml", &text, &problems, false))
    }

    #[test]
    fn one_place_is_named() {
        let database = parse("database = \"sqlite:cordon.db\"").expect("it is right");
        assert!(
            matches!(database.place, DirectoryPlace::Database(url) if url.file() == Some(Path::new("/etc/cordon/cordon.db")))
        );
        assert_eq!(database.max_age, HOUR);
        let file = parse("file = \"d.toml\"\nmax_age = \"5m\"").expect("it is right");
        assert!(matches!(file.place, DirectoryPlace::File(path) if path == Path::new("/etc/cordon/d.toml")));
        assert_eq!(file.max_age, Duration::from_secs(300));
        for wrong in ["", "file = \"a\"\ndatabase = \"sqlite:b\""] {
            assert!(
                parse(wrong).is_err_and(|shown| shown.contains("one of `file` and `database`")),
                "{wrong}"
            );
        }
        assert!(parse("database = \"mysql://h/d\"").is_err_and(|shown| shown.contains("sqlite:")));
    }

    #[test]
    fn a_password_stands_in_a_file_of_its_own_and_is_never_shown() {
        for wrong in [
            "database = \"postgres://u:hunter2@h/d\"",
            "database = \"postgres://h/d?password=hunter2\"",
            "database = \"mysql://u:hunter2@h/d\"",
        ] {
            let shown = parse(wrong).err().unwrap_or_default();
            assert!(shown.contains("password") && !shown.contains("hunter2"), "{wrong}\n{shown}");
        }
        assert!(!holds_password("postgres://user@[::1]:5432/d") && !holds_password("sqlite:a:b@c"));
    }
}
