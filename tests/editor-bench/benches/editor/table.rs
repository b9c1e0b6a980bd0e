//! The figures, for people and for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::measure::Times;
use crate::row::CONTESTANTS;

/// What was measured of a row.
pub struct Line {
    pub name: &'static str,
    pub bytes: usize,
    pub times: Vec<(&'static str, Times)>,
}

/// What a long list costs beside a short one.
pub struct ListCost {
    pub name: String,
    pub listed: usize,
    /// Nanoseconds of `Plan::compile`, and of it with the first body edited, which compiles the profile.
    pub compile: f64,
    pub first_body: f64,
    pub times: Times,
}

impl Line {
    fn of(&self, name: &str) -> Option<&Times> {
        self.times.iter().find(|(contestant, _)| *contestant == name).map(|(_, times)| times)
    }

    /// How many times as long as Cordon somebody takes.
    fn ratio(&self, name: &str) -> Option<f64> {
        Some(self.of(name)?.median() / self.of("Cordon")?.median())
    }

    /// The fastest of those who filter, Cordon left out, and how many times as long as Cordon it takes.
    fn best(&self) -> Option<(&'static str, f64)> {
        let rivals = self.times.iter().filter(|(name, _)| !matches!(*name, "memcpy" | "Cordon"));
        let ratios = rivals.filter_map(|(name, _)| Some((*name, self.ratio(name)?)));
        ratios.min_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// Megabytes (10^6) of body each second.
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn speed(&self, times: &Times) -> f64 {
        self.bytes as f64 * 1000.0 / times.median()
    }

    fn json(&self) -> Value {
        let contestants: serde_json::Map<String, Value> = self
            .times
            .iter()
            .map(|(name, times)| {
                let figures = json!({
                    "nanoseconds": times.median(),
                    "spread": times.spread(),
                    "megabytes_per_second": self.speed(times),
                    "times_cordon": self.ratio(name),
                });
                ((*name).to_owned(), figures)
            })
            .collect();
        let best = self.best();
        json!({
            "row": self.name,
            "bytes": self.bytes,
            "contestants": contestants,
            "best_rival": best.map(|(name, _)| name),
            "best_rival_times_cordon": best.map(|(_, ratio)| ratio),
        })
    }
}

/// Prints the table as Markdown.
///
/// # Errors
/// If it cannot be written.
pub fn print(out: &mut dyn Write, lines: &[Line]) -> io::Result<()> {
    let shown = |name: &&&str| lines.iter().any(|line| line.of(name).is_some());
    let columns: Vec<&str> = CONTESTANTS.iter().filter(shown).copied().collect();
    let heads: String = columns.iter().map(|name| format!(" {name} |")).collect();
    writeln!(
        out,
        "| MB/s of body | KB |{heads} memcpy ÷ Cordon | Cordon ÷ serde_json | Cordon ÷ best rival |"
    )?;
    writeln!(out, "|---|--:|{}--:|--:|--:|", "--:|".repeat(columns.len()))?;
    for line in lines {
        write!(out, "| {} | {:.1} |", line.name, kilobytes(line.bytes))?;
        for name in &columns {
            match line.of(name) {
                Some(times) => write!(out, " {:.0} ±{:.0} % |", line.speed(times), times.spread() * 100.0)?,
                None => write!(out, " |")?,
            }
        }
        let times = |ratio: Option<f64>| ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let memcpy = line.ratio("memcpy").map(|ratio| 1.0 / ratio);
        let best = line.best().map(|(name, ratio)| format!("{ratio:.2} ({name})")).unwrap_or_default();
        writeln!(out, " {} | {} | {best} |", times(memcpy), times(line.ratio("serde_json")))?;
    }
    Ok(())
}

/// Prints what long lists cost.
///
/// # Errors
/// If it cannot be written.
pub fn print_lists(out: &mut dyn Write, costs: &[ListCost]) -> io::Result<()> {
    let Some(base) = costs.first() else {
        return Ok(());
    };
    writeln!(out, "\n| listed fields | µs per body | ÷ first | compile, µs | with the first body, µs |")?;
    writeln!(out, "|---|--:|--:|--:|--:|")?;
    for cost in costs {
        writeln!(
            out,
            "| {} | {:.1} ±{:.0} % | {:.3} | {:.0} | {:.0} |",
            cost.name,
            cost.times.median() / 1000.0,
            cost.times.spread() * 100.0,
            cost.times.median() / base.times.median(),
            cost.compile / 1000.0,
            cost.first_body / 1000.0,
        )?;
    }
    Ok(())
}

/// The same figures for programs.
pub fn machine_readable(lines: &[Line], costs: &[ListCost], left_out: &[String], about: &str) -> Value {
    let lists: Vec<Value> = costs
        .iter()
        .map(|cost| {
            json!({
                "name": cost.name,
                "listed": cost.listed,
                "nanoseconds": cost.times.median(),
                "spread": cost.times.spread(),
                "compile_nanoseconds": cost.compile,
                "first_body_nanoseconds": cost.first_body,
            })
        })
        .collect();
    json!({
        "about": about,
        "rows": lines.iter().map(Line::json).collect::<Vec<_>>(),
        "lists": lists,
        "left_out": left_out,
    })
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1000.0
}
