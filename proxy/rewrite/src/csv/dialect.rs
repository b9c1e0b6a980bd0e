//! How a plan's CSV is written, and which plans CSV cannot have.

use std::collections::HashSet;

use crate::csv::cell::{self, Style, Unwritable};
use crate::csv::encoding::Encoding;
use crate::error::PlanError;
use crate::plan::automaton::{Automaton, Fate, ROOT};
use crate::plan::path::{Path, Selector};
use crate::spec::{Action, BodyPlan, Edit, Mask};

/// How CSV is written, checked.
#[derive(Debug)]
pub(crate) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) encoding: Encoding,
}

impl Dialect {
    /// Checks what a plan says of its CSV, and that it asks for nothing that CSV does not have.
    pub(crate) fn compile(spec: &BodyPlan) -> Result<Dialect, PlanError> {
        let csv = &spec.csv;
        if !matches!(csv.delimiter, b',' | b';' | b'\t') {
            return invalid("CSV: the delimiter is `,`, `;` or a tab");
        }
        let Some(encoding) = Encoding::find(&csv.encoding) else {
            return invalid("CSV: the encoding is utf-8 or one of a single byte for each character");
        };
        let mut names = HashSet::new();
        for name in &csv.columns {
            if name.is_empty() || !names.insert(name) {
                return invalid("CSV: a column's name is empty or stands twice in the list");
            }
        }
        if !spec.embedded.is_empty() {
            return invalid("CSV: JSON in cells cannot be edited yet");
        }
        let dialect = Dialect { delimiter: csv.delimiter, encoding };
        for edit in &spec.outside {
            dialect.check_edit(edit)?;
        }
        for set in &spec.sets {
            if set.within.is_some() || set.columns.is_some() {
                return invalid("CSV: the records are the rows, with nothing in them but cells");
            }
            if !is_row(&Path::parse(&set.path)?) {
                return invalid("CSV: the path of a set is `$[*]`, or that of one row such as `$[0]`");
            }
            for key in &set.keys {
                if !is_column(&Path::parse(&key.path)?) {
                    return invalid("CSV: a key is a column, such as `$.project`");
                }
            }
            for edit in set.profiles.iter().flatten() {
                dialect.check_edit(edit)?;
                if matches!(edit.action, Action::Mask(_)) && Path::parse(&edit.path)?.steps.is_empty() {
                    return invalid(ROW_MASK);
                }
            }
        }
        Ok(dialect)
    }

    fn check_edit(&self, edit: &Edit) -> Result<(), PlanError> {
        match &edit.action {
            Action::Recount(_) => invalid("CSV: there is no total, neither outside the rows nor in one"),
            Action::Mask(mask) => self.check_mask(mask),
            Action::Only(names) => names.mask.iter().try_for_each(|masked| self.check_mask(&masked.mask)),
            Action::Entries(entries) => {
                entries.names.mask.iter().try_for_each(|masked| self.check_mask(&masked.mask))
            }
            Action::Keep | Action::KeepAll | Action::Remove => Ok(()),
        }
    }

    fn check_mask(&self, mask: &Mask) -> Result<(), PlanError> {
        let Mask::Fixed(text) = mask else {
            return Ok(());
        };
        match cell::write(text, Style::default(), &self.encoding, &mut Vec::new()) {
            Ok(()) => Ok(()),
            Err(Unwritable::Control) => invalid("CSV: a mask holds a control character"),
            Err(Unwritable::Encoding) => invalid("CSV: a mask holds a character that the encoding lacks"),
        }
    }
}

/// Checks that what is compiled from the edits outside records masks cells only.
pub(crate) fn check_outside(outside: &Automaton) -> Result<(), PlanError> {
    let table = outside.node(ROOT);
    let rows = table.elements.values().chain([&table.element]);
    let mut fates = rows.map(|&row| outside.node(row).object).chain([table.array]);
    if fates.any(|fate| matches!(fate, Fate::Mask(_))) {
        return invalid(ROW_MASK);
    }
    Ok(())
}

const ROW_MASK: &str = "CSV: a mask takes the place of a cell, such as `$[*].phone` or, for all of them, `$[*].*`; \
                        none can take that of a row";

fn is_row(path: &Path) -> bool {
    matches!(&path.steps[..], [step] if !step.descends && !matches!(step.selector, Selector::Name(_)))
}

fn is_column(path: &Path) -> bool {
    matches!(&path.steps[..], [step] if !step.descends && matches!(step.selector, Selector::Name(_)))
}

fn invalid<T>(message: &str) -> Result<T, PlanError> {
    Err(PlanError::Invalid(message.to_owned()))
}
