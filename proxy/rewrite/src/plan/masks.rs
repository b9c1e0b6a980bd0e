//! The masks of an automaton under construction, each of them once.

use std::collections::HashMap;

use crate::mask::Masker;
use crate::pattern::Expressions;
use crate::spec::{Mask, Pattern};

/// Masks by number.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    masks: Vec<Mask>,
    places: HashMap<Mask, u32>,
}

impl Masks {
    /// The mask's number, a new one if it has none yet.
    pub(crate) fn number(&mut self, mask: &Mask) -> u32 {
        if let Some(place) = self.find(mask) {
            return place;
        }
        let place = crate::number(self.masks.len());
        self.masks.push(mask.clone());
        self.places.insert(mask.clone(), place);
        place
    }

    /// The number of a mask that has one.
    pub(crate) fn find(&self, mask: &Mask) -> Option<u32> {
        self.places.get(mask).copied()
    }

    /// What hides the most where two masks meet: of texts in which patterns are looked for, what either would hide.
    pub(crate) fn stricter(&mut self, one: u32, other: u32) -> u32 {
        let (first, second) = (&self.masks[one as usize], &self.masks[other as usize]);
        if let (Mask::Patterns(first), Mask::Patterns(second)) = (first, second) {
            let mut both: Vec<Pattern> = first.iter().chain(second).cloned().collect();
            both.sort_unstable();
            both.dedup();
            return self.number(&Mask::Patterns(both));
        }
        if openness(first) <= openness(second) { one } else { other }
    }

    /// The masks in their order, ready to hide values.
    pub(crate) fn into_maskers(self, expressions: &Expressions) -> Vec<Masker> {
        self.masks.into_iter().map(|mask| Masker::new(mask, expressions)).collect()
    }
}

/// How much a mask tells: of two at one place the strictest profile takes the lesser, a merger the greater.
/// Of two sets of patterns the lesser finds more kinds.
pub(crate) fn openness(mask: &Mask) -> (u8, u32, &str, &[Pattern]) {
    match mask {
        Mask::Null => (0, 0, "", &[]),
        Mask::Fixed(text) => (1, 0, text, &[]),
        Mask::Own(number) => (2, *number, "", &[]),
        Mask::Hash => (3, 0, "", &[]),
        Mask::KeepLast(count) => (4, *count, "", &[]),
        Mask::Patterns(patterns) => (5, u32::MAX - crate::number(patterns.len()), "", patterns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_meet_are_all_looked_for() {
        let mut masks = Masks::default();
        let phone = masks.number(&Mask::Patterns(vec![Pattern::Phone]));
        let email = masks.number(&Mask::Patterns(vec![Pattern::Email]));
        let both = masks.stricter(phone, email);
        assert_eq!(masks.masks[both as usize], Mask::Patterns(vec![Pattern::Phone, Pattern::Email]));
        assert_eq!(masks.stricter(email, phone), both);
        let fixed = masks.number(&Mask::Fixed("-".to_owned()));
        assert_eq!(masks.stricter(both, fixed), fixed);
    }
}
