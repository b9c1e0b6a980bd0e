//! Figures as a picture: a panel for each series, a bar for each row.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Fallible;
use crate::figures::{Report, Series};
use crate::statistics::Spread;

const WIDTH: i32 = 480;
const TITLE: i32 = 44;
const BAR: i32 = 24;
const LABELS: i32 = 150;
const FIGURES: i32 = 110;

/// CPU per response as SVG.
///
/// # Errors
/// If it cannot be drawn.
pub fn svg(report: &Report) -> Fallible<String> {
    let bars = report.series.iter().map(|series| series.rows.len()).max().unwrap_or(0);
    let panel = TITLE + BAR * i32::try_from(bars)? + 16;
    let lines = i32::try_from(report.series.len().div_ceil(2))?;
    let (width, height) = (WIDTH * 2, TITLE + panel * lines);
    let mut text = String::new();
    {
        let size = (u32::try_from(width)?, u32::try_from(height)?);
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&WHITE)?;
        let heading = style(18, &BLACK, HPos::Left);
        root.draw_text(
            "CPU time of the proxy per response, µs: median, line from least to most",
            &heading,
            (16, 24),
        )?;
        for (number, series) in (0..).zip(&report.series) {
            let corner = ((number % 2) * WIDTH, TITLE + (number / 2) * panel);
            draw(&root, series, corner)?;
        }
        root.present()?;
    }
    Ok(text)
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    series: &Series,
    (left, top): (i32, i32),
) -> Fallible<()> {
    root.draw_text(&series.name, &style(15, &BLACK, HPos::Left), (left + 16, top + 20))?;
    let rows: Vec<(&str, Spread, f64)> = series
        .rows
        .iter()
        .filter_map(|row| {
            let cpu = row.spread(|turn| Some(turn.cpu_micros))?;
            Some((row.name.as_str(), cpu, series.ratio(&row.name, &series.base)?.median))
        })
        .collect();
    let most = rows.iter().map(|(_, cpu, _)| cpu.most).fold(f64::MIN_POSITIVE, f64::max);
    let from = left + LABELS;
    #[expect(clippy::cast_possible_truncation, reason = "a part of the width")]
    let at = |micros: f64| from + (f64::from(WIDTH - LABELS - FIGURES) * micros / most).round() as i32;
    for (number, (name, cpu, ratio)) in (0..).zip(rows) {
        let middle = top + TITLE + number * BAR;
        let colour = if name.starts_with("Cordon") { RGBColor(0, 110, 140) } else { RGBColor(150, 150, 150) };
        root.draw_text(name, &style(12, &BLACK, HPos::Right), (from - 8, middle))?;
        let bar = [(from, middle - 8), (at(cpu.median), middle + 8)];
        root.draw(&Rectangle::new(bar, colour.filled()))?;
        root.draw(&PathElement::new([(at(cpu.least), middle), (at(cpu.most), middle)], BLACK))?;
        let figure = format!("{:.1}  ×{ratio:.2}", cpu.median);
        root.draw_text(&figure, &style(12, &BLACK, HPos::Left), (at(cpu.most) + 6, middle))?;
    }
    Ok(())
}

fn style(size: u32, colour: &RGBColor, side: HPos) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(size), FontStyle::Normal);
    font.color(colour).pos(Pos::new(side, VPos::Center))
}
