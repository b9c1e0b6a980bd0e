//! What a sandbox has of WASI: a sequence of bytes, and a count.

use wasmtime::component::Resource;

/// The most handles that a sandbox may hold at a time. Each takes memory of the host.
const HANDLES: u32 = 1024;
/// Where every sandbox's sequence begins.
const SEED: u64 = 0x636f_7264_6f6e_3032;

/// A sandbox's share of an empty WASI.
#[derive(Debug)]
pub(crate) struct Wasi {
    sequence: u64,
    handles: u32,
}

/// The sandbox holds too many handles.
#[derive(Debug, thiserror::Error)]
#[error("it holds more than {HANDLES} handles of WASI")]
pub(crate) struct TooManyHandles;

impl Wasi {
    /// As every sandbox begins.
    pub(crate) fn new() -> Wasi {
        Wasi { sequence: SEED, handles: 0 }
    }

    /// The next of the numbers that stand for random ones: SplitMix64, from the same seed in every sandbox. They differ
    /// from each other, as programs expect, and are the same in the next sandbox.
    pub(super) fn next(&mut self) -> u64 {
        self.sequence = self.sequence.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.sequence;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    /// Bytes of the same sequence.
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }

    /// A handle of something. Nothing is behind it, so that all are alike.
    pub(super) fn handle<T: 'static>(&mut self) -> Result<Resource<T>, TooManyHandles> {
        if self.handles >= HANDLES {
            return Err(TooManyHandles);
        }
        self.handles += 1;
        Ok(Resource::new_own(0))
    }

    /// A handle is given back.
    pub(super) fn dropped(&mut self) {
        self.handles = self.handles.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sandbox_begins_with_the_same_bytes() {
        let (mut one, mut two) = (Wasi::new(), Wasi::new());
        assert_eq!(one.bytes(13), two.bytes(13));
        assert_eq!(one.next(), two.next());
        assert_ne!(one.next(), one.next(), "a sequence and not one number");
        assert_eq!(one.bytes(0).len(), 0);
    }

    #[test]
    fn handles_are_limited_and_come_back() {
        let mut wasi = Wasi::new();
        for _ in 0..HANDLES {
            wasi.handle::<()>().unwrap();
        }
        assert!(wasi.handle::<()>().is_err());
        wasi.dropped();
        wasi.handle::<()>().unwrap();
    }
}
