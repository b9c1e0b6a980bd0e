//! What may stand before a document: a byte order mark, a prefix against cross-site inclusion, a JSONP call (H25).

/// What a body begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// More bytes are needed to tell.
    Undecided,
    /// The document begins behind `skip` bytes that go and `keep` bytes that stay.
    Document { skip: usize, keep: usize, call: bool },
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Prefixes that make a document useless to a foreign page's `script` element.
const PREFIXES: [&[u8]; 6] = [b")]}'\n", b")]}'\r\n", b")]}',\n", b")]}',\r\n", b"while(1);", b"for(;;);"];
/// Bytes of the name of a JSONP function at the most.
const CALLBACK: usize = 255;

/// Looks for a byte order mark at the beginning of a body, and for nothing else.
pub(crate) fn recognise_mark(body: &[u8]) -> Opening {
    if body.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(body) {
        return Opening::Undecided;
    }
    let skip = if body.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    Opening::Document { skip, keep: 0, call: false }
}

/// Looks at the beginning of a body. What is none of these is left to the lexer, which refuses it.
pub(crate) fn recognise(body: &[u8]) -> Opening {
    let Opening::Document { skip, .. } = recognise_mark(body) else {
        return Opening::Undecided;
    };
    let text = &body[skip..];
    if let Some(prefix) = PREFIXES.iter().find(|prefix| text.starts_with(prefix)) {
        return Opening::Document { skip, keep: prefix.len(), call: false };
    }
    if PREFIXES.iter().any(|prefix| prefix.starts_with(text)) {
        return Opening::Undecided;
    }
    let end = text.iter().position(|&byte| !is_name(byte)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let could_call = name.len() <= CALLBACK && name.first().is_some_and(|byte| !byte.is_ascii_digit());
    match rest.first() {
        None if could_call => Opening::Undecided,
        Some(b'(') if could_call && is_callback(name) => {
            Opening::Document { skip, keep: name.len() + 1, call: true }
        }
        _ => Opening::Document { skip, keep: 0, call: false },
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.')
}

/// Whether a name can be called: names joined by dots, none of them a word of the language that opens a statement.
fn is_callback(name: &[u8]) -> bool {
    name.split(|&byte| byte == b'.').all(|part| {
        part.first().is_some_and(|byte| !byte.is_ascii_digit())
            && !matches!(part, b"while" | b"for" | b"if" | b"switch" | b"with" | b"catch" | b"function")
            && !matches!(part, b"true" | b"false" | b"null" | b"typeof" | b"return" | b"delete" | b"void")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(skip: usize, keep: usize, call: bool) -> Opening {
        Opening::Document { skip, keep, call }
    }

    #[test]
    fn openings_are_recognised() {
        assert_eq!(recognise(b"{"), document(0, 0, false));
        assert_eq!(recognise(b"\xef\xbb\xbf["), document(3, 0, false));
        assert_eq!(recognise(b")]}'\n{}"), document(0, 5, false));
        assert_eq!(recognise(b")]}',\r\n{}"), document(0, 7, false));
        assert_eq!(recognise(b"while(1);{}"), document(0, 9, false));
        assert_eq!(recognise(b"for(;;);[]"), document(0, 8, false));
        assert_eq!(recognise(b"jQuery_1.cb$({}"), document(0, 13, true));
        assert_eq!(recognise(b"true "), document(0, 0, false));
        assert_eq!(recognise(b"while(2);"), document(0, 0, false));
        assert_eq!(recognise(b".a({})"), document(0, 0, false));
        assert_eq!(recognise(b"9a({})"), document(0, 0, false));
    }

    #[test]
    fn more_is_asked_for_only_where_it_matters() {
        for text in [&b""[..], b"\xef\xbb", b")]}", b")]}',", b"whil", b"cal", b"true"] {
            assert_eq!(recognise(text), Opening::Undecided, "{text:?}");
        }
        assert_eq!(recognise(&[b'a'; 256]), document(0, 0, false));
    }
}
