//! Judges the records that are held: collects their keys, asks for verdicts in batches, the records of outer sets
//! before those nested in them, and finds the nested records of those that are kept.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::batch::Batch;
use crate::error::{EditError, EditErrorKind};
use crate::judge::{Judge, Scalar, Value, Verdict};
use crate::names::SeenNames;
use crate::plan::automaton::{Automaton, Fate, ROOT};
use crate::plan::rows::Rows;
use crate::plan::{Member, Plan};
use crate::report::Report;
use crate::scan::{ABSENT, SEVERAL, find_records, push_found};
use crate::tree::{Kind, Tree};

/// A held record that waits for its verdict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending<T> {
    pub(crate) set: u32,
    /// The buffer that it lies in.
    pub(crate) tree: T,
    /// Its value's number in the buffer.
    pub(crate) root: u32,
    /// Bytes of the body before the buffer.
    pub(crate) offset: u64,
}

/// A record, held or nested in a held one.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) set: u32,
    /// Its value's number in the held record's buffer.
    pub(crate) at: u32,
    pub(crate) standing: Standing,
    /// The records nested directly in it.
    pub(crate) nested: Range<usize>,
    held: usize,
    around: Option<usize>,
    /// Where its slots begin.
    slots: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Unjudged,
    Dropped,
    /// Kept by this profile.
    Kept(u32),
    /// Kept by this merger of profiles, numbered in the order in which they were met.
    Merged(u64),
}

/// The judging of what is held, with the memory that it uses again.
#[derive(Debug)]
pub(crate) struct Judging<M> {
    records: Vec<Record>,
    by_set: Vec<Vec<usize>>,
    /// For each record the tokens that its keys found.
    slots: Vec<u32>,
    batch: Batch,
    verdicts: Vec<Verdict>,
    mergers: Vec<Arc<Automaton>>,
    merger_places: HashMap<(u32, Vec<u32>), u64>,
    /// Mergers that were forgotten.
    forgotten: u64,
    scratch: String,
    /// Nested records of one record, by their values' numbers, with their sets.
    met: Vec<(u32, u32)>,
    /// For each set what helps to find its keys.
    memos: Vec<M>,
    /// For each set whose records are rows what is known of their columns by now.
    rows: Vec<Option<Rows>>,
}

/// Mergers remembered by an editor.
const MERGERS: usize = 64;

/// Records with their verdicts.
pub(crate) struct Judged<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) records: &'a [Record],
    mergers: &'a [Arc<Automaton>],
    forgotten: u64,
    slots: &'a [u32],
    rows: &'a [Option<Rows>],
}

/// What the judging works on.
pub(crate) struct Docket<'a, T> {
    pub(crate) plan: &'a Plan,
    pub(crate) pending: &'a [Pending<T>],
    pub(crate) batch_records: usize,
}

impl<M: Default> Judging<M> {
    pub(crate) fn new(sets: usize) -> Judging<M> {
        Judging {
            records: Vec::new(),
            by_set: vec![Vec::new(); sets],
            slots: Vec::new(),
            batch: Batch::default(),
            verdicts: Vec::new(),
            mergers: Vec::new(),
            merger_places: HashMap::new(),
            forgotten: 0,
            scratch: String::new(),
            met: Vec::new(),
            memos: (0..sets).map(|_| M::default()).collect(),
            rows: Vec::new(),
        }
    }

    /// Gives up memory that large batches needed, and what is left of their values.
    pub(crate) fn trim(&mut self) {
        self.records.clear();
        self.records.shrink_to(64);
        self.slots.clear();
        self.slots.shrink_to(256);
        self.by_set.iter_mut().for_each(|records| {
            records.clear();
            records.shrink_to(64);
        });
        self.verdicts.clear();
        self.verdicts.shrink_to(64);
        self.batch.trim();
        self.scratch = String::new();
    }

    /// Forgets the columns of another body, and learns those that the plan lists.
    pub(crate) fn begin_rows(&mut self, plan: &Plan) {
        self.rows.clear();
        for (set, rows) in plan.listed_rows() {
            self.learn_rows(set, rows);
        }
    }

