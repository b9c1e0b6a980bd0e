//! Lists of names, as `only` and `entries` have them.

use std::collections::HashMap;

use crate::spec::{Entries, Mask, Names};

/// What a list says of a name. A name that is not in it is unlisted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    Remove,
    /// By the mask's number.
    Mask(u32),
    Keep,
}

/// A list by name.
#[derive(Default)]
pub(crate) struct List<'a> {
    names: HashMap<&'a str, Listed>,
}

impl<'a> List<'a> {
    /// A list as the plan states it. Of a name that stands in several of its parts the strictest holds.
    pub(crate) fn of_names(names: &'a Names, number: impl Fn(&Mask) -> Option<u32>) -> List<'a> {
        let mut list = HashMap::with_capacity(names.keep.len() + names.mask.len() + names.remove.len());
        for name in &names.keep {
            list.insert(name.as_str(), Listed::Keep);
        }
        for masked in &names.mask {
            // A mask without a number cannot be: all are numbered before. It would hide the most.
            let listed = number(&masked.mask).map_or(Listed::Remove, Listed::Mask);
            list.insert(masked.name.as_str(), listed);
        }
        for name in &names.remove {
            list.insert(name.as_str(), Listed::Remove);
        }
        List { names: list }
    }

    /// The members of an entry that passes.
    pub(crate) fn of_entry(entries: &'a Entries, mask: Option<u32>) -> List<'a> {
        let mut names: HashMap<_, _> =
            entries.also.iter().map(|name| (name.as_str(), Listed::Keep)).collect();
        names.insert(&entries.value, mask.map_or(Listed::Keep, Listed::Mask));
        names.insert(&entries.name, Listed::Keep);
        List { names }
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = (&'a str, Listed)> {
        self.names.into_iter()
    }

    /// What several lists for one object say together: a name that one of them does not have is unlisted.
    pub(crate) fn combine(
        lists: Vec<List<'a>>,
        mut stricter: impl FnMut(u32, u32) -> u32,
    ) -> Vec<(&'a str, Listed)> {
        let mut lists = lists.into_iter();
        let mut names = lists.next().unwrap_or_default().names;
        for other in lists {
            names = names
                .into_iter()
                .filter_map(|(name, one)| {
                    let listed = match (one, *other.names.get(name)?) {
                        (Listed::Remove, _) | (_, Listed::Remove) => Listed::Remove,
                        (Listed::Mask(one), Listed::Mask(other)) => Listed::Mask(stricter(one, other)),
                        (Listed::Mask(mask), Listed::Keep) | (Listed::Keep, Listed::Mask(mask)) => {
                            Listed::Mask(mask)
                        }
                        (Listed::Keep, Listed::Keep) => Listed::Keep,
                    };
                    Some((name, listed))
                })
                .collect();
        }
        names.into_iter().collect()
    }
}
