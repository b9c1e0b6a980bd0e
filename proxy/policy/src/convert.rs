//! A policy's plan as the editor has it, within bounds.

use std::sync::Arc;

use cordon_rewrite::{
    Action, BodyPlan, Columns, Csv, Edit, Entries, Format, Key, Mask, Masked, Names, Pattern, Plan, RecordSet,
};

use crate::bindings::cordon::policy::types as wit;
use crate::engine::EngineOptions;
use crate::failure::{Call, Failure, for_log};
use crate::plan::{ExchangePlan, RequestPlan, ResponsePlan};
use crate::reads::Reads;

/// What an item of a list takes of a plan's size, beside its texts.
const ITEM: usize = 16;
/// The most record sets.
const SETS: usize = 256;
/// The most columns of a table.
const COLUMNS: usize = 10_000;
/// The most patterns of a mask.
const PATTERNS: usize = 64;
/// The most response headers that a plan lets through, and the most bytes of such a name.
const HEADERS: usize = 64;
const HEADER: usize = 128;
/// What a compiled plan takes for each byte of its statement, estimated.
const COMPILED: usize = 4;

/// Takes over a plan, if it is one that the contract allows, and compiles it.
pub(crate) fn exchange_plan(
    plan: wit::ExchangePlan,
    options: &EngineOptions,
    reads: Reads,
) -> Result<ExchangePlan, Failure> {
    let bad = |reason: String| Failure::bad_answer(Call::Plan, reason);
    let request = match plan.request {
        wit::RequestPlan::Empty => RequestPlan::Empty,
        wit::RequestPlan::Pass => RequestPlan::Pass,
        wit::RequestPlan::Edit(_) => {
            return Err(Failure::Unsupported(
                "the plan edits request bodies, which this version cannot do".into(),
            ));
        }
    };
    let headers = headers(plan.headers).map_err(bad)?;
    let mut reader = Reader { limit: options.plan_size, left: options.plan_size, own_mask: false };
    let response = match plan.response {
        wit::ResponsePlan::Empty => ResponsePlan::Empty,
        wit::ResponsePlan::Pass => ResponsePlan::Pass,
        wit::ResponsePlan::Edit(body) => {
            let spec = reader.body(body).map_err(bad)?;
            if reader.own_mask && !options.own_masks {
                return Err(Failure::Unsupported(
                    "the plan has masks of the policy's own making, which the operator forbids".into(),
                ));
            }
            let compiled = Plan::compile(spec).map_err(|error| bad(for_log(&error.to_string())))?;
            ResponsePlan::Edit(Arc::new(compiled))
        }
    };
    let bytes = size_of::<ExchangePlan>() + COMPILED * (reader.limit - reader.left);
    Ok(ExchangePlan::new(request, response, headers, bytes, reads))
}

/// Lower-case names, sorted, without duplicates. Which of them pass is the gateway's to say.
fn headers(mut headers: Vec<String>) -> Result<Vec<String>, String> {
    let is_token = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&c);
    if headers.len() > HEADERS {
        return Err(format!("more than {HEADERS} response headers"));
    }
    if !headers.iter().all(|name| !name.is_empty() && name.len() <= HEADER && name.bytes().all(is_token)) {
        return Err(format!("a response header that is no lower-case name of 1 to {HEADER} bytes"));
    }
    headers.sort_unstable();
    headers.dedup();
    Ok(headers)
}

/// Takes a plan over piece by piece, and keeps the account of what it takes.
struct Reader {
    limit: usize,
    left: usize,
    /// Whether there was a mask of the policy's own making.
    own_mask: bool,
}

type Read<T> = Result<T, String>;

impl Reader {
    fn body(&mut self, body: wit::BodyPlan) -> Read<BodyPlan> {
        if body.sets.len() > SETS {
            return Err(format!("a plan with more than {SETS} record sets"));
        }
        Ok(BodyPlan {
            format: match body.format {
                wit::Format::Json => Format::Json,
                wit::Format::Ndjson => Format::Ndjson,
                wit::Format::Csv => Format::Csv,
                wit::Format::Xml => Format::Xml,
                wit::Format::Sse => Format::Sse,
            },
            csv: body.csv.map(|csv| self.csv(csv)).transpose()?.unwrap_or_default(),
            embedded: self.each(body.embedded, Reader::text)?,
            outside: self.each(body.outside, Reader::edit)?,
            sets: self.each(body.sets, Reader::set)?,
        })
    }