    /// Learns the columns of a set's rows.
    pub(crate) fn learn_rows(&mut self, set: u32, rows: Rows) {
        let set = set as usize;
        if self.rows.len() <= set {
            self.rows.resize_with(set + 1, || None);
        }
        self.rows[set] = Some(rows);
    }

    /// Judges all that is held. The first records are the held ones, in their order.
    pub(crate) fn judge<T: Tree<Memo = M>>(
        &mut self,
        docket: &Docket<'_, T>,
        seen: &mut SeenNames,
        judge: &mut dyn Judge,
        report: &mut Report,
    ) -> Result<(), EditError> {
        self.records.clear();
        self.slots.clear();
        self.by_set.iter_mut().for_each(Vec::clear);
        if self.mergers.len() > MERGERS {
            self.forgotten += self.mergers.len() as u64;
            self.mergers.clear();
            self.merger_places.clear();
        }
        for (place, pending) in docket.pending.iter().enumerate() {
            self.add(docket.plan, pending.set, place, pending.root, None);
        }
        for set in 0..self.by_set.len() {
            let members = std::mem::take(&mut self.by_set[set]);
            for batch in members.chunks(docket.batch_records.max(1)) {
                self.judge_batch(docket, (crate::number(set), batch), seen, judge, report)?;
            }
            self.by_set[set] = members;
        }
        Ok(())
    }

    pub(crate) fn judged<'a>(&'a self, plan: &'a Plan) -> Judged<'a> {
        Judged {
            plan,
            records: &self.records,
            mergers: &self.mergers,
            forgotten: self.forgotten,
            slots: &self.slots,
            rows: &self.rows,
        }
    }

    fn add(&mut self, plan: &Plan, set: u32, held: usize, at: u32, around: Option<usize>) {
        let slots = self.slots.len();
        self.slots.resize(slots + plan.sets[set as usize].tree.slots, ABSENT);
        self.by_set[set as usize].push(self.records.len());
        let standing = Standing::Unjudged;
        self.records.push(Record { set, at, standing, nested: 0..0, held, around, slots });
    }

    fn judge_batch<T: Tree<Memo = M>>(
        &mut self,
        docket: &Docket<'_, T>,
        (set, members): (u32, &[usize]),
        seen: &mut SeenNames,
        judge: &mut dyn Judge,
        report: &mut Report,
    ) -> Result<(), EditError> {
        let compiled = &docket.plan.sets[set as usize];
        self.batch.reset(compiled.keys.len());
        let memo = &mut self.memos[set as usize];
        for &member in members {
            let record = &self.records[member];
            let tree = docket.pending[record.held].tree;
            let slots = record.slots..record.slots + compiled.tree.slots;
            let mut keys = &compiled.tree;
            if docket.plan.has_rows(set) {
                let rows = self.rows.get(set as usize).and_then(Option::as_ref);
                let rows = check_row(tree, record.at, rows);
                keys = &rows.map_err(|kind| docket.fault(record, kind))?.keys;
            }
            tree.find_keys(record.at, keys, memo, seen, &mut self.slots[slots])
                .map_err(|found| docket.error(record, found))?;
            for key in &compiled.keys {
                let mut owner = member;
                for _ in 0..key.up {
                    owner = self.records[owner].around.unwrap_or(owner);
                }
                let owner = &self.records[owner];
                let found = self.slots[owner.slots + key.slot];
                if found == SEVERAL {
                    let keys = &docket.plan.sets[owner.set as usize].tree;
                    tree.push_several(owner.at, (keys, key.slot), &mut self.batch, &mut self.scratch);
                } else {
                    push_found(&mut self.batch, tree, found, &mut self.scratch);
                }
            }
            self.batch.end_record();
        }
        let first = &self.records[members[0]];
        let failed = |kind| docket.fault(first, kind);
        self.verdicts.clear();
        judge
            .judge(set, &self.batch, &mut self.verdicts)
            .map_err(|error| failed(EditErrorKind::Judge(error)))?;
        if self.verdicts.len() != members.len() {
            return Err(failed(EditErrorKind::Verdict("not as many verdicts as records")));
        }
        let verdicts = std::mem::take(&mut self.verdicts);
        for (&member, verdict) in members.iter().zip(&verdicts) {
            let standing = self
                .standing(docket.plan, set, verdict)
                .map_err(|kind| docket.fault(&self.records[member], kind))?;
            self.records[member].standing = standing;
            let count = &mut report.sets[set as usize];
            if standing == Standing::Dropped {
                count.dropped += 1;
                continue;
            }
            count.kept += 1;
            if compiled.has_nested {
                self.add_nested(docket, member, seen)?;
            }
        }
        self.verdicts = verdicts;
        Ok(())
    }

