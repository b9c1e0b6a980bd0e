//! How a proxy's bundles look to people.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use cordon_admin::{PolicyBundle, PolicyEvent, PolicyReport, PolicyStanding, PolicyTrial};
use serde_json::Value;

use crate::Failure;

/// What is in force, on trial and on offer.
pub(super) fn standing(standing: &PolicyStanding) -> String {
    let mut text = format!("in force   {}\n", bundle(&standing.active));
    match &standing.trial {
        Some(of) => text.push_str(&trial(of)),
        None => text.push_str("on trial   nothing\n"),
    }
    for offered in &standing.offered {
        // Writing to a string does not fail.
        _ = writeln!(text, "on offer   {}", bundle(offered));
    }
    if let Some(reason) = &standing.kept_out {
        _ = writeln!(text, "kept out   {}", reason.replace('\n', "\n           "));
    }
    text
}

fn trial(trial: &PolicyTrial) -> String {
    let percent = |parts: u16| f64::from(parts) / 100.0;
    let mut text = format!("on trial   {}\n", bundle(&trial.bundle));
    _ = writeln!(text, "           serves {} % of the callers", percent(trial.served));
    if let Some(stop) = &trial.stopped {
        _ = writeln!(text, "           sent home: {stop}");
    }
    let PolicyReport { compared, skipped, routes } = &trial.report;
    _ = writeln!(text, "           {compared} exchanges compared, {skipped} skipped");
    let mut rows = Vec::new();
    for (name, route) in routes {
        let places = route
            .revealed
            .keys()
            .chain(route.hidden.keys().filter(|place| !route.revealed.contains_key(*place)));
        for place in places {
            let count =
                |counts: &std::collections::BTreeMap<String, u64>| counts.get(place).copied().unwrap_or(0);
            rows.push([
                name.clone(),
                place.clone(),
                count(&route.revealed).to_string(),
                count(&route.hidden).to_string(),
            ]);
        }
        if route.failed > 0 {
            rows.push([
                name.clone(),
                format!("(failed {} times)", route.failed),
                String::new(),
                String::new(),
            ]);
        }
    }
    if rows.is_empty() {
        text.push_str("           it shows and hides what the one in force does\n");
    } else {
        text.push_str(&table(&["route", "place", "revealed", "hidden"], rows));
    }
    text
}

/// What was in force.
pub(super) fn history(answer: &Value) -> Result<String, Failure> {
    let items = answer.get("items").cloned().unwrap_or_default();
    let events: Vec<PolicyEvent> = serde_json::from_value(items)
        .map_err(|error| Failure::failed(format!("error: the proxy's answer is not understood: {error}")))?;
    let rows = events.into_iter().map(|event| {
        let PolicyEvent { number, time, by, action, bundle: of, report } = event;
        let why = report.as_ref().and_then(|report| report.get("stopped")).and_then(Value::as_str);
        [number.to_string(), time, by, action, bundle(&of), why.unwrap_or_default().to_owned()]
    });
    Ok(table(&["number", "time", "by", "action", "bundle", "why"], rows.collect()))
}

/// A table without lines.
fn table<const COLUMNS: usize>(names: &[&str; COLUMNS], rows: Vec<[String; COLUMNS]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(names.iter().map(|name| name.to_uppercase()));
    table.add_rows(rows);
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn bundle(bundle: &PolicyBundle) -> String {
    let PolicyBundle { digest, name, version, counter, signed_by } = bundle;
    let signed = match signed_by.as_slice() {
        [] => String::new(),
        names => format!(", signed by {}", names.join(", ")),
    };
    format!("{name} {version}, counter {counter}, {digest}{signed}")
}

/// Prints.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|error| Failure::failed(format!("error: cannot print: {error}"))),
    }
}
