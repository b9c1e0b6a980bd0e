//! Writes a report down: JSON, Markdown and a chart into a folder, and the summary into the README between two marks.

use std::fs;
use std::path::Path;

use crate::figures::Report;
use crate::table::{conditions, goals, page, summary};
use crate::{Fallible, chart};

/// Where the README's figures begin.
pub const BEGIN: &str = "<!-- peers:begin -->";
/// Where they end.
pub const END: &str = "<!-- peers:end -->";

/// Writes all forms of a report into a folder.
///
/// # Errors
/// If that fails.
pub fn write(report: &Report, folder: &Path) -> Fallible<()> {
    fs::create_dir_all(folder)?;
    let file = |ending: &str| folder.join(format!("{}.{ending}", report.section));
    fs::write(file("json"), serde_json::to_string_pretty(report)? + "\n")?;
    fs::write(file("md"), page(report))?;
    fs::write(file("svg"), chart::svg(report)?)?;
    Ok(())
}

/// Puts the summary into a README.
///
/// # Errors
/// If it cannot be written, or has no place for it.
pub fn write_readme(report: &Report, readme: &Path) -> Fallible<()> {
    let text = fs::read_to_string(readme)?;
    fs::write(readme, between_marks(&text, &extract(report))?)?;
    Ok(())
}

fn extract(report: &Report) -> String {
    format!("{}\n{}\n{}", summary(report), goals(report), conditions(report))
}

fn between_marks(text: &str, new: &str) -> Result<String, String> {
    let missing = || format!("there is no place for the figures: {BEGIN} … {END}");
    let (before, rest) = text.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}\n{}\n{END}{after}", new.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Latencies, Row, Series, Turn};
    use crate::goal::GOALS;
    use crate::machine::Machine;
    use crate::peer::{CORDON, LUA, REFERENCE};

    fn report() -> Report {
        let turn = |cpu_micros, p99| {
            let latencies = Latencies { rate: 10.0, p50: Some(50.0), p99: Some(p99), p999: None };
            let at_half = Some(latencies);
            let at_half_of_base = Some(Latencies { p99: Some(3.0 * p99), ..latencies });
            Turn { cpu_micros, peak_rate: 1000.0, peak_memory_kib: 2048, at_half, at_half_of_base }
        };
        let row = |name: &str, turns: [Turn; 3]| Row { name: name.to_owned(), turns: turns.into() };
        let rows = vec![
            row(REFERENCE, [turn(10.0, 100.0), turn(20.0, 110.0), turn(30.0, 120.0)]),
            row(CORDON, [turn(12.0, 180.0), turn(24.0, 150.0), turn(36.0, 300.0)]),
            row(LUA, [turn(48.0, 900.0), turn(96.0, 900.0), turn(144.0, 900.0)]),
        ];
        let series = vec![Series { name: "17 KB".to_owned(), base: REFERENCE.to_owned(), rows }];
        let machine = Machine {
            processor: "A processor".to_owned(),
            cores: 2,
            memory_mib: 1024,
            kernel: "6.1".to_owned(),
            day: "2026-11-22".to_owned(),
            commit: "abc".to_owned(),
            versions: vec!["nginx 1".to_owned()],
        };
        let goals = GOALS.iter().filter_map(|goal| goal.verdict(&series)).collect();
        let left_out = vec!["Envoy: it is missing".to_owned()];
        Report {
            section: "peers",
            title: "Peers",
            machine,
            pace: "3 rounds".to_owned(),
            series,
            goals,
            timings: Vec::new(),
            notes: Vec::new(),
            left_out,
        }
    }

    #[test]
    fn a_report_is_written_in_every_form() {
        let folder = tempfile::tempdir().unwrap();
        write(&report(), folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();

        let json: serde_json::Value = serde_json::from_str(&read("peers.json")).unwrap();
        assert_eq!(json["series"][0]["rows"][1]["turns"][2]["cpu_micros"], 36.0);

        let page = read("peers.md");
        // Each round is compared with its own: 1.2, whatever the machine does.
        assert!(page.contains("| Cordon filter | 24.0 (12.0–36.0) | 1.20 |"), "{page}");
        assert!(page.contains("| 17 KB: Cordon filter ÷ nginx pass ≤ 1.25 | 1.20 | met |"), "{page}");
        assert!(
            page.contains("| 17 KB: nginx + Lua filter ÷ Cordon filter ≥ 5 | 4.00 | **missed** |"),
            "{page}"
        );
        for (load, met) in [("its own", "50.00 | met"), ("nginx pass's", "150.00 | **missed**")] {
            let goal = format!("at half of {load} peak − nginx pass's at half of its own ≤ 100 µs | {met} |");
            assert!(page.contains(&goal), "{goal}: {page}");
        }
        assert!(page.contains("| 180 (150–300) |"), "{page}");
        assert!(page.contains("- Envoy: it is missing"), "{page}");
        assert!(page.contains("A processor") && page.contains("nginx 1"), "{page}");

        let chart = read("peers.svg");
        assert!(chart.starts_with("<svg") && chart.trim_end().ends_with("</svg>"));
        assert!(chart.contains("Cordon filter") && chart.contains("24.0  ×1.20"), "{chart}");
    }

    #[test]
    fn only_what_stands_between_the_marks_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let readme = folder.path().join("README.md");
        fs::write(&readme, format!("above\n{BEGIN}\nold\n{END}\nbelow\n")).unwrap();
        for _ in 0..2 {
            write_readme(&report(), &readme).unwrap();
            let text = fs::read_to_string(&readme).unwrap();
            assert!(text.starts_with(&format!("above\n{BEGIN}\n| µs of CPU")), "{text}");
            assert!(text.ends_with(&format!("\n{END}\nbelow\n")) && !text.contains("old"), "{text}");
            assert!(text.contains("| nginx + Lua filter | 96.0 (4.80) |"), "{text}");
        }
        fs::write(&readme, "no place").unwrap();
        assert!(write_readme(&report(), &readme).is_err());
    }
}
