//! Undoes the escapes of strings and names.

/// Appends what stands between the quotes of a string, which has been read, unescaped.
pub(crate) fn unescape(inner: &str, text: &mut String) {
    let mut rest = inner;
    while let Some(backslash) = rest.find('\\') {
        text.push_str(&rest[..backslash]);
        let escape = rest.as_bytes().get(backslash + 1).copied().unwrap_or_default();
        let mut length = 2;
        text.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = unit(&rest[backslash..]);
                let surrogate = (0xd800..0xdc00).contains(&first);
                length = if surrogate { 12 } else { 6 };
                let second = if surrogate { unit(&rest[backslash + 6..]) } else { 0 };
                let scalar = if surrogate {
                    0x10000 + ((first - 0xd800) << 10) + second.saturating_sub(0xdc00)
                } else {
                    first
                };
                char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => char::from(other),
        });
        rest = &rest[backslash + length..];
    }
    text.push_str(rest);
}

/// The unit that `\uXXXX` at the beginning stands for.
fn unit(escape: &str) -> u32 {
    escape.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let mut text = String::new();
        unescape(r#"a\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é"#, &mut text);
        assert_eq!(text, "a\"\\/\u{8}\u{c}\n\r\té😀é");
    }
}
