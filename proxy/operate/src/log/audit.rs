//! The audit log: what special rights revealed, a line before it is shown.

use std::io;
use std::time::{Duration, SystemTime};

use cordon_gateway::{AuditEntry, Auditor, NotWritten, Part};
use serde::Serialize;

use crate::log::Place;
use crate::log::line::moment;
use crate::log::writer::{Writer, Writing};

/// Longer than a disk that works takes for a line.
const PATIENCE: Duration = Duration::from_secs(5);

/// How it is kept what special rights revealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditConfig {
    /// Where lines go.
    pub place: Place,
    /// Nothing is shown before the disk has its line, so that a machine that loses its power has it too.
    pub sync: bool,
    /// What is done if a line cannot be written.
    pub when_full: WhenFull,
}

/// What is done if a line of the audit log cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The request is refused.
    Refuse,
    /// It is answered, and the line is lost.
    Serve,
}

/// A line for each answer by which something was revealed.
pub(crate) struct AuditLog {
    writer: Writer,
    when_full: WhenFull,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    exchange: &'a str,
    part: &'a str,
    caller: &'a str,
    method: &'a str,
    route: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    rights: Vec<Right<'a>>,
    policy: String,
    revision: u64,
}

/// What one right revealed; null where that is not known (yet).
#[derive(Serialize)]
struct Right<'a> {
    right: &'a str,
    records: Option<u64>,
    fields: Option<u64>,
}

impl AuditLog {
    pub(crate) fn start(config: AuditConfig) -> io::Result<AuditLog> {
        let writer = Writer::start(Writing { place: config.place, sync: config.sync })?;
        Ok(AuditLog { writer, when_full: config.when_full })
    }

    pub(crate) fn reopen(&self) {
        self.writer.reopen();
    }

    /// Lines written, and lines lost.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.writer.written(), self.writer.lost())
    }
}

impl Auditor for AuditLog {
    fn write(&self, entry: &AuditEntry<'_>) -> cordon_gateway::Writing {
        let when_full = self.when_full;
        let told = self.writer.line_told(json(entry));
        Box::pin(async move {
            let written = match told {
                Some(told) => matches!(tokio::time::timeout(PATIENCE, told).await, Ok(Ok(true))),
                None => false,
            };
            if written || when_full == WhenFull::Serve { Ok(()) } else { Err(NotWritten) }
        })
    }

    fn note(&self, entry: &AuditEntry<'_>) {
        self.writer.line(json(entry));
    }
}

fn json(entry: &AuditEntry<'_>) -> String {
    let line = Line {
        time: moment(SystemTime::now()),
        exchange: entry.exchange,
        part: match entry.part {
            Part::Whole => "whole",
            Part::Begun => "begun",
            Part::Ended => "ended",
            Part::Message => "message",
        },
        caller: entry.caller,
        method: entry.method,
        route: entry.route.0,
        path: entry.route.1,
        project: entry.project,
        rights: entry
            .revealed
            .iter()
            .map(|revealed| Right {
                right: revealed.right.name(),
                records: revealed.records,
                fields: revealed.fields,
            })
            .collect(),
        policy: entry.policy.to_string(),
        revision: entry.revision,
    };
    // There is nothing in it that JSON does not have.
    serde_json::to_string(&line).unwrap_or_default() + "\n"
}
