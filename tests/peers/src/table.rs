//! Figures as Markdown.

use std::fmt::Write;

use crate::figures::{Report, Row, Series, Turn};
use crate::statistics::Spread;

/// A whole report: what was measured where, a table for each series, the goals, and who was left out.
pub fn page(report: &Report) -> String {
    let mut text = format!("# {}\n\n{}\n", report.title, conditions(report));
    for series in &report.series {
        let _ = write!(text, "\n## {}\n\n{}", series.name, table(series));
    }
    if !report.goals.is_empty() {
        let _ = write!(text, "\n## Goals\n\n{}", goals(report));
    }
    for (title, lines) in [("What they do not do", &report.notes), ("Left out", &report.left_out)] {
        if !lines.is_empty() {
            let _ = writeln!(text, "\n## {title}\n");
        }
        for line in lines {
            let _ = writeln!(text, "- {}", line.replace('\n', " "));
        }
    }
    text
}

/// CPU per response of all rows, a column for each series: what the README shows.
pub fn summary(report: &Report) -> String {
    let mut text = "| µs of CPU per response (÷ nginx pass) |".to_owned();
    for series in &report.series {
        let _ = write!(text, " {} |", series.name);
    }
    let _ = writeln!(text, "\n|---|{}", "--:|".repeat(report.series.len()));
    let mut names: Vec<&str> = Vec::new();
    for row in report.series.iter().flat_map(|series| &series.rows) {
        if !names.contains(&row.name.as_str()) {
            names.push(&row.name);
        }
    }
    for name in names {
        let _ = write!(text, "| {name} |");
        for series in &report.series {
            let cpu = series.row(name).and_then(|row| row.spread(|turn| Some(turn.cpu_micros)));
            match cpu.zip(series.ratio(name, &series.base)) {
                Some((cpu, ratio)) => {
                    let _ = write!(text, " {} ({:.2}) |", figure(cpu.median), ratio.median);
                }
                None => text.push_str(" – |"),
            }
        }
        text.push('\n');
    }
    text
}

/// Machine, versions and pace.
pub fn conditions(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "Measured on {}, commit {}: {}, {} cores, {} MiB, Linux {}. {}.\n",
        machine.day,
        machine.commit,
        machine.processor,
        machine.cores,
        machine.memory_mib,
        machine.kernel,
        report.pace
    );
    if !machine.versions.is_empty() {
        let _ = writeln!(text, "Versions: {}.", machine.versions.join("; "));
    }
    text
}

/// The goals beside what was measured.
pub fn goals(report: &Report) -> String {
    let mut text = "| goal | measured | |\n|---|--:|---|\n".to_owned();
    for verdict in &report.goals {
        let met = if verdict.met { "met" } else { "**missed**" };
        let measured = if verdict.measured.is_finite() {
            format!("{:.2}", verdict.measured)
        } else {
            "cannot keep up".to_owned()
        };
        let _ = writeln!(text, "| {} | {measured} | {met} |", verdict.goal);
    }
    text
}

fn table(series: &Series) -> String {
    let mut text = format!(
        "| | CPU per response, µs | ÷ {} | responses/s | p50 | p99 | p99.9 | p99 at half of {}'s peak | peak memory, MiB |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        series.base, series.base
    );
    for row in &series.rows {
        let median = |figure: fn(&Turn) -> Option<f64>| row.spread(figure).map(|spread| spread.median);
        let cells = [
            ranged(row, |turn| Some(turn.cpu_micros)),
            series.ratio(&row.name, &series.base).map_or_else(dash, |ratio| format!("{:.2}", ratio.median)),
            ranged(row, |turn| Some(turn.peak_rate)),
            shown(median(|turn| turn.at_half?.p50)),
            shown(median(|turn| turn.at_half?.p99)),
            shown(median(|turn| turn.at_half?.p999)),
            shown(median(|turn| turn.at_half_of_base?.p99)),
            shown(row.spread(mebibytes).map(|spread| spread.most)),
        ];
        let _ = writeln!(text, "| {} | {} |", row.name, cells.join(" | "));
    }
    text
}

/// The median, and from the least to the most.
fn ranged(row: &Row, of: impl Fn(&Turn) -> Option<f64>) -> String {
    row.spread(of).map_or_else(dash, |Spread { least, median, most }| {
        format!("{} ({}–{})", figure(median), figure(least), figure(most))
    })
}

#[expect(clippy::cast_precision_loss, reason = "KiB of a process are far below 2^52")]
#[expect(clippy::unnecessary_wraps, reason = "a figure among others that may be missing")]
fn mebibytes(turn: &Turn) -> Option<f64> {
    Some(turn.peak_memory_kib as f64 / 1024.0)
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(dash, figure)
}

fn dash() -> String {
    "–".to_owned()
}

/// Three figures that mean something, and no more than one behind the point.
fn figure(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}
