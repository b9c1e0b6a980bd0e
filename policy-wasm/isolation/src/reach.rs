//! What else of a record's rules leads to its contact fields.

use crate::path::Path;
use crate::read::Layout;
use crate::rules::{Passage, Profile};

/// What can let a contact field through, or something in it, beside the group that the field is of.
pub(crate) struct Reach {
    passages: Vec<Passage>,
    /// The group looks for its fields at every depth, so that one can lie in another.
    everywhere: bool,
}

impl Reach {
    /// What leads to the fields of one of a profile's groups of columns, which is at `at`. Other columns at the very same
    /// place are left out: they lead to their own fields only, and so to one of this group's by its name alone.
    pub(crate) fn of(profile: &Profile, group: usize, at: &Path) -> Reach {
        let mut reach = Reach { passages: Vec::new(), everywhere: at.descends() };
        let any = at.members();
        let mut add = |path: Path, whole| {
            let passage = Passage { path, whole };
            if passage.leads_to(&any) {
                reach.passages.push(passage);
            }
        };
        for passage in &profile.passages {
            add(passage.path.clone(), passage.whole);
        }
        for (index, other) in profile.fields.iter().enumerate() {
            match &other.layout {
                _ if index == group => {}
                Layout::Columns { .. } if other.at == *at && !at.descends() => {}
                Layout::Members | Layout::Entries { .. } => add(other.at.clone(), true),
                Layout::Columns { value, also } => {
                    let field = other.at.members();
                    value.iter().chain(also).for_each(|inner| add(field.join(inner), false));
                    add(field, false);
                }
            }
        }
        reach
    }

    /// Whether something of it can be at a field, in it, or around it as a whole.
    pub(crate) fn touches(&self, field: &Path) -> bool {
        self.everywhere || self.passages.iter().any(|passage| passage.leads_to(field))
    }
}

impl Passage {
    fn leads_to(&self, place: &Path) -> bool {
        self.path.can_reach_into(place) || self.whole && place.can_reach_into(&self.path)
    }
}
