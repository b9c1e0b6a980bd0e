//! Where names lead from the places of kept records.
//!
//! The same few names come in every record. A name of up to 16 bytes is compared as one number with the one that was
//! last looked up in its slot, instead of being hashed as the automaton's tables have it.

use crate::plan::automaton::{Automaton, NodeId};

/// What was looked up last, in slots that follow from the place and the name.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    slots: Vec<Slot>,
}

/// What a record is edited by: its set, and the number of its standing in that.
pub(crate) type Editor = (u32, u64);

#[derive(Clone, Copy, Debug)]
struct Slot {
    editor: Editor,
    node: NodeId,
    to: NodeId,
    /// The name's bytes, zeros behind them: no name has any.
    name: u128,
}

/// Slots that there are, a power of two.
const SLOTS: usize = 128;
/// Bytes of a name that is compared so.
const LENGTH: usize = 16;

impl Turns {
    /// Where a name leads by an automaton, which is the editor's.
    pub(crate) fn member(
        &mut self,
        (automaton, editor): (&Automaton, Editor),
        node: NodeId,
        name: &str,
    ) -> NodeId {
        if automaton.node(node).members.is_empty() || name.len() > LENGTH {
            return automaton.member(node, name);
        }
        let mut bytes = [0; LENGTH];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        let name_bytes = u128::from_le_bytes(bytes);
        if self.slots.is_empty() {
            // No name is empty.
            self.slots.resize(SLOTS, Slot { editor, node, to: node, name: 0 });
        }
        let slot = &mut self.slots[place(name_bytes, node)];
        if slot.name != name_bytes || slot.node != node || slot.editor != editor {
            *slot = Slot { editor, node, to: automaton.member(node, name), name: name_bytes };
        }
        slot.to
    }
}

/// The slot of a name at a place.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the halves of a number, and the bits that are left of one"
)]
fn place(name: u128, node: NodeId) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let folded = (name as u64 ^ ((name >> 64) as u64).rotate_left(29) ^ u64::from(node)).wrapping_mul(ODD);
    (folded >> (u64::BITS - SLOTS.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::plan::automaton::ROOT;
    use crate::spec::{Action, BodyPlan, Edit};

    #[test]
    fn turns_are_those_of_the_automaton() {
        let names: Vec<String> =
            (0..300).map(|number| format!("name-{number}-{}", "x".repeat(number % 12))).collect();
        let edit = |name: &String| Edit { path: format!("$['{name}']"), action: Action::Keep };
        let some: Vec<Edit> = names.iter().step_by(2).map(edit).collect();
        let others: Vec<Edit> = names.iter().step_by(3).map(edit).collect();
        let plan = |outside| Plan::compile(BodyPlan { outside, ..BodyPlan::default() }).unwrap();
        let plans = [plan(some), plan(others)];
        let mut turns = Turns::default();
        for _ in 0..2 {
            for name in &names {
                for (number, plan) in (0..).zip(&plans) {
                    let to = turns.member((&plan.outside, (7, number)), ROOT, name);
                    assert_eq!(to, plan.outside.member(ROOT, name), "{name}");
                }
            }
        }
    }
}
