//! Reads the tables of a file: typed values with their places, and a complaint for whatever else is there.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Problems, nearest};

/// A text and where it stands.
#[derive(Clone, Debug)]
pub struct Text {
    /// The text.
    pub value: String,
    /// Where it stands, in bytes from the beginning of the file.
    pub span: Range<usize>,
}

/// One table of the file while it is read. Each key is asked for once; `finish` complains about the rest.
pub struct Table<'doc, 'text> {
    /// What the table describes, for messages: `project`, `user`…
    what: &'static str,
    /// Written as one of an array of tables.
    listed: bool,
    table: &'doc DeTable<'text>,
    span: Range<usize>,
    known: Vec<&'static str>,
}

impl<'doc, 'text> Table<'doc, 'text> {
    /// The whole document, called `what` in messages.
    pub fn document(what: &'static str, table: &'doc Spanned<DeTable<'text>>) -> Table<'doc, 'text> {
        Table { what, listed: false, table: table.get_ref(), span: 0..0, known: Vec::new() }
    }

    /// Where the table stands: its header, or the inline table.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The tables of an array of tables, written `[[what]]` or `what = [{…}, …]`.
    pub fn tables(&mut self, what: &'static str, problems: &mut Problems<'_>) -> Vec<Table<'doc, 'text>> {
        let Some(value) = self.take(what) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            let message = format!("`{what}` is one table or value, where an array of tables is expected");
            problems.at(value.span(), message).help(format!("write `[[{what}]]`"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_table() {
                Some(table) => {
                    tables.push(Table { what, listed: true, table, span: item.span(), known: Vec::new() });
                }
                None => wrong_type(problems, item, what, "a table"),
            }
        }
        tables
    }

    /// One table, written `[what]` or `what = {…}`.
    pub fn table(&mut self, what: &'static str, problems: &mut Problems<'_>) -> Option<Table<'doc, 'text>> {
        let value = self.take(what)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Table { what, listed: false, table, span: value.span(), known: Vec::new() }),
            None => {
                wrong_type(problems, value, what, "a table");
                None
            }
        }
    }

    /// One table that must be there.
    pub fn required_table(
        &mut self,
        what: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<Table<'doc, 'text>> {
        if !self.table.contains_key(what) {
            self.known.push(what);
            let message = format!("this {} has no table `{what}`", self.what);
            problems.at(self.span(), message).help(format!("add `[{what}]`"));
            return None;
        }
        self.table(what, problems)
    }

    /// A whole number of at least one, `usual` if absent.
    pub fn count(&mut self, key: &'static str, usual: usize, problems: &mut Problems<'_>) -> usize {
        let Some(value) = self.take(key) else { return usual };
        let number = value.get_ref().as_integer();
        let number = number.and_then(|number| usize::from_str_radix(number.as_str(), number.radix()).ok());
        match number {
            Some(number) if number > 0 => number,
            _ => {
                wrong_type(problems, value, key, "a whole number above zero");
                usual
            }
        }
    }

    /// A text that must be there and say something.
    pub fn required(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Text> {
        if !self.table.contains_key(key) {
            self.known.push(key);
            let message = format!("{} lacks `{key}`", self.place());
            problems.at(self.span(), message).help(format!("add `{key} = \"…\"`"));
            return None;
        }
        self.text(key, problems)
    }

    /// A text that may be absent, but says something if it is there.
    pub fn text(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Text> {
        let value = self.take(key)?;
        text_of(value, key, problems)
    }

    /// A text of one or more lines that may be absent, but says something if it is there.
    pub fn paragraph(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Text> {
        let value = self.take(key)?;
        match value.get_ref().as_str() {
            Some(text) if text.trim() == text && text.contains(['\n', '\t']) => {
                let rest = text.replace(['\n', '\t'], " ");
                if rest.chars().any(char::is_control) {
                    let message = format!("`{key}` has control characters in it");
                    problems.at(value.span(), message).help("take them out; line feeds and tabs may stay");
                    return None;
                }
                Some(Text { value: text.to_owned(), span: value.span() })
            }
            _ => text_of(value, key, problems),
        }
    }

    /// A list of texts, empty if absent.
    pub fn texts(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Vec<Text> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        texts_of(value, key, problems)
    }

    /// A list of secrets, whose lines must not be printed unless `harmless` says of each that it is none.
    pub fn secrets<T>(
        &mut self,
        key: &'static str,
        harmless: impl Fn(&str) -> Option<T>,
        problems: &mut Problems<'_>,
    ) -> Vec<(Option<T>, Range<usize>)> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let mut secrets = Vec::new();
        let Some(array) = value.get_ref().as_array() else {
            problems.hide(&value.span());
            wrong_type(problems, value, key, "a list of texts");
            return Vec::new();
        };
        for item in array.iter() {
            let secret = item.get_ref().as_str().and_then(&harmless);
            if secret.is_none() {
                problems.hide(&item.span());
            }
            secrets.push((secret, item.span()));
        }
        secrets
    }

    /// One secret that must be there, under the same rule.
    pub fn secret<T>(
        &mut self,
        key: &'static str,
        harmless: impl Fn(&str) -> Option<T>,
        problems: &mut Problems<'_>,
    ) -> Option<(Option<T>, Range<usize>)> {
        let Some(value) = self.take(key) else {
            let message = format!("{} lacks `{key}`", self.place());
            problems.at(self.span(), message).help(format!("add `{key} = \"…\"`"));
            return None;
        };
        let secret = value.get_ref().as_str().and_then(harmless);
        if secret.is_none() {
            problems.hide(&value.span());
        }
        Some((secret, value.span()))
    }

    /// `true` or `false`, the latter if absent.
    pub fn flag(&mut self, key: &'static str, problems: &mut Problems<'_>) -> bool {
        let Some(value) = self.take(key) else { return false };
        match value.get_ref().as_bool() {
            Some(flag) => flag,
            None => {
                wrong_type(problems, value, key, "`true` or `false`");
                false
            }
        }
    }

    /// Whether the key is there, for what is read differently then.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of a key as it stands, for what has a form of its own.
    pub fn take(&mut self, key: &'static str) -> Option<&'doc Spanned<DeValue<'text>>> {
        self.known.push(key);
        self.table.get(key)
    }

    /// The table as a reader of the file knows it.
    fn place(&self) -> String {
        match (self.what, self.listed) {
            ("", _) => "the directory".to_owned(),
            (what, true) => format!("`[[{what}]]`"),
            (what, false) => format!("`{what}`"),
        }
    }

    /// Complains about every key that nobody asked for.
    pub fn finish(self, problems: &mut Problems<'_>) {
        for (key, value) in self.table.iter() {
            if self.known.contains(&key.get_ref().as_ref()) {
                continue;
            }
            if may_hold_token(key.get_ref()) {
                problems.hide(&value.span());
            }
            problems.hide_if_secret(&(key.span().start..value.span().end.max(key.span().end)));
            let message = format!("unknown setting `{}` in {}", key.get_ref(), self.place());
            let problem = problems.at(key.span(), message);
            match nearest(key.get_ref(), self.known.iter().copied()) {
                Some(name) => problem.help(format!("did you mean `{name}`?")),
                None => problem.help(format!("known are {}", quoted(&self.known))),
            }
        }
    }
}

/// Whether a mistyped setting looks like one that holds a token.
fn may_hold_token(key: &str) -> bool {
    let key = key.to_lowercase();
    ["tok", "key", "secret", "pass"].iter().any(|part| key.contains(part))
        || nearest(&key, ["tokens"]).is_some()
}

/// A text that says something; anything else is a problem.
pub fn text_of(value: &Spanned<DeValue<'_>>, key: &str, problems: &mut Problems<'_>) -> Option<Text> {
    let Some(text) = value.get_ref().as_str() else {
        wrong_type(problems, value, key, "a text in quotes");
        return None;
    };
    if text.trim().is_empty() {
        problems.at(value.span(), format!("`{key}` is empty")).help("give it a text, or leave it out");
        return None;
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        problems
            .at(value.span(), format!("`{key}` has white space around it or control characters in it"))
            .help("such texts look alike and are not");
        return None;
    }
    Some(Text { value: text.to_owned(), span: value.span() })
}

/// A list of texts; anything else is a problem.
pub fn texts_of(value: &Spanned<DeValue<'_>>, key: &str, problems: &mut Problems<'_>) -> Vec<Text> {
    match value.get_ref().as_array() {
        Some(array) => array.iter().filter_map(|item| text_of(item, key, problems)).collect(),
        None => {
            wrong_type(problems, value, key, "a list of texts, such as [\"a\", \"b\"]");
            Vec::new()
        }
    }
}

/// Names in quotes for a message.
pub fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Complains about a value of another type than is expected.
pub fn wrong_type(problems: &mut Problems<'_>, value: &Spanned<DeValue<'_>>, key: &str, expected: &str) {
    let found = value.get_ref().type_str();
    problems.at(value.span(), format!("`{key}` is of type {found}, where {expected} is expected"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;

    fn read<T>(
        text: &str,
        read: impl FnOnce(&mut Table<'_, '_>, &mut Problems<'_>) -> T,
    ) -> (T, Vec<Problem>) {
        let document = DeTable::parse(text).expect("the text is TOML");
        let mut problems = Problems::new(text);
        let mut table = Table::document("document", &document);
        let value = read(&mut table, &mut problems);
        table.finish(&mut problems);
        (value, problems.finish())
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = "adress = \"a\"\nport = \"x\"\n[limits]\ndepth = 0\n";
        let ((), problems) = read(text, |table, problems| {
            table.required("address", problems);
            table.flag("port", problems);
            let mut limits = table.table("limits", problems).expect("a table");
            assert_eq!(limits.count("depth", 7, problems), 7);
            limits.finish(problems);
        });
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(problems.iter().any(|p| p.help.as_deref() == Some("did you mean `address`?")));
    }

    #[test]
    fn a_line_with_a_secret_is_not_part_of_a_problem() {
        let text = "keys = [\"hunter2\", 3]\n";
        let (_, problems) = read(text, |table, problems| {
            let secrets = table.secrets("keys", |_| None::<()>, problems);
            for (_, span) in &secrets {
                problems.at(span.clone(), "not a hash");
            }
        });
        assert_eq!(problems.len(), 2);
        assert!(
            problems.iter().all(|p| p.span.is_none() && !p.to_string().contains("hunter2")),
            "{problems:?}"
        );
    }
}
