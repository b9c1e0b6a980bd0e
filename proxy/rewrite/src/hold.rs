//! Output that cannot go out yet: behind a total that stands before its records (H34), or all of it until the sole
//! record is judged (H36).

use std::collections::VecDeque;

use crate::place::Spot;
use crate::report::Report;

/// A total that stands before its records, by number.
pub(crate) type TotalId = usize;

/// What is held back.
#[derive(Debug)]
pub(crate) struct Hold {
    /// Whether nothing may go out yet.
    gated: bool,
    parts: VecDeque<Part>,
    totals: Vec<Total>,
    bytes: usize,
}

#[derive(Debug)]
struct Total {
    set: u32,
    pattern: String,
    concrete: Option<String>,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Waiting,
    Counted(u64),
    Removed,
}

#[derive(Debug)]
enum Part {
    Text(Vec<u8>),
    Lead { total: Option<TotalId>, lead: Lead },
}

/// What stands before a child whose predecessors, all of them totals, may come to be removed.
#[derive(Debug, Default)]
pub(crate) struct Lead {
    /// The totals before it in its container.
    pub(crate) before: Vec<TotalId>,
    /// What it is if one of them stays.
    pub(crate) behind_some: Vec<u8>,
    /// What it is if the child comes first.
    pub(crate) first: Vec<u8>,
}

impl Hold {
    pub(crate) fn new(gated: bool) -> Hold {
        Hold { gated, parts: VecDeque::new(), totals: Vec::new(), bytes: 0 }
    }

    /// Whether output must come here.
    pub(crate) fn is_active(&self) -> bool {
        self.gated || !self.parts.is_empty()
    }

    pub(crate) fn is_gated(&self) -> bool {
        self.gated
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        self.bytes += text.len();
        if let Some(Part::Text(last)) = self.parts.back_mut() {
            last.extend_from_slice(text);
        } else if !text.is_empty() {
            self.parts.push_back(Part::Text(text.to_vec()));
        }
    }

    /// Holds what stands before a child, or before a closing bracket.
    pub(crate) fn lead(&mut self, lead: Lead) {
        self.bytes += lead.size();
        self.parts.push_back(Part::Lead { total: None, lead });
    }

    /// Holds the place of a total and what stands before it.
    pub(crate) fn total(&mut self, set: u32, place: Spot<'_>, lead: Lead) -> TotalId {
        self.bytes += lead.size();
        let total = self.totals.len();
        self.totals.push(Total {
            set,
            pattern: place.pattern.to_owned(),
            concrete: place.concrete.map(str::to_owned),
            fate: Fate::Waiting,
        });
        self.parts.push_back(Part::Lead { total: Some(total), lead });
        total
    }

    /// Whether a total stays, if that is known.
    pub(crate) fn stays(&self, total: TotalId) -> Option<bool> {
        match self.totals[total].fate {
            Fate::Waiting => None,
            Fate::Counted(_) => Some(true),
            Fate::Removed => Some(false),
        }
    }

    /// All records of a set have been judged.
    pub(crate) fn resolve(&mut self, set: u32, count: u64) {
        for total in self.totals.iter_mut().filter(|total| total.set == set && total.fate == Fate::Waiting) {
            total.fate = Fate::Counted(count);
        }
    }

    /// Gives up the first total that waits, which is counted as removed. None waits: false.
    pub(crate) fn give_up(&mut self, report: &mut Report) -> bool {
        let waiting = self.totals.iter_mut().find(|total| total.fate == Fate::Waiting);
        let Some(total) = waiting else { return false };
        total.fate = Fate::Removed;
        report.removed.add(&total.pattern);
        if let Some(place) = &total.concrete {
            report.give_up_total(place);
        }
        true
    }

    pub(crate) fn open_gate(&mut self) {
        self.gated = false;
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        self.parts.clear();
        self.bytes = 0;
    }

    /// Takes what can go out.
    pub(crate) fn drain(&mut self, mut out: impl FnMut(Vec<u8>)) {
        while !self.gated
            && let Some(part) = self.parts.pop_front()
        {
            match part {
                Part::Text(text) => {
                    self.bytes -= text.len();
                    out(text);
                }
                Part::Lead { total, lead } => {
                    let waits = |total: &TotalId| self.totals[*total].fate == Fate::Waiting;
                    if total.as_ref().is_some_and(waits) || lead.before.iter().any(waits) {
                        self.parts.push_front(Part::Lead { total, lead });
                        return;
                    }
                    self.bytes -= lead.size();
                    if let Some(text) = self.render(total, lead) {
                        out(text);
                    }
                }
            }
        }
    }

    fn render(&self, total: Option<TotalId>, lead: Lead) -> Option<Vec<u8>> {
        let stays = |&total: &TotalId| matches!(self.totals[total].fate, Fate::Counted(_));
        let mut text = if lead.before.iter().any(stays) { lead.behind_some } else { lead.first };
        if let Some(total) = total {
            let Fate::Counted(count) = self.totals[total].fate else {
                return None;
            };
            text.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
        }
        Some(text)
    }
}

impl Lead {
    fn size(&self) -> usize {
        self.behind_some.len().max(self.first.len())
    }
}
