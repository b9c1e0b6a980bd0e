//! What a plan means, said naively over a tree: paths are matched against each place from the beginning, nothing is
//! compiled and nothing streams.

use std::collections::HashMap;

use cordon_rewrite::{Action, Entries, Mask, Names, Verdict};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};

use super::generate::{Drawn, Step};
use super::places::{Child, display, find, goes_on, matches};

/// What came of a body.
#[derive(Debug, Default)]
pub struct Verdicts {
    pub kept: Vec<u64>,
    pub dropped: Vec<u64>,
    pub removed: u64,
    pub masked: u64,
    pub unlisted: u64,
}

pub struct Oracle<'a> {
    pub plan: &'a Drawn,
    pub judge: &'a dyn Fn(usize, &[String]) -> Verdict,
    pub hash_key: [u8; 32],
    pub counts: Verdicts,
    /// What a total outside records becomes.
    totals: Vec<u64>,
}

/// The edits of one profile, or those outside records.
type Edits = [(Vec<Step>, Action)];

/// Strictest first.
#[derive(Clone, Debug, PartialEq)]
enum Fate {
    Record(usize),
    Keep,
    Walk,
    Recount(usize),
    Mask(Mask),
    Remove,
    /// A total's place that holds no number.
    NoTotal,
    Unlisted,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Passes {
    Nothing,
    Scalars,
    All,
}

#[derive(Clone, Debug, PartialEq)]
enum Listed {
    Remove,
    Mask(Mask),
    Keep,
}

/// What a place says of its children.
#[derive(Clone, Debug)]
struct Says<'a> {
    fate: Fate,
    to_members: Passes,
    to_elements: Passes,
    lists: Vec<HashMap<&'a str, Listed>>,
    onlys: Vec<&'a Names>,
    entries: Vec<&'a Entries>,
}

