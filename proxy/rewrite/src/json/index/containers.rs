//! The containers that are open while a window is read.

use super::Index;
use super::kernel::BLOCK;
use super::leap::Refused;
use super::planes::{BLOCKS, GROUP, Plane};

/// What is known of an open container, in one word: whether it is an object, and its opening token's number.
#[derive(Clone, Copy, Debug)]
struct Container(u32);

impl Container {
    /// What stands in for the outside of all containers.
    const OUTSIDE: Container = Container::new(0, Container::BEFORE);
    /// The number of containers that were opened before the window.
    const BEFORE: u32 = u32::MAX >> 1;

    const fn new(object: u32, number: u32) -> Container {
        Container(number << 1 | object)
    }

    fn is_object(self) -> bool {
        self.0 & 1 != 0
    }

    /// The opening token's number, if the window holds it.
    fn number(self) -> Option<u32> {
        Some(self.0 >> 1).filter(|&number| number != Container::BEFORE)
    }
}

/// The open containers.
#[derive(Debug, Default)]
pub(crate) struct Containers {
    /// The innermost last, behind one that stands for the outside; what lies above `depth` is of no meaning.
    stack: Vec<Container>,
    depth: usize,
    /// The greatest depth.
    limit: usize,
}

/// What brackets change, by the bytes behind which it changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// From being in an object to not being in one, or back.
    pub(super) objects: Plane,
    /// From being outside all containers to not being outside, or back.
    pub(super) outside: Plane,
    /// Whether anything was or is outside.
    pub(super) crosses: bool,
}

impl Containers {
    /// Takes over what the lexer has open: of each container whether it is an object, and the numbers of the innermost
    /// ones' opening tokens. `limit` is the greatest depth.
    pub(super) fn load(&mut self, limit: usize, objects: &[bool], numbers: &[u32]) {
        self.limit = limit;
        let before = objects.len() - numbers.len();
        let numbers = std::iter::repeat_n(Container::BEFORE, before).chain(numbers.iter().copied());
        self.depth = objects.len();
        if self.stack.len() < self.depth + GROUP + 2 {
            self.stack.resize(self.depth + GROUP + 2, Container::OUTSIDE);
        }
        for (place, (&object, number)) in self.stack[1..].iter_mut().zip(objects.iter().zip(numbers)) {
            *place = Container::new(u32::from(object), number);
        }
    }

    /// Hands back what is open now.
    pub(super) fn store(&self, objects: &mut Vec<bool>, numbers: &mut Vec<u32>) {
        let open = &self.stack[1..=self.depth];
        objects.clear();
        objects.extend(open.iter().map(|container| container.is_object()));
        numbers.clear();
        numbers.extend(open.iter().filter_map(|container| container.number()));
    }

    /// Whether what stands here is a member of an object.
    pub(super) fn in_object(&self) -> bool {
        self.stack[self.depth].is_object()
    }

    /// Whether what stands here is outside all containers.
    pub(super) fn is_outside(&self) -> bool {
        self.depth == 0
    }

    /// Opens and closes the containers of the group that begins at `at`, of which `brackets` has the tokens' numbers.
    // On its own, it keeps what it works with in registers.
    #[inline(never)]
    pub(super) fn read(
        &mut self,
        window: &[u8],
        at: usize,
        brackets: &[u32],
        index: &mut Index,
        changes: &mut Changes,
    ) -> Result<(), Refused> {
        let limit = self.limit;
        let mut depth = self.depth;
        if self.stack.len() < depth + brackets.len() + 2 {
            self.stack.resize(depth + GROUP + 2, Container::OUTSIDE);
        }
        // One place more than containers may be open, since a closing bracket leaves something there, too.
        let room = self.stack.len().min(limit.saturating_add(2));
        let stack = &mut self.stack[..room];
        let (tokens, skips) = (index.tokens.room(), &mut index.skips[..]);
        *changes = Changes { crosses: depth == 0, ..Changes::default() };
        let mut wrong = 0;
        for &token in brackets {
            let Some(&place) = tokens.get(token as usize) else {
                return Err(Refused);
            };
            let Some(&bracket) = window.get(place as usize) else {
                return Err(Refused);
            };
            let place = (place as usize).wrapping_sub(at);
            let (block, bit) = (place / BLOCK % BLOCKS, place % BLOCK);
            // Both kinds of brackets are done alike and without a branch, for which comes next cannot be foreseen: what
            // a closing one leaves above the innermost container is of no meaning, and an opening one leaves word that
            // it has not been closed.
            let (closes, object) = (u32::from(bracket >> 2 & 1), u32::from(bracket >> 5 & 1));
            let Some([innermost, above]) = stack.get_mut(depth..).and_then(|stack| stack.first_chunk_mut())
            else {
                return Err(Refused);
            };
            let innermost = *innermost;
            *above = Container::new(object, token);
            wrong |= closes & (innermost.0 ^ object);
            if depth == closes as usize {
                changes.outside[block] |= 1 << bit;
                changes.crosses = true;
            }
            depth = (depth + 1).wrapping_sub(2 * closes as usize);
            let opening = token ^ ((token ^ innermost.0 >> 1) & closes.wrapping_neg());
            match skips.get_mut(opening as usize) {
                Some(skip) => *skip = token | closes.wrapping_sub(1),
                // It was opened before the window.
                None => close_outer(&mut index.closes, token),
            }
            let Some(next) = stack.get(depth) else {
                return Err(Refused);
            };
            changes.objects[block] |= u64::from((next.0 ^ innermost.0) & 1) << bit;
        }
        self.depth = depth;
        if wrong == 0 && depth <= limit { Ok(()) } else { Err(Refused) }
    }
}

#[cold]
#[inline(never)]
fn close_outer(closes: &mut Vec<u32>, token: u32) {
    closes.push(token);
}
