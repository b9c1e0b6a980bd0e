//! What becomes of the cells of a row: worked out once for each way in which rows are kept, and used for every row
//! that is kept so.

use std::collections::HashMap;

use crate::csv::cell;
use crate::csv::dialect::Dialect;
use crate::csv::header::Header;
use crate::place::Place;
use crate::plan::Plan;
use crate::plan::automaton::{Automaton, Fate, Node, NodeId, ROOT};
use crate::report::{DifferenceKind, PathCounts, Report};
use crate::spec::Mask;

/// A table's columns, and which of them are left.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) header: Header,
    pub(super) shown: Vec<bool>,
    /// How many are left. If none, nothing of the table is.
    pub(super) width: usize,
}

/// What becomes of a row. Delimiters stand between the parts.
#[derive(Debug, Default)]
pub(super) struct Fates {
    pub(super) parts: Vec<Part>,
    pub(super) effects: Vec<Effect>,
    /// Whether the policy masks some of the cells itself.
    pub(super) has_own: bool,
    /// Whether the row stays at all.
    pub(super) stays: bool,
    /// Rows not counted yet.
    rows: u64,
}

/// A part of what is left of a row.
#[derive(Debug)]
pub(super) enum Part {
    /// These columns, side by side, as they are.
    Keep { first: usize, last: usize },
    /// The cell is empty.
    Empty,
    /// The cell is always this.
    Fixed(Box<[u8]>),
    /// The cell is masked by the automaton's mask of this number.
    Mask { column: usize, mask: u32 },
    /// The cell is masked by the policy, by its mask of this number.
    Own { column: usize, number: u32 },
}

/// A difference that each row makes.
#[derive(Debug)]
pub(super) struct Effect {
    /// The column, or the row as a whole.
    pub(super) column: Option<usize>,
    pub(super) kind: EffectKind,
    pub(super) certain: Certainty,
}

/// Whether an effect is the same for each row.
#[derive(Debug)]
pub(super) enum Certainty {
    /// It is, and counted at this place among the counts of its kind.
    Always(usize),
    /// The mask of this number may find nothing to hide. What it hides is counted under the path.
    Sometimes(u32, Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EffectKind {
    Removed,
    /// By the mask of this number.
    Masked(u32),
    Unlisted,
}

/// The fates met so far.
#[derive(Debug, Default)]
pub(super) struct FateTable {
    fates: Vec<Fates>,
    known: HashMap<Way, usize>,
    /// The last way met, in which the next row often is kept too.
    last: Option<(Way, usize)>,
}

/// A way in which rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// Outside records, by the automaton's node of the row.
    Outside(NodeId),
    /// As a record of this set, by the number of its standing.
    Record(u32, u64),
}

/// Fates remembered at the most.
const FATES: usize = 4096;

impl Table {
    /// A table with these columns, of which those are left that any of its rows can show.
    pub(super) fn new(plan: &Plan, header: Header) -> Table {
        let outside = &plan.outside;
        let root = outside.node(ROOT);
        let mut shown = vec![false; header.names.len()];
        let mut rows = vec![ROOT];
        if root.array == Fate::Walk {
            rows = root.elements.values().copied().chain([root.element]).collect();
        }
        for row in rows {
            match outside.node(row).object {
                Fate::Keep => shown.fill(true),
                Fate::Walk => {
                    for (name, shown) in header.names.iter().zip(&mut shown) {
                        *shown |= passes(outside.node(outside.member(row, name)));
                    }
                }
                Fate::Record(set) => {
                    let of_set = plan.shown_columns(set, &header.names, passes);
                    shown.iter_mut().zip(&*of_set).for_each(|(shown, of_set)| *shown |= of_set);
                }
                _ => {}
            }
        }
        let width = shown.iter().filter(|&&shown| shown).count();
        Table { header, shown, width }
    }
}

/// Whether something comes out of a cell.
fn passes(node: &Node) -> bool {
    matches!(node.scalar, Fate::Keep | Fate::Mask(_))
}

impl Fates {
    /// What the names of the columns become.
    pub(super) fn of_names(table: &Table) -> Fates {
        let mut fates = Fates { stays: true, ..Fates::default() };
        (0..table.shown.len()).filter(|&column| table.shown[column]).for_each(|column| fates.keep(column));
        fates
    }