impl Oracle<'_> {
    pub fn new<'a>(plan: &'a Drawn, judge: &'a dyn Fn(usize, &[String]) -> Verdict) -> Oracle<'a> {
        Oracle {
            plan,
            judge,
            hash_key: [7; 32],
            counts: Verdicts::default(),
            totals: vec![0; plan.sets.len()],
        }
    }

    /// The body's remains, or none if a sole record is missing.
    pub fn edit(&mut self, body: &Value) -> Option<Value> {
        self.totals = vec![0; self.plan.sets.len()];
        self.pass(body);
        self.totals.clone_from(&self.counts.kept);
        let remains = self.pass(body);
        let missing = self.plan.sets.iter().zip(&self.counts.kept).any(|(set, &kept)| set.sole && kept == 0);
        (!missing).then_some(remains)
    }

    fn pass(&mut self, body: &Value) -> Value {
        let sets = self.plan.sets.len();
        self.counts = Verdicts { kept: vec![0; sets], dropped: vec![0; sets], ..Verdicts::default() };
        let totals = self.totals.clone();
        let plan = self.plan;
        self.scope(&[&plan.outside], None, body, &[], &totals).unwrap_or(Value::Null)
    }

    /// The remains of a body or record.
    fn scope(
        &mut self,
        profiles: &[&Edits],
        set: Option<usize>,
        value: &Value,
        around: &[&Value],
        totals: &[u64],
    ) -> Option<Value> {
        let says: Vec<Says<'_>> =
            profiles.iter().map(|edits| self.says(edits, set, &[], value, None)).collect();
        self.value(profiles, set, (value, &mut Vec::new()), &says, (around, totals))
    }

    fn value(
        &mut self,
        profiles: &[&Edits],
        set: Option<usize>,
        (value, place): (&Value, &mut Vec<Child>),
        says: &[Says<'_>],
        (around, totals): (&[&Value], &[u64]),
    ) -> Option<Value> {
        let fates: Vec<&Fate> = says.iter().map(|says| &says.fate).collect();
        match best(&fates) {
            Fate::Keep => Some(value.clone()),
            Fate::Unlisted => {
                self.counts.unlisted += 1;
                None
            }
            Fate::Remove | Fate::NoTotal => {
                self.counts.removed += 1;
                None
            }
            Fate::Mask(mask) => {
                self.counts.masked += 1;
                Some(self.mask(&mask, value))
            }
            Fate::Recount(counted) => Some(Value::Number(totals[counted].into())),
            Fate::Record(nested) => self.record(nested, value, around),
            Fate::Walk => {
                let mut walk = |child: Child, value: &Value| {
                    place.push(child.clone());
                    let says: Vec<Says<'_>> = profiles
                        .iter()
                        .zip(says)
                        .map(|(edits, parent)| self.says(edits, set, place, value, Some((parent, &child))))
                        .collect();
                    let remains = self.value(profiles, set, (value, place), &says, (around, totals));
                    place.pop();
                    remains
                };
                match value {
                    Value::Object(members) => {
                        let mut remains = Map::new();
                        for (name, value) in members {
                            if let Some(value) = walk(Child::Name(name.clone()), value) {
                                remains.insert(name.clone(), value);
                            }
                        }
                        Some(Value::Object(remains))
                    }
                    Value::Array(elements) => {
                        let elements = elements.iter().enumerate();
                        Some(elements.filter_map(|(index, value)| walk(Child::Index(index), value)).collect())
                    }
                    _ => panic!("a scalar is not walked"),
                }
            }
        }
    }

    fn record(&mut self, set: usize, record: &Value, around: &[&Value]) -> Option<Value> {
        let plan = self.plan;
        let chain: Vec<&Value> = std::iter::once(record).chain(around.iter().copied()).collect();
        let keys: Vec<String> =
            plan.sets[set].keys.iter().map(|(path, up)| display(find(chain[*up], path))).collect();
        let chosen = match (self.judge)(set, &keys) {
            Verdict::Drop => {
                self.counts.dropped[set] += 1;
                return None;
            }
            Verdict::Keep(profile) => vec![profile],
            Verdict::KeepMerged(profiles) => profiles,
        };
        self.counts.kept[set] += 1;
        let profiles: Vec<&Edits> =
            chosen.iter().map(|&profile| &plan.sets[set].profiles[profile as usize][..]).collect();
        // Once to count the records in it, then with the counts.
        let before = std::mem::take(&mut self.counts);
        let sets = plan.sets.len();
        self.counts = Verdicts { kept: vec![0; sets], dropped: vec![0; sets], ..Verdicts::default() };
        self.scope(&profiles, Some(set), record, &chain, &vec![0; sets]);
        let totals = std::mem::replace(&mut self.counts, before).kept;
        self.scope(&profiles, Some(set), record, &chain, &totals)
    }

    /// What one profile says of a place.
    fn says<'a>(
        &self,
        edits: &'a Edits,
        set: Option<usize>,
        place: &[Child],
        value: &Value,
        parent: Option<(&Says<'a>, &Child)>,
    ) -> Says<'a> {
        let mut says = Says {
            fate: Fate::Unlisted,
            to_members: Passes::Nothing,
            to_elements: Passes::Nothing,
            lists: vec![],
            onlys: vec![],
            entries: vec![],
        };
        let mut passes = Passes::Nothing;
        let mut listed = None;
        let mut lists = Vec::new();
        let mut entries_of: &[&Entries] = &[];
        if let Some((parent, child)) = parent {
            match parent.fate {
                Fate::Walk => {}
                Fate::Keep | Fate::Remove => {
                    says.fate = parent.fate.clone();
                    return says;
                }
                _ => return says,
            }
            match child {
                Child::Name(name) => {
                    passes = parent.to_members;
                    listed = combine(&parent.lists, name);
                }
                Child::Index(_) => {
                    passes = parent.to_elements;
                    lists.extend(parent.onlys.iter().map(|names| list(names)));
                    entries_of = &parent.entries;
                }
            }
        }
        let acts: Vec<&'a Action> =
            edits.iter().filter(|(path, _)| matches(path, place)).map(|(_, action)| action).collect();
        let inner = |(_, spec): &(usize, &super::generate::DrawnSet)| spec.within == set;
        let sets: Vec<_> = self.plan.sets.iter().enumerate().filter(inner).collect();
        if acts.contains(&&Action::Remove) || listed == Some(Listed::Remove) {
            says.fate = Fate::Remove;
            return says;
        }
        let listed_mask = match &listed {
            Some(Listed::Mask(mask)) => Some(mask),
            _ => None,
        };
        let masks = acts.iter().filter_map(|action| match action {
            Action::Mask(mask) => Some(mask),
            _ => None,
        });
        let strictest = masks.chain(listed_mask).min_by_key(|mask| openness(mask));
        if let Some(mask) = strictest {
            says.fate = Fate::Mask(mask.clone());
            return says;
        }
        if let Some((record, _)) = sets.iter().find(|(_, spec)| matches(&spec.path, place)) {
            says.fate = Fate::Record(*record);
            return says;
        }
        for entries in entries_of {
            let name = value.as_object().and_then(|entry| entry.get(&entries.name)).and_then(Value::as_str);
            let names = list(&entries.names);
            match name.and_then(|name| names.get(name)) {
                None => return says,
                Some(Listed::Remove) => {
                    says.fate = Fate::Remove;
                    return says;
                }
                Some(found) => {
                    let mut members: HashMap<&str, Listed> =
                        entries.also.iter().map(|name| (name.as_str(), Listed::Keep)).collect();
                    members.insert(&entries.value, found.clone());
                    members.insert(&entries.name, Listed::Keep);
                    lists.push(members);
                }
            }
        }
        let counted = acts.iter().filter_map(|action| match action {
            Action::Recount(set) => Some(*set as usize),
            _ => None,
        });
        if let Some(counted) = counted.min() {
            says.fate = if value.is_number() { Fate::Recount(counted) } else { Fate::NoTotal };
            return says;
        }
        let pending = edits.iter().any(|(path, _)| goes_on(path, place))
            || sets.iter().any(|(_, spec)| goes_on(&spec.path, place));
        let passage = if pending || place.is_empty() { Fate::Walk } else { Fate::Unlisted };
        for action in &acts {
            match action {
                Action::Only(names) => {
                    lists.push(list(names));
                    says.onlys.push(names);
                }
                Action::Entries(entries) => says.entries.push(entries),
                _ => {}
            }
        }
        if !lists.is_empty() {
            says.fate = match value {
                Value::Object(_) => Fate::Walk,
                Value::Array(_) if says.onlys.is_empty() => passage,
                Value::Array(_) => Fate::Walk,
                _ => Fate::Unlisted,
            };
            says.lists = lists;
            says.entries.clear();
            return says;
        }
        if !says.entries.is_empty() {
            says.fate = match value {
                Value::Object(_) => passage,
                Value::Array(_) => Fate::Walk,
                _ => Fate::Unlisted,
            };
            return says;
        }
        if acts.contains(&&Action::Keep) {
            passes = Passes::Scalars;
        } else if acts.contains(&&Action::KeepAll) {
            passes = Passes::All;
        } else if listed.is_some() {
            passes = Passes::Scalars;
        }
        match passes {
            Passes::All => {
                says.to_members = Passes::All;
                says.to_elements = Passes::All;
            }
            Passes::Scalars => says.to_elements = Passes::Scalars,
            Passes::Nothing => {}
        }
        says.fate = match (value, passes) {
            (Value::Object(_) | Value::Array(_), Passes::All) if pending => Fate::Walk,
            (_, Passes::All) => Fate::Keep,
            (Value::Object(_), _) => passage,
            (Value::Array(_), Passes::Scalars) => Fate::Walk,
            (Value::Array(_), Passes::Nothing) => passage,
            (_, Passes::Scalars) => Fate::Keep,
            (_, Passes::Nothing) => Fate::Unlisted,
        };
        says
    }

    fn mask(&self, mask: &Mask, value: &Value) -> Value {
        match mask {
            Mask::Fixed(text) => Value::String(text.clone()),
            Mask::Null => Value::Null,
            Mask::KeepLast(count) => {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => String::new(),
                };
                let characters: Vec<char> = text.chars().collect();
                let count = *count as usize;
                let shown: String = match characters.len() > count {
                    true => characters[characters.len() - count..].iter().collect(),
                    false => String::new(),
                };
                Value::String(format!("****{shown}"))
            }
            Mask::Hash => {
                let mut hash = Hmac::<sha2::Sha256>::new_from_slice(&self.hash_key).unwrap();
                match value {
                    Value::String(text) => hash.update(format!("s{text}").as_bytes()),
                    other => hash.update(format!("r{other}").as_bytes()),
                }
                let bytes = hash.finalize().into_bytes();
                Value::String(bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
            }
            Mask::Own(number) => own(*number, &display(Some(value))),
            Mask::Patterns(_) => panic!("no patterns are drawn"),
        }
    }
}

