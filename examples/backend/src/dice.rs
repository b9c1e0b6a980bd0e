//! Numbers that look random and are the same on every machine and with every version of every library.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice { state: seed }
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        // The upper half times the limit, shifted: at the most `limit - 1`, which fits.
        let upper = self.next() >> 32;
        u32::try_from((upper * u64::from(limit)) >> 32).unwrap_or_default()
    }

    /// True `percent` times out of a hundred.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of some things, of which there must be one at least.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        let limit = u32::try_from(things.len()).unwrap_or(u32::MAX);
        &things[self.below(limit) as usize]
    }

    /// This many decimal digits, the first of them not 0.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|place| if place == 0 { 1 + self.below(9) } else { self.below(10) }.to_string())
            .collect()
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
