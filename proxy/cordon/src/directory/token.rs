//! `cordon directory token`.

use clap::Subcommand;
use cordon_directory::model::Token as Record;
use cordon_directory::{Key, Record as Any, RecordKind};
use serde_json::json;

use super::output::{Row, print};
use super::session::{Session, cli_user, shown};
use crate::Failure;

/// Digits of a hash by which people name a token.
const DIGITS: usize = 12;

/// Digits that are enough to name one.
const ENOUGH: usize = 6;

#[derive(Subcommand)]
pub(super) enum Token {
    /// Make a token for a user and print it once.
    Issue {
        login: String,
        /// What it is for, or where it is used.
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
    },
    /// Tokens by the first digits of their hashes.
    List {
        /// Those of this user.
        #[arg(long, value_name = "LOGIN")]
        user: Option<String>,
    },
    /// Take a token away: it is not accepted any more.
    Revoke {
        /// The first digits of its hash, as the list shows them.
        digits: String,
    },
}

impl Token {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Token::Issue { login, label } => issue(session, &login, label.as_deref()),
            Token::List { user } => list(session, user.as_deref()),
            Token::Revoke { digits } => revoke(session, &digits),
        }
    }
}

fn issue(session: &Session, login: &str, label: Option<&str>) -> Result<(), Failure> {
    let done = session.changed(&cli_user(), "issue token", |draft| {
        let (text, token) = Record::issue(login, label, draft.state().salt());
        draft.create(Any::Token(token));
        Ok(text)
    })?;
    if session.output.json {
        return session
            .output
            .document(&json!({ "change": done.number, "user": login, "token": done.answer }));
    }
    print(&format!(
        "a token for `{login}`:\n\n  {}\n\nIt is told this once.\nchange {}\n",
        done.answer, done.number
    ))
}

fn list(session: &Session, user: Option<&str>) -> Result<(), Failure> {
    let snapshot = session.current();
    let state = snapshot.state();
    if let Some(user) = user {
        shown(state, &Key::new(RecordKind::User, user))?;
    }
    let mut tokens: Vec<_> =
        state.tokens().filter(|token| user.is_none_or(|user| *token.user == *user)).cloned().collect();
    tokens.sort_by_key(|token| (token.user.clone(), token.hash.to_string()));
    let row = |token: &std::sync::Arc<Record>| {
        let digits: String = token.hash.to_string().chars().take(DIGITS).collect();
        Row {
            document: json!({ "token": digits, "user": token.user, "label": token.label }),
            cells: vec![digits, token.user.to_string(), token.label.clone().unwrap_or_default()],
        }
    };
    session.output.list(&["token", "user", "label"], tokens.iter().map(row).collect())
}

fn revoke(session: &Session, digits: &str) -> Result<(), Failure> {
    let done = session.changed(&cli_user(), "revoke token", |draft| {
        let starts = |token: &&std::sync::Arc<Record>| token.hash.to_string().starts_with(digits);
        let found: Vec<String> =
            draft.state().tokens().filter(starts).map(|token| token.hash.to_string()).collect();
        match found.as_slice() {
            [hash] if digits.len() >= ENOUGH => {
                draft.remove(&Key::new(RecordKind::Token, hash.as_str()));
                Ok(())
            }
            // What was given may be the token itself, and is not repeated.
            [] => Err(Failure::wrong(
                "error: no token's hash begins with these digits\n  help: look at `cordon directory token list`",
            )),
            _ => Err(Failure::wrong(format!(
                "error: these digits do not tell which token is meant\n  help: give {DIGITS} of them"
            ))),
        }
    })?;
    session.output.changed(done.number, &done.changes, &[])
}