    fn standing(&mut self, plan: &Plan, set: u32, verdict: &Verdict) -> Result<Standing, EditErrorKind> {
        const TOO_LARGE: EditErrorKind = EditErrorKind::Verdict("the profile is too large to be compiled");
        const UNKNOWN: EditErrorKind = EditErrorKind::Verdict("no such profile");
        match verdict {
            Verdict::Drop => Ok(Standing::Dropped),
            Verdict::Keep(profile) if !plan.has_profile(set, *profile) => Err(UNKNOWN),
            Verdict::Keep(profile) => {
                plan.profile(set, *profile).map(|_| Standing::Kept(*profile)).ok_or(TOO_LARGE)
            }
            Verdict::KeepMerged(profiles) => {
                if profiles.is_empty() {
                    return Err(EditErrorKind::Verdict("a merger of no profiles"));
                }
                if profiles.iter().any(|&profile| !plan.has_profile(set, profile)) {
                    return Err(UNKNOWN);
                }
                let mut profiles = profiles.clone();
                profiles.sort_unstable();
                profiles.dedup();
                if let [profile] = profiles[..] {
                    return self.standing(plan, set, &Verdict::Keep(profile));
                }
                let sought = (set, profiles);
                if let Some(&place) = self.merger_places.get(&sought) {
                    return Ok(Standing::Merged(place));
                }
                let merged = plan.merged(set, &sought.1).ok_or(TOO_LARGE)?;
                let place = self.forgotten + self.mergers.len() as u64;
                self.merger_places.insert(sought, place);
                self.mergers.push(merged);
                Ok(Standing::Merged(place))
            }
        }
    }

    /// Finds the records nested in one that is kept.
    fn add_nested<T: Tree<Memo = M>>(
        &mut self,
        docket: &Docket<'_, T>,
        member: usize,
        seen: &mut SeenNames,
    ) -> Result<(), EditError> {
        let Record { held, at, .. } = self.records[member];
        let merged;
        let automaton = match self.records[member].standing {
            Standing::Kept(profile) => docket.plan.profile(self.records[member].set, profile),
            Standing::Merged(place) => {
                merged = Arc::clone(&self.mergers[at_hand(place, self.forgotten)]);
                Some(&*merged)
            }
            Standing::Unjudged | Standing::Dropped => None,
        };
        let Some(automaton) = automaton else { return Ok(()) };
        let start = self.records.len();
        if let Some(members) = &docket.plan.sets[self.records[member].set as usize].members {
            self.add_members(docket, member, (automaton, members));
        } else {
            let mut add = |set, nested| self.add(docket.plan, set, held, nested, Some(member));
            let found = find_records(docket.pending[held].tree, automaton, (ROOT, at), seen, &mut add);
            found.map_err(|found| docket.error(&self.records[member], found))?;
        }
        self.records[member].nested = start..self.records.len();
        Ok(())
    }

    /// Adds the nested records that the search for keys has found, as far as the profile lets them stand.
    fn add_members<T: Tree<Memo = M>>(
        &mut self,
        docket: &Docket<'_, T>,
        member: usize,
        (automaton, members): (&Automaton, &[Member]),
    ) {
        let Record { held, slots, .. } = self.records[member];
        let tree = docket.pending[held].tree;
        let mut met = std::mem::take(&mut self.met);
        met.extend(members.iter().filter_map(|inner| {
            let at = self.slots[slots + inner.slot];
            let node = automaton.node(automaton.member(ROOT, &inner.name));
            (at != ABSENT && node.fate(tree.kind(at)) == Fate::Record(inner.set)).then_some((at, inner.set))
        }));
        // In the body's order.
        met.sort_unstable();
        for (at, set) in met.drain(..) {
            self.add(docket.plan, set, held, at, Some(member));
        }
        self.met = met;
    }
}

