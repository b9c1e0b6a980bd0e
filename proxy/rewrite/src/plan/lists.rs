//! Lists of names, as `only` and `entries` have them.

use crate::plan::masks::Masks;
use crate::spec::{Entries, Names};

/// What a list says of a name, the strictest first. A name that is not in it is unlisted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listed {
    Remove,
    /// By the mask's number.
    Mask(u32),
    Keep,
}

impl Listed {
    /// Both of a name: the stricter holds.
    fn and(self, other: Listed, masks: &mut Masks) -> Listed {
        match (self, other) {
            (Listed::Mask(one), Listed::Mask(other)) => Listed::Mask(masks.stricter(one, other)),
            _ => self.min(other),
        }
    }
}

/// A list: names in order, each once.
pub(crate) type List<'a> = Vec<(&'a str, Listed)>;

/// A list as the plan states it. Of a name that stands in it several times the strictest holds.
pub(crate) fn of_names<'a>(names: &'a Names, masks: &mut Masks) -> List<'a> {
    let mut list = Vec::with_capacity(names.keep.len() + names.mask.len() + names.remove.len());
    list.extend(names.keep.iter().map(|name| (name.as_str(), Listed::Keep)));
    list.extend(names.mask.iter().map(|masked| {
        // A mask without a number cannot be: all are numbered before. It would hide the most.
        let listed = masks.find(&masked.mask).map_or(Listed::Remove, Listed::Mask);
        (masked.name.as_str(), listed)
    }));
    list.extend(names.remove.iter().map(|name| (name.as_str(), Listed::Remove)));
    in_order(list, masks)
}

/// The members of an entry that passes.
pub(crate) fn of_entry<'a>(entries: &'a Entries, mask: Option<u32>, masks: &mut Masks) -> List<'a> {
    let also = entries.also.iter().map(|name| (name.as_str(), Listed::Keep));
    let value = (entries.value.as_str(), mask.map_or(Listed::Keep, Listed::Mask));
    in_order(also.chain([value, (entries.name.as_str(), Listed::Keep)]).collect(), masks)
}

fn in_order<'a>(mut names: List<'a>, masks: &mut Masks) -> List<'a> {
    // Policies mostly state the names of each part in order, and a stable sort merges what is sorted.
    names.sort_by_key(|(name, _)| *name);
    names.dedup_by(|next, first| {
        let same = next.0 == first.0;
        if same {
            first.1 = first.1.and(next.1, masks);
        }
        same
    });
    names
}

/// What several lists for one object say together: a name that one of them does not have is unlisted.
pub(crate) fn combine<'a>(lists: Vec<List<'a>>, masks: &mut Masks) -> List<'a> {
    let mut lists = lists.into_iter();
    let mut names = lists.next().unwrap_or_default();
    for other in lists {
        let mut others = other.into_iter().peekable();
        names.retain_mut(|(name, listed)| {
            while others.next_if(|(other, _)| *other < *name).is_some() {}
            let Some((_, other)) = others.next_if(|(other, _)| other == name) else { return false };
            *listed = listed.and(other, masks);
            true
        });
    }
    names
}