    /// What the automaton says of a row that leads to `id`.
    fn new(
        automaton: &Automaton,
        id: NodeId,
        Basis { table, dialect }: Basis<'_>,
        report: &mut Report,
    ) -> Fates {
        let mut fates = Fates { stays: true, ..Fates::default() };
        let mut place = Place::new(false);
        place.push_index(0);
        match automaton.node(id).object {
            Fate::Keep => (0..table.shown.len()).for_each(|column| fates.keep(column)),
            Fate::Walk => {
                for (column, name) in table.header.names.iter().enumerate() {
                    let cell = automaton.node(automaton.member(id, name)).scalar;
                    let mark = place.mark();
                    place.push_name(name);
                    let mut effect = |kind| Effect::new(Some(column), kind, &place, report);
                    let shown = table.shown[column];
                    match cell {
                        Fate::Keep if shown => fates.keep(column),
                        Fate::Mask(number) if shown => {
                            let mask = automaton.mask(number).spec();
                            fates.mask(column, (number, mask), table.header.style(column), dialect);
                            match mask {
                                Mask::Patterns(_) => fates.effects.push(Effect {
                                    column: Some(column),
                                    kind: EffectKind::Masked(number),
                                    certain: Certainty::Sometimes(number, place.pattern().into()),
                                }),
                                _ => fates.effects.push(effect(EffectKind::Masked(number))),
                            }
                        }
                        _ => {
                            let kind = match cell {
                                Fate::Remove => EffectKind::Removed,
                                _ => EffectKind::Unlisted,
                            };
                            fates.effects.push(effect(kind));
                            if shown {
                                fates.parts.push(Part::Empty);
                            }
                        }
                    }
                    place.back(mark);
                }
            }
            gone => {
                fates.stays = false;
                let kind = if gone == Fate::Remove { EffectKind::Removed } else { EffectKind::Unlisted };
                fates.effects.push(Effect::new(None, kind, &place, report));
            }
        }
        fates
    }

    fn keep(&mut self, column: usize) {
        match self.parts.last_mut() {
            Some(Part::Keep { last, .. }) if *last + 1 == column => *last = column,
            _ => self.parts.push(Part::Keep { first: column, last: column }),
        }
    }

    fn mask(&mut self, column: usize, (number, mask): (u32, &Mask), style: cell::Style, dialect: &Dialect) {
        self.parts.push(match mask {
            Mask::Own(number) => {
                self.has_own = true;
                Part::Own { column, number: *number }
            }
            Mask::Null => Part::Empty,
            Mask::Fixed(text) => {
                let mut cell = Vec::new();
                // A text that cannot be written was refused when the plan was compiled.
                match cell::write(text, style, &dialect.encoding, &mut cell) {
                    Ok(()) => Part::Fixed(cell.into()),
                    Err(_) => Part::Empty,
                }
            }
            Mask::KeepLast(_) | Mask::Hash | Mask::Patterns(_) => Part::Mask { column, mask: number },
        });
    }
}

impl Effect {
    fn new(column: Option<usize>, kind: EffectKind, place: &Place, report: &mut Report) -> Effect {
        Effect { column, kind, certain: Certainty::Always(kind.counts(report).place(place.pattern())) }
    }
}

impl EffectKind {
    fn counts(self, report: &mut Report) -> &mut PathCounts {
        match self {
            EffectKind::Removed => &mut report.removed,
            EffectKind::Masked(_) => &mut report.masked,
            EffectKind::Unlisted => &mut report.unlisted,
        }
    }

    pub(super) fn difference(self, automaton: &Automaton) -> DifferenceKind {
        match self {
            EffectKind::Removed => DifferenceKind::Removed,
            EffectKind::Masked(mask) => DifferenceKind::Masked { by: automaton.mask(mask).spec().clone() },
            EffectKind::Unlisted => DifferenceKind::Unlisted,
        }
    }
}

/// What fates are worked out from, beside the automaton.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    pub(super) table: &'a Table,
    pub(super) dialect: &'a Dialect,
}

impl FateTable {
    /// The fates of a row that is kept in a way, which the automaton's node says.
    pub(super) fn find(
        &mut self,
        way: Way,
        (automaton, id): (&Automaton, NodeId),
        basis: Basis<'_>,
        report: &mut Report,
    ) -> &Fates {
        let number = match self.last {
            Some((last, number)) if last == way => number,
            _ => match self.known.get(&way) {
                Some(&number) => number,
                None => {
                    self.fates.push(Fates::new(automaton, id, basis, report));
                    self.known.insert(way, self.fates.len() - 1);
                    self.fates.len() - 1
                }
            },
        };
        self.last = Some((way, number));
        self.fates[number].rows += 1;
        &self.fates[number]
    }

    /// Counts what was done to the rows since the last time.
    pub(super) fn count(&mut self, report: &mut Report) {
        for fates in self.fates.iter_mut().filter(|fates| fates.rows > 0) {
            for effect in &fates.effects {
                if let Certainty::Always(place) = effect.certain {
                    effect.kind.counts(report).add_several_at(place, fates.rows);
                }
            }
            fates.rows = 0;
        }
        if self.fates.len() > FATES {
            *self = FateTable::default();
        }
    }
}