impl Standing {
    /// A number that no other standing of the same set has.
    pub(crate) fn number(self) -> u64 {
        match self {
            Standing::Unjudged | Standing::Dropped => u64::MAX,
            Standing::Kept(profile) => u64::from(profile),
            Standing::Merged(place) => (1 << 32) + place,
        }
    }
}

/// Where a merger stands among those that were not forgotten.
fn at_hand(place: u64, forgotten: u64) -> usize {
    usize::try_from(place - forgotten).unwrap_or(usize::MAX)
}

/// Refuses a row whose columns are not known, or that has not a cell for each.
fn check_row<T: Tree>(tree: T, at: u32, rows: Option<&Rows>) -> Result<&Rows, EditErrorKind> {
    let Some(rows) = rows else {
        return Err(EditErrorKind::Malformed("a row stands before the names of its columns"));
    };
    if tree.kind(at) != Kind::Array || tree.children(at).count() != rows.names.len() {
        return Err(EditErrorKind::Malformed("a row has not one cell for each column"));
    }
    Ok(rows)
}

impl<'a> Judged<'a> {
    /// The columns of a set's rows.
    pub(crate) fn rows(&self, set: u32) -> Option<&'a Rows> {
        self.rows.get(set as usize)?.as_ref()
    }

    /// The automaton of a record that is kept.
    pub(crate) fn automaton(&self, record: usize) -> Option<&'a Automaton> {
        match self.records[record].standing {
            Standing::Kept(profile) => self.plan.profile(self.records[record].set, profile),
            Standing::Merged(place) => Some(&self.mergers[at_hand(place, self.forgotten)]),
            Standing::Unjudged | Standing::Dropped => None,
        }
    }

    /// The number of kept records of a set that lie in a record, at any depth.
    pub(crate) fn count_kept(&self, record: usize, set: u32) -> u64 {
        let kept = |&nested: &usize| self.records[nested].standing != Standing::Dropped;
        let nested = self.records[record].nested.clone().filter(kept);
        nested.map(|nested| u64::from(self.records[nested].set == set) + self.count_kept(nested, set)).sum()
    }

    /// A record's keys for people to read.
    pub(crate) fn display_keys<T: Tree>(&self, record: usize, tree: T) -> Vec<String> {
        let keys = &self.plan.sets[self.records[record].set as usize].keys;
        let mut batch = Batch::new(keys.len());
        let mut scratch = String::new();
        for key in keys {
            let mut owner = record;
            for _ in 0..key.up {
                owner = self.records[owner].around.unwrap_or(owner);
            }
            let owner = &self.records[owner];
            let found = self.slots[owner.slots + key.slot];
            if found == SEVERAL {
                let keys = &self.plan.sets[owner.set as usize].tree;
                tree.push_several(owner.at, (keys, key.slot), &mut batch, &mut scratch);
            } else {
                push_found(&mut batch, tree, found, &mut scratch);
            }
        }
        batch.end_record();
        (0..keys.len()).map(|key| display(&batch.value(0, key))).collect()
    }
}

/// A value for people to read on a terminal, which must not take its characters for commands.
fn display(value: &Value<'_>) -> String {
    let harmless = |character: char| match character.is_control() {
        true => character.escape_unicode().to_string(),
        false => character.to_string(),
    };
    let scalar = |scalar: &Scalar<'_>| match *scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Boolean(value) => value.to_string(),
        Scalar::Number(text) | Scalar::Text(text) => text.chars().map(harmless).collect(),
    };
    match value {
        Value::Absent => "absent".to_owned(),
        Value::Composite => "{…}".to_owned(),
        Value::One(one) => scalar(one),
        Value::Many(many) => format!("[{}]", many.iter().map(scalar).collect::<Vec<_>>().join(", ")),
    }
}

impl<T: Tree> Docket<'_, T> {
    /// An error that concerns a record as a whole.
    fn fault(&self, record: &Record, kind: EditErrorKind) -> EditError {
        self.error(record, (kind, self.pending[record.held].tree.start(record.at)))
    }

    fn error(&self, record: &Record, (kind, position): (EditErrorKind, u32)) -> EditError {
        EditError { offset: self.pending[record.held].offset + u64::from(position), kind }
    }
}
