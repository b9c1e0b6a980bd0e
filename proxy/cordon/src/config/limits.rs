//! `[limits]`: how large things may be, how many, and how long clients may take.

use cordon_gateway::{Deadlines, GatewayConfig, Limits};
use cordon_settings::{Problems, Table};

use super::values;

/// Reads the table into the gateway's configuration.
pub(super) fn read(table: &mut Table<'_, '_>, gateway: &mut GatewayConfig, problems: &mut Problems<'_>) {
    editor(table, &mut gateway.editor, problems);
    let usual = gateway.limits;
    let body = usize::try_from(usual.request_body).unwrap_or(usize::MAX);
    gateway.limits = Limits {
        request_body: table.count("request_body_bytes", body, problems) as u64,
        request_head: table.count("request_head_bytes", usual.request_head, problems),
        request_headers: table.count("request_headers", usual.request_headers, problems),
        streams: u32::try_from(table.count("streams", usual.streams as usize, problems)).unwrap_or(u32::MAX),
        connections: table.count("connections", usual.connections, problems),
        connections_per_address: optional_count(table, "connections_per_address", problems),
        ..usual
    };
    let usual = gateway.deadlines;
    gateway.deadlines = Deadlines {
        handshake: values::duration(table, "handshake_timeout", usual.handshake, problems),
        request_head: values::duration(table, "request_head_timeout", usual.request_head, problems),
        drain: values::duration(table, "drain_timeout", usual.drain, problems),
        drain_notice: values::optional_duration(table, "drain_notice", problems),
        ..usual
    };
}

fn editor(table: &mut Table<'_, '_>, editor: &mut cordon_rewrite::Limits, problems: &mut Problems<'_>) {
    let usual = editor.clone();
    *editor = cordon_rewrite::Limits {
        record: table.count("record_bytes", usual.record, problems),
        held: table.count("held_bytes", usual.held, problems),
        depth: table.count("depth", usual.depth, problems),
        name: table.count("name_bytes", usual.name, problems),
        string: table.count("string_bytes", usual.string, problems),
        number: table.count("number_bytes", usual.number, problems),
        members: table.count("members", usual.members, problems),
        expansion: table.count("expansion", usual.expansion, problems),
        ..usual
    };
}

/// A whole number above zero that may be left out.
fn optional_count(
    table: &mut Table<'_, '_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Option<usize> {
    let is_there = table.take(key).is_some();
    let count = table.count(key, usize::MAX, problems);
    is_there.then_some(count)
}
