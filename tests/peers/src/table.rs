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
    if !report.timings.is_empty() {
        text.push_str("\n## One at a time\n\n| | median (least–most) | |\n|---|--:|---|\n");
    }
    for timing in &report.timings {
        let figures = spread(Spread::of(timing.figures.iter().copied()));
        let _ = writeln!(text, "| {} | {figures} | {} |", timing.name, timing.unit);
    }
    if !report.goals.is_empty() {
        let _ = write!(text, "\n## Goals\n\n{}", goals(report));
    }
    for (title, lines) in [("What this is not", &report.notes), ("Left out", &report.left_out)] {
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
    let base = &series.base;
    let mut columns: Vec<(String, Vec<String>)> = vec![
        (
            "CPU per response, µs".to_owned(),
            column(series, |row| spread(row.spread(|turn| Some(turn.cpu_micros)))),
        ),
        (
            format!("÷ {base}"),
            column(series, |row| shown_ratio(series.ratio(&row.name, base).map(|ratio| ratio.median))),
        ),
        ("responses/s".to_owned(), column(series, |row| spread(row.spread(|turn| Some(turn.peak_rate))))),
        ("p50, µs".to_owned(), column(series, |row| latency(row, |turn| turn.at_half?.p50))),
        ("p99, µs".to_owned(), column(series, |row| latency(row, |turn| turn.at_half?.p99))),
        ("p99.9, µs".to_owned(), column(series, |row| latency(row, |turn| turn.at_half?.p999))),
        (
            format!("p99 at half of {base}'s peak"),
            column(series, |row| latency(row, |turn| turn.at_half_of_base?.p99)),
        ),
        (
            "peak memory, MiB".to_owned(),
            column(series, |row| shown(row.spread(mebibytes).map(|memory| memory.most))),
        ),
    ];
    // What was not measured here needs no column.
    columns.retain(|(_, cells)| cells.iter().any(|cell| *cell != dash()));
    let mut text = "| |".to_owned();
    for (title, _) in &columns {
        let _ = write!(text, " {title} |");
    }
    let _ = writeln!(text, "\n|---|{}", "--:|".repeat(columns.len()));
    for (number, row) in series.rows.iter().enumerate() {
        let cells: Vec<&str> = columns.iter().map(|(_, cells)| cells[number].as_str()).collect();
        let _ = writeln!(text, "| {} | {} |", row.name, cells.join(" | "));
    }
    text
}

fn column(series: &Series, cell: impl Fn(&Row) -> String) -> Vec<String> {
    series.rows.iter().map(cell).collect()
}

/// A spread, if each round has the figure: those that have it may be the quick ones.
fn latency(row: &Row, figure: impl Fn(&Turn) -> Option<f64>) -> String {
    let everywhere = row.turns.iter().all(|turn| figure(turn).is_some());
    spread(row.spread(figure).filter(|_| everywhere))
}

fn shown_ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(dash, |ratio| format!("{ratio:.2}"))
}

/// The median, and from the least to the most.
fn spread(spread: Option<Spread>) -> String {
    spread.map_or_else(dash, |Spread { least, median, most }| {
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
