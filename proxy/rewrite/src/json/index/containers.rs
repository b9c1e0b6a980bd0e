//! The containers that are open while a window is read.

use super::leap::Refused;

/// What is known of an open container, in one word: whether it is an object, and its opening token's number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Container(u32);

impl Container {
    /// What stands in for the outside of all containers.
    const OUTSIDE: Container = Container::new(false, Container::BEFORE);
    /// The number of containers that were opened before the window.
    const BEFORE: u32 = u32::MAX >> 1;

    const fn new(object: bool, number: u32) -> Container {
        Container(number << 1 | object as u32)
    }

    fn is_object(self) -> bool {
        self.0 & 1 != 0
    }

    /// The opening token's number, if the window holds it.
    fn number(self) -> Option<u32> {
        Some(self.0 >> 1).filter(|&number| number != Container::BEFORE)
    }
}

/// The open containers, the innermost last, behind one that stands for the outside.
#[derive(Debug, Default)]
pub(super) struct Containers {
    stack: Vec<Container>,
}

impl Containers {
    /// Takes over what the lexer has open: of each container whether it is an object, and the numbers of the innermost
    /// ones' opening tokens.
    pub(super) fn load(&mut self, objects: &[bool], numbers: &[u32]) {
        let before = objects.len() - numbers.len();
        let numbers = std::iter::repeat_n(Container::BEFORE, before).chain(numbers.iter().copied());
        self.stack.clear();
        self.stack.push(Container::OUTSIDE);
        self.stack
            .extend(objects.iter().zip(numbers).map(|(&object, number)| Container::new(object, number)));
    }

    /// Hands back what is open now.
    pub(super) fn store(&self, objects: &mut Vec<bool>, numbers: &mut Vec<u32>) {
        let open = &self.stack[1..];
        objects.clear();
        objects.extend(open.iter().map(|container| container.is_object()));
        numbers.clear();
        numbers.extend(open.iter().filter_map(|container| container.number()));
    }

    #[inline(always)]
    pub(super) fn depth(&self) -> usize {
        self.stack.len() - 1
    }

    #[inline(always)]
    pub(super) fn in_object(&self) -> bool {
        self.stack.last().is_some_and(|container| container.is_object())
    }

    #[inline(always)]
    pub(super) fn open(&mut self, object: bool, number: u32) {
        self.stack.push(Container::new(object, number));
    }

    /// Closes the innermost container and gives its opening token's number, if the window holds it.
    #[inline(always)]
    pub(super) fn close(&mut self, object: bool) -> Result<Option<u32>, Refused> {
        match self.stack.pop() {
            Some(container) if container.is_object() == object && !self.stack.is_empty() => {
                Ok(container.number())
            }
            _ => Err(Refused),
        }
    }
}
