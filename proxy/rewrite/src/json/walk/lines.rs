//! Bodies of several documents, one on each line: what ends a line belongs to it.

use crate::error::EditError;
use crate::json::held::Window;
use crate::json::trail::START;
use crate::json::walk::{FrameKind, Mode, Walk};
use crate::plan::Plan;
use crate::plan::automaton::Fate;

impl Walk {
    /// Whether the child at hand is a line.
    pub(super) fn is_line(&self) -> bool {
        self.frames.len() == 1 && self.frames[0].kind == FrameKind::Lines
    }

    /// The fate of a line, by its first byte: lines are the elements of an array, which the body is as a whole.
    pub(super) fn line_fate(&self, first: u8) -> Fate {
        match self.learned.trails.get(START).fate(b'[') {
            Fate::Walk => self.learned.trails.get(self.trail).fate(first),
            Fate::Keep => Fate::Keep,
            Fate::Unlisted => Fate::Unlisted,
            _ => Fate::Remove,
        }
    }

    /// Where a child ends whose value ends at `at`, with what ends its line if it is one.
    pub(super) fn behind(&self, window: Window<'_>, at: usize) -> usize {
        if self.is_line() { line_end(window, at).unwrap_or(window.end) } else { at }
    }

    /// A line's value has ended at `at`: its end stays if something of the line does. Lines that are held take theirs
    /// with them.
    pub(super) fn end_line(&mut self, window: Window<'_>, at: usize) -> Result<(), EditError> {
        let end = line_end(window, at);
        if self.line.stays && !self.line.held {
            self.keep(window, at, end.unwrap_or(window.end))?;
        }
        self.mode = if end.is_some() { Mode::Child } else { Mode::LineEnd };
        self.region.begin(end.unwrap_or(window.end), true);
        Ok(())
    }

    /// The end of the body: white space behind the last line stays, and no further record can come.
    pub(crate) fn end_lines(&mut self, plan: &Plan, window: Window<'_>) -> Result<(), EditError> {
        if !self.is_line() || self.ignoring {
            return Ok(());
        }
        if self.mode == Mode::Child {
            let (source, start, end) = self.region.take(window.bytes, window.end);
            self.outlet
                .keep(&source, start, end, &mut self.report)
                .map_err(Walk::failed(window, window.end))?;
        }
        self.finish_sets(plan, true).map_err(Walk::failed(window, window.end))
    }
}

/// Where the line ends whose value ends at `at`: behind its line feed, if that is in the window.
fn line_end(window: Window<'_>, at: usize) -> Option<usize> {
    let rest = &window.bytes[at..window.end];
    let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    (rest.get(blank) == Some(&b'\n')).then_some(at + blank + 1)
}
