//! What is to be done with a body: the same for all who compete, and by a naive oracle over a tree.

use cordon_editor_bench::{calls, catalogue, timeline};
use cordon_rewrite::{Action, BodyPlan, Edit, Format, Key, Mask, Masked, Names, RecordSet};
use serde_json::{Map, Value};

/// What masked values become.
pub const MASK: &str = "********";

/// Keeps the records with a certain key, and of one object in each what is named.
#[derive(Clone, Debug)]
pub struct Job {
    pub format: Format,
    /// The member of the document that holds the records, where there is a document around them.
    pub records: &'static str,
    /// Where a record says whose it is.
    pub key: &'static [&'static str],
    /// Whose records are kept.
    pub wanted: &'static str,
    /// The object in a record that is edited, by names from the record.
    pub object: &'static [&'static str],
    /// Its members that pass; all, if there is no list.
    pub keep: Option<&'static [&'static str]>,
    /// Its members that are removed.
    pub remove: &'static [&'static str],
    /// Its member that is masked.
    pub mask: &'static str,
    /// The document's object and member that counts the records.
    pub total: Option<[&'static str; 2]>,
}

/// What becomes of a member of the object that is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Keep,
    Mask,
    Remove,
}

impl Job {
    /// Call logs: a quarter of the entries, three fields and a masked one, the total recounted.
    pub fn calls(format: Format) -> Job {
        Job {
            format,
            records: "data",
            key: &["project_id"],
            wanted: calls::PROJECT,
            object: &["contact", "fields"],
            keep: Some(&["acme_loan_no", "acme_balance", "comment"]),
            remove: &[],
            mask: "passport",
            total: Some(["meta", "total"]),
        }
    }

    /// Call logs laid flat in rows.
    pub fn rows() -> Job {
        Job {
            object: &[],
            keep: None,
            remove: &["globex_policy", "globex_claim", "initech_badge"],
            total: None,
            ..Job::calls(Format::Csv)
        }
    }

    /// The catalogue: the performances of one venue, without their prices.
    pub fn catalogue() -> Job {
        Job {
            records: "performances",
            key: &["venueCode"],
            wanted: catalogue::VENUE,
            object: &[],
            keep: None,
            remove: &["prices"],
            mask: "start",
            total: None,
            ..Job::calls(Format::Json)
        }
    }

    /// The timeline: the posts of authors with one language, of each author a few members.
    pub fn timeline() -> Job {
        Job {
            records: "statuses",
            key: &["user", "lang"],
            wanted: timeline::LANGUAGE,
            object: &["user"],
            keep: Some(&["id", "id_str", "name", "created_at", "lang", "verified"]),
            mask: "screen_name",
            total: Some(["search_metadata", "count"]),
            ..Job::calls(Format::Json)
        }
    }

    /// What becomes of a member of the object that is edited.
    pub fn fate(&self, name: &str) -> Fate {
        if name == self.mask {
            Fate::Mask
        } else if self.remove.contains(&name) || self.keep.is_some_and(|keep| !keep.contains(&name)) {
            Fate::Remove
        } else {
            Fate::Keep
        }
    }

    /// The same as a plan, with more names in the list that passes.
    pub fn plan(&self, more: impl Iterator<Item = String>) -> BodyPlan {
        let edit = |path: &str, action| Edit { path: path.to_owned(), action };
        let record = if self.format == Format::Sse { "$.data" } else { "$" };
        let path = |names: &[&str]| {
            format!("{record}{}", names.iter().map(|name| format!(".{name}")).collect::<String>())
        };
        let object = path(self.object);
        let mask = Mask::Fixed(MASK.to_owned());
        let mut profile = vec![edit("$", Action::KeepAll)];
        profile.extend(self.remove.iter().map(|name| edit(&format!("{object}.{name}"), Action::Remove)));
        match self.keep {
            None => profile.push(edit(&format!("{object}.{}", self.mask), Action::Mask(mask))),
            Some(keep) => {
                let keep = keep.iter().map(|name| (*name).to_owned()).chain(more).collect();
                let mask = vec![Masked { name: self.mask.to_owned(), mask }];
                profile.push(edit(&object, Action::Only(Names { keep, mask, remove: Vec::new() })));
            }
        }
        let (records, mut outside) = match self.format {
            Format::Json => (format!("$.{}[*]", self.records), vec![edit("$", Action::KeepAll)]),
            Format::Xml => ("$.calls.call[*]".to_owned(), vec![edit("$", Action::KeepAll)]),
            Format::Ndjson | Format::Csv | Format::Sse => ("$[*]".to_owned(), Vec::new()),
        };
        if let (Format::Json, Some([object, member])) = (self.format, self.total) {
            outside.push(edit(&format!("$.{object}.{member}"), Action::Recount(0)));
        }
        let keys = vec![Key { path: path(self.key), up: 0 }];
        let set = RecordSet { path: records, keys, profiles: vec![profile], ..RecordSet::default() };
        BodyPlan { format: self.format, outside, sets: vec![set], ..BodyPlan::default() }
    }

    /// What is left of a document.
    pub fn oracle(&self, mut document: Value) -> Value {
        let Some(Value::Array(records)) = document.get_mut(self.records).map(Value::take) else {
            panic!("the document has no list of records");
        };
        let all = records.len();
        let records: Vec<Value> =
            records.into_iter().filter_map(|record| self.oracle_of_record(record)).collect();
        let kept = records.len();
        assert!(
            all < 30 || (all / 6..all / 3).contains(&kept),
            "{kept} of {all} records are not about a quarter"
        );
        document[self.records] = Value::Array(records);
        if let Some([object, member]) = self.total {
            document[object][member] = kept.into();
        }
        document
    }

    /// What is left of a record.
    pub fn oracle_of_record(&self, mut record: Value) -> Option<Value> {
        let found = self.key.iter().fold(&record, |value, name| &value[name]);
        if found != self.wanted {
            return None;
        }
        let object = self.object.iter().fold(&mut record, |value, name| &mut value[name]);
        let members = std::mem::take(object.as_object_mut().expect("the object to edit"));
        let edited: Map<String, Value> = members
            .into_iter()
            .filter_map(|(name, value)| match self.fate(&name) {
                Fate::Keep => Some((name, value)),
                Fate::Mask => Some((name, MASK.into())),
                Fate::Remove => None,
            })
            .collect();
        *object = Value::Object(edited);
        Some(record)
    }
}
