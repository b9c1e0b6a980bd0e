//! `cordon directory history` and `verify`.

use std::time::{Duration, SystemTime};

use clap::Args;
use cordon_directory::exchange::Difference;
use cordon_directory::{Entry, HistoryFilter, Key, ReadError, RecordKind, VerifyError};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::output::{documents, print};
use super::session::Session;
use crate::Failure;

#[derive(Args)]
pub(super) struct History {
    /// Changes by this one, such as `cli:root` or a login.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Changes of what is or was in this project, and of the project (D9).
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// Changes of this record: KIND/ID, such as user/olga, queue/7 or field/contact/phone.
    #[arg(long, value_name = "KIND/ID")]
    object: Option<String>,
    /// Not before this time: 2026-03-01, or 2026-03-01T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many at the most.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

#[derive(Args)]
pub(super) struct Verify {
    /// A number and hash that were noted before: the chain must lead through it.
    #[arg(long, value_name = "NUMBER:HASH")]
    head: Option<String>,
}

impl History {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let filter = HistoryFilter {
            actor: self.actor,
            project: self.project,
            record: self.object.as_deref().map(record).transpose()?,
            since: self.since.as_deref().map(time).transpose()?,
            until: self.until.as_deref().map(time).transpose()?,
            limit: self.limit,
            ..HistoryFilter::default()
        };
        let entries = session.wait(session.store().history(&filter)).map_err(|error| unreadable(&error))?;
        if session.output.json {
            let document = |entry: &Entry| {
                json!({
                    "number": entry.number,
                    "time": written(entry.time),
                    "actor": entry.actor,
                    "action": entry.action,
                    "changes": documents(&entry.changes),
                    "hash": entry.hash.to_string(),
                })
            };
            return session.output.document(&entries.iter().map(document).collect());
        }
        if entries.is_empty() {
            return print("none\n");
        }
        for entry in &entries {
            let difference = Difference(&entry.changes).to_string();
            let lines: String = difference.lines().map(|line| format!("    {line}\n")).collect();
            print(&format!(
                "{}  {}  {}  {}\n{lines}",
                entry.number,
                written(entry.time),
                entry.actor,
                entry.action
            ))?;
        }
        Ok(())
    }
}

impl Verify {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let expected = self.head.as_deref().map(head).transpose()?;
        let verified = session.wait(session.store().verify(expected)).map_err(|error| match error {
            VerifyError::Read(error) => unreadable(&error),
            error => Failure::wrong(format!("error: {error}")),
        })?;
        let hash = verified.head_hash.to_string();
        let document = json!({
            "changes": verified.entries,
            "head": { "number": verified.head_number, "hash": hash },
        });
        let lines = [
            ("changes", verified.entries.to_string()),
            ("head", format!("{}:{}", verified.head_number, verified.head_hash)),
            ("chain", "holds, and leads to what is there".to_owned()),
        ];
        session.output.one(&lines, &document)
    }
}

fn unreadable(error: &ReadError) -> Failure {
    match error {
        ReadError::NoLog => Failure::wrong(
            "error: the directory is a file, which has no history\n  help: put it into a database: name one by \
             `database` in cordon.toml, `cordon directory init`, and `cordon directory import` the file",
        ),
        error => Failure::failed(format!("error: {error}")),
    }
}

/// `user/olga`, `queue/7`, `field/contact/phone`. What is no kind of record is a kind of object.
fn record(text: &str) -> Result<Key, Failure> {
    let wrong = || {
        Failure::wrong(format!(
            "error: `{text}` names no record\n  help: write KIND/ID, such as user/olga, queue/7 or field/contact/phone"
        ))
    };
    let (kind, id) =
        text.split_once('/').filter(|(kind, id)| !kind.is_empty() && !id.is_empty()).ok_or_else(wrong)?;
    Ok(match RecordKind::from_name(kind) {
        Some(RecordKind::Field) => match id.split_once('/') {
            Some((of, key)) => Key::field(of, key),
            None => Key::field("contact", id),
        },
        Some(RecordKind::Object) => {
            let (of, id) = id.split_once('/').ok_or_else(wrong)?;
            Key::object(of, id)
        }
        Some(kind) => Key::new(kind, id),
        None => Key::object(kind, id),
    })
}

/// A day, which begins at midnight UTC, or a time (RFC 3339).
fn time(text: &str) -> Result<SystemTime, Failure> {
    let day = || time::Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .or_else(|| day().map(|day| day.midnight().assume_utc()))
        .map(SystemTime::from)
        .ok_or_else(|| {
            Failure::wrong(format!(
                "error: `{text}` is no time\n  help: write 2026-03-01, or 2026-03-01T08:00:00Z"
            ))
        })
}

/// Whole seconds in UTC.
fn written(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    let whole = time - Duration::from_nanos(time.nanosecond().into());
    whole.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

fn head(text: &str) -> Result<(u64, String), Failure> {
    let parts = text.split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash.to_owned())));
    parts.ok_or_else(|| {
        Failure::wrong(
            "error: a head is a number and a hash\n  help: write NUMBER:HASH as `verify` prints it",
        )
    })
}
