//! The header of an entry: a block of POSIX ustar with nothing in it that is not the name and the size.
//!
//! It is written here rather than by a library because reading rests on it: a header is right if it is, byte for byte,
//! the one that would be written for its name and size. So nothing in an archive can mean two things to two readers.

use crate::BundleError;

/// What archives are made of, in bytes.
pub(crate) const BLOCK: usize = 512;

/// A header as it stands in an archive.
pub(crate) type Block = [u8; BLOCK];

/// The fields of a ustar header in their order, by where they end.
const FIELDS: [(usize, &str); 17] = [
    (100, "name"),
    (108, "mode"),
    (116, "owner"),
    (124, "group"),
    (136, "size"),
    (148, "time"),
    (156, "checksum"),
    (157, "type"),
    (257, "link"),
    (263, "magic"),
    (265, "format version"),
    (297, "owner's name"),
    (329, "group's name"),
    (337, "device"),
    (345, "device"),
    (500, "prefix"),
    (BLOCK, "end"),
];

const SIZE: std::ops::Range<usize> = 124..136;

/// The one header of a file of this name and size. The name is shorter than the field, the size below 8 GiB.
pub(crate) fn write(name: &str, size: usize) -> Block {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    block[SIZE].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[148..156].fill(b' ');
    block[156] = b'0';
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[329..337].copy_from_slice(b"0000000\0");
    block[337..345].copy_from_slice(b"0000000\0");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// The name and the size in a header that is, to the byte, the one that is written for them.
///
/// # Errors
/// The first field that differs.
pub(crate) fn read(block: &Block, offset: usize) -> Result<(&str, usize), BundleError> {
    let wrong = |field| BundleError::Header { offset, field };
    let length = block[..100].iter().position(|byte| *byte == 0).ok_or(wrong("name"))?;
    let name = std::str::from_utf8(&block[..length]).map_err(|_| wrong("name"))?;
    let digits = &block[SIZE.start..SIZE.end - 1];
    let size = digits
        .iter()
        .try_fold(0, |size, digit| {
            matches!(digit, b'0'..=b'7').then(|| size << 3 | usize::from(digit - b'0'))
        })
        .ok_or(wrong("size"))?;
    let own = write(name, size);
    let differs = |range: std::ops::Range<usize>| block[range.clone()] != own[range];
    let mut begin = 0;
    let mut differing = Vec::new();
    for (end, field) in FIELDS {
        if differs(begin..end) {
            differing.push(field);
        }
        begin = end;
    }
    // Whatever differs, its sum differs with it.
    match differing.iter().find(|field| **field != "checksum").or(differing.first()) {
        None => Ok((name, size)),
        Some(field) => Err(wrong(field)),
    }
}