/// What the policy's own masks give in these tests.
pub fn own(mask: u32, value: &str) -> Value {
    if mask == 0 { Value::String(format!("<{value}>")) } else { Value::Number(value.len().into()) }
}

fn best(fates: &[&Fate]) -> Fate {
    let rank = |fate: &Fate| match fate {
        Fate::Unlisted => (0, (0, 0, String::new())),
        Fate::Remove | Fate::NoTotal => (1, (0, 0, String::new())),
        Fate::Mask(mask) => (2, openness(mask)),
        Fate::Recount(_) => (3, (0, 0, String::new())),
        Fate::Walk => (4, (0, 0, String::new())),
        Fate::Keep => (5, (0, 0, String::new())),
        Fate::Record(_) => (6, (0, 0, String::new())),
    };
    let mut best = fates[0];
    for fate in fates {
        if rank(fate) > rank(best) {
            best = fate;
        }
    }
    best.clone()
}

fn openness(mask: &Mask) -> (u32, u32, String) {
    match mask {
        Mask::Null => (0, 0, String::new()),
        Mask::Fixed(text) => (1, 0, text.clone()),
        Mask::Own(number) => (2, *number, String::new()),
        Mask::Hash => (3, 0, String::new()),
        Mask::KeepLast(count) => (4, *count, String::new()),
        Mask::Patterns(_) => panic!("no patterns are drawn"),
    }
}

fn list(names: &Names) -> HashMap<&str, Listed> {
    let mut list = HashMap::new();
    list.extend(names.keep.iter().map(|name| (name.as_str(), Listed::Keep)));
    list.extend(names.mask.iter().map(|masked| (masked.name.as_str(), Listed::Mask(masked.mask.clone()))));
    list.extend(names.remove.iter().map(|name| (name.as_str(), Listed::Remove)));
    list
}

/// What several lists say of a name, the strictest of them all.
fn combine(lists: &[HashMap<&str, Listed>], name: &str) -> Option<Listed> {
    let found: Vec<&Listed> = lists.iter().map(|list| list.get(name)).collect::<Option<_>>()?;
    let mask = found
        .iter()
        .filter_map(|listed| match listed {
            Listed::Mask(mask) => Some(mask),
            _ => None,
        })
        .min_by_key(|mask| openness(mask));
    match mask {
        _ if found.is_empty() => None,
        _ if found.contains(&&Listed::Remove) => Some(Listed::Remove),
        Some(mask) => Some(Listed::Mask(mask.clone())),
        None => Some(Listed::Keep),
    }
}