    fn set(&mut self, set: wit::RecordSet) -> Read<RecordSet> {
        Ok(RecordSet {
            within: set.within,
            path: self.text(set.path)?,
            columns: set.columns.map(|columns| self.columns(columns)).transpose()?,
            keys: self.each(set.keys, Reader::key)?,
            profiles: self.each(set.profiles, |reader, edits| reader.each(edits, Reader::edit))?,
            sole: set.sole,
        })
    }

    fn csv(&mut self, csv: wit::Csv) -> Read<Csv> {
        let delimiter = u8::try_from(csv.delimiter);
        let delimiter = delimiter.map_err(|_| "CSV is parted by `,`, `;` or a tab".to_owned())?;
        let columns = self.columns_of(csv.columns)?;
        Ok(Csv { delimiter, columns, encoding: self.text(csv.encoding)? })
    }

    fn columns(&mut self, columns: wit::Columns) -> Read<Columns> {
        Ok(match columns {
            wit::Columns::Listed(names) => Columns::Listed(self.columns_of(names)?),
            wit::Columns::At(place) => Columns::At {
                path: self.text(place.path)?,
                name: place.name.map(|name| self.text(name)).transpose()?,
            },
            wit::Columns::FirstRow => Columns::FirstRow,
        })
    }

    fn columns_of(&mut self, names: Vec<String>) -> Read<Vec<String>> {
        if names.len() > COLUMNS {
            return Err(format!("more than {COLUMNS} columns"));
        }
        self.each(names, Reader::text)
    }

    fn key(&mut self, key: wit::Key) -> Read<Key> {
        Ok(Key { path: self.text(key.path)?, up: key.up })
    }

    fn edit(&mut self, edit: wit::Edit) -> Read<Edit> {
        let path = self.text(edit.path)?;
        let action = match edit.action {
            wit::Action::Keep => Action::Keep,
            wit::Action::KeepAll => Action::KeepAll,
            wit::Action::Remove => Action::Remove,
            wit::Action::Mask(mask) => Action::Mask(self.mask(mask)?),
            wit::Action::Only(names) => Action::Only(self.names(names)?),
            wit::Action::Entries(entries) => Action::Entries(self.entries(entries)?),
            wit::Action::Recount(set) => Action::Recount(set),
        };
        Ok(Edit { path, action })
    }

    fn entries(&mut self, entries: wit::Entries) -> Read<Entries> {
        Ok(Entries {
            name: self.text(entries.name)?,
            value: self.text(entries.value)?,
            also: self.each(entries.also, Reader::text)?,
            names: self.names(entries.names)?,
        })
    }

    fn names(&mut self, names: wit::Names) -> Read<Names> {
        Ok(Names {
            keep: self.each(names.keep, Reader::text)?,
            mask: self.each(names.mask, Reader::masked)?,
            remove: self.each(names.remove, Reader::text)?,
        })
    }

    fn masked(&mut self, masked: wit::Masked) -> Read<Masked> {
        Ok(Masked { name: self.text(masked.name)?, mask: self.mask(masked.mask)? })
    }

    fn mask(&mut self, mask: wit::Mask) -> Read<Mask> {
        Ok(match mask {
            wit::Mask::Fixed(text) => Mask::Fixed(self.text(text)?),
            wit::Mask::KeepLast(count) => Mask::KeepLast(count),
            wit::Mask::Null => Mask::Null,
            wit::Mask::Hash => Mask::Hash,
            wit::Mask::Own(number) => {
                self.own_mask = true;
                Mask::Own(number)
            }
            wit::Mask::Patterns(patterns) if patterns.len() > PATTERNS => {
                return Err(format!("a mask that looks for more than {PATTERNS} patterns"));
            }
            wit::Mask::Patterns(patterns) => Mask::Patterns(self.each(patterns, Reader::pattern)?),
        })
    }

    fn pattern(&mut self, pattern: wit::Pattern) -> Read<Pattern> {
        Ok(match pattern {
            wit::Pattern::Phone => Pattern::Phone,
            wit::Pattern::Email => Pattern::Email,
            wit::Pattern::Regex(text) => Pattern::Regex(self.text(text)?),
        })
    }

    fn each<T, R>(&mut self, items: Vec<T>, mut take: impl FnMut(&mut Reader, T) -> Read<R>) -> Read<Vec<R>> {
        self.pay(items.len().saturating_mul(ITEM))?;
        items.into_iter().map(|item| take(self, item)).collect()
    }

    fn text(&mut self, text: String) -> Read<String> {
        self.pay(text.len())?;
        Ok(text)
    }

    fn pay(&mut self, bytes: usize) -> Read<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| format!("a plan larger than {} bytes", self.limit))?;
        Ok(())
    }
}
