//! Choices that are the same in every run.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A generator of choices with a fixed seed.
#[derive(Debug)]
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// Begins at a seed.
    #[must_use]
    pub fn new(seed: u64) -> Chance {
        Chance(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from `0` to below `bound`, which is not 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }

    /// A number from one to another, both possible.
    pub fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most - least + 1)
    }

    /// One of several.
    pub fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        let place = self.0.next_u64() % choices.len() as u64;
        choices[usize::try_from(place).unwrap_or(0)]
    }

    /// Puts things in another order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for (place, last) in (1u32..).zip(1..things.len()) {
            things.swap(last, self.below(place + 1) as usize);
        }
    }

    /// Words of a list, so many of them, with spaces between.
    pub fn words(&mut self, list: &[&str], count: u32) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.pick(list)).collect();
        words.join(" ")
    }
}
