//! What lists of names and masks mean for one value, said naively.

use std::collections::HashMap;

use cordon_rewrite::{Mask, Names};

use crate::oracle::Value;

#[derive(Clone, Debug, PartialEq)]
pub enum Listed {
    Remove,
    Mask(Mask),
    Keep,
}

pub type List<'a> = HashMap<&'a str, Listed>;

pub fn list(names: &Names) -> List<'_> {
    let mut list = HashMap::new();
    list.extend(names.keep.iter().map(|name| (name.as_str(), Listed::Keep)));
    list.extend(names.mask.iter().map(|masked| (masked.name.as_str(), Listed::Mask(masked.mask.clone()))));
    list.extend(names.remove.iter().map(|name| (name.as_str(), Listed::Remove)));
    list
}

pub fn combine(lists: &[List<'_>], name: &str) -> Option<Listed> {
    let found: Vec<&Listed> = lists.iter().map(|list| list.get(name)).collect::<Option<_>>()?;
    let masks = found.iter().filter_map(|listed| match listed {
        Listed::Mask(mask) => Some(mask),
        _ => None,
    });
    match masks.min_by_key(|mask| openness(mask)) {
        _ if found.is_empty() => None,
        _ if found.contains(&&Listed::Remove) => Some(Listed::Remove),
        Some(mask) => Some(Listed::Mask(mask.clone())),
        None => Some(Listed::Keep),
    }
}

pub fn openness(mask: &Mask) -> (u32, u32) {
    match mask {
        Mask::Null => (0, 0),
        Mask::Fixed(_) => (1, 0),
        Mask::Own(number) => (2, *number),
        Mask::KeepLast(count) => (4, *count),
        _ => panic!("no such masks are drawn"),
    }
}

pub fn masked(mask: &Mask, value: &Value<'_>) -> String {
    match mask {
        Mask::Fixed(text) => text.clone(),
        Mask::KeepLast(count) => {
            let characters: Vec<char> =
                if value.is_object() { vec![] } else { value.text().chars().collect() };
            let count = *count as usize;
            let shown = if characters.len() > count { &characters[characters.len() - count..] } else { &[] };
            format!("****{}", shown.iter().collect::<String>())
        }
        Mask::Own(number) => own(*number, if value.is_object() { None } else { Some(value.text()) }),
        _ => String::new(),
    }
}

/// What the policy's own masks give in these tests.
pub fn own(mask: u32, value: Option<String>) -> String {
    format!("<{mask}&{}>", value.unwrap_or("…".to_owned()))
}
