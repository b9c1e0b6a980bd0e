//! The access log: a line for each exchange, without a value of the request or a body (H42).

use std::fmt::Write as _;
use std::io;

use cordon_gateway::{ExchangeRecord, Messages};
use serde::Serialize;

use crate::log::Place;
use crate::log::line::{microseconds, moment};
use crate::log::writer::{Writer, Writing};

/// How exchanges are logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogConfig {
    /// Where lines go.
    pub place: Place,
    /// What they look like.
    pub format: Format,
}

/// What a line of the access log looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object of JSON.
    Json,
    /// Names and values, for people.
    Text,
}

/// A line for each exchange.
pub(crate) struct AccessLog {
    writer: Writer,
    format: Format,
}

/// A line in JSON. The path is the route's, with the names of its parameters: an id in a path may be hidden.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    method: &'a str,
    route: Option<&'a str>,
    path: Option<&'a str>,
    status: u16,
    caller: Option<&'a str>,
    policy: String,
    revision: u64,
    kept: u64,
    dropped: u64,
    removed: u64,
    masked: u64,
    unlisted: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Spoken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    outcome: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    observed: bool,
    bytes_in: u64,
    bytes_out: u64,
    microseconds: u64,
    stages: serde_json::Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

/// Messages of a WebSocket.
#[derive(Serialize)]
struct Spoken {
    /// Of the client.
    said: u64,
    /// To the client.
    told: u64,
    /// Those of them of which something was taken away.
    edited: u64,
    /// Of the backend, and not to the client.
    dropped: u64,
}

impl AccessLog {
    pub(crate) fn start(config: AccessLogConfig) -> io::Result<AccessLog> {
        let writer = Writer::start(Writing { place: config.place, sync: false })?;
        Ok(AccessLog { writer, format: config.format })
    }

    pub(crate) fn exchange(&self, record: &ExchangeRecord<'_>) {
        let line = match self.format {
            Format::Json => json(record),
            Format::Text => text(record),
        };
        self.writer.line(line);
    }

    pub(crate) fn reopen(&self) {
        self.writer.reopen();
    }

    /// Lines written, and lines lost.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.writer.written(), self.writer.lost())
    }
}

fn json(record: &ExchangeRecord<'_>) -> String {
    let line = Line {
        time: moment(record.began),
        method: record.method,
        route: record.route.map(|(name, _)| name),
        path: record.route.map(|(_, path)| path),
        status: record.status,
        caller: record.caller,
        policy: record.policy.to_string(),
        revision: record.revision,
        kept: record.kept,
        dropped: record.dropped,
        removed: record.removed,
        masked: record.masked,
        unlisted: record.unlisted,
        messages: record.is_websocket().then(|| {
            let Messages { said, told, edited, dropped } = record.messages;
            Spoken { said, told, edited, dropped }
        }),
        reason: record.reason,
        outcome: record.outcome.to_string(),
        observed: record.observed,
        bytes_in: record.received,
        bytes_out: record.sent,
        microseconds: microseconds(record.duration),
        stages: record
            .stages
            .iter()
            .map(|(stage, took)| (stage.name().to_owned(), microseconds(*took).into()))
            .collect(),
        request_id: record.request_id,
        trace_id: record.trace.map(|trace| trace.trace_text()),
    };
    // There is nothing in it that JSON does not have.
    serde_json::to_string(&line).unwrap_or_default() + "\n"
}

fn text(record: &ExchangeRecord<'_>) -> String {
    let mut line = format!(
        "{} {} {} {} {} kept={} dropped={} removed={} masked={} unlisted={} in={} out={} {}us {}",
        moment(record.began),
        // A login is people's to choose: quoted, it stays one word of one line.
        record.caller.map_or("-".to_owned(), |caller| format!("{caller:?}")),
        record.method,
        record.route.map_or("-", |(_, path)| path),
        record.status,
        record.kept,
        record.dropped,
        record.removed,
        record.masked,
        record.unlisted,
        record.received,
        record.sent,
        microseconds(record.duration),
        record.outcome,
    );
    // Writing to a text cannot fail.
    if record.is_websocket() {
        let Messages { said, told, edited, dropped } = record.messages;
        _ = write!(line, " said={said} told={told} edited={edited} hidden={dropped}");
    }
    if let Some(reason) = record.reason {
        _ = write!(line, " {reason}");
    }
    if let Some(trace) = record.trace {
        _ = write!(line, " trace={}", trace.trace_text());
    }
    line + "\n"
}
