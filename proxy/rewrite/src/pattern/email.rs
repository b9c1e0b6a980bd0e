//! E-mail addresses, as they stand in text, in addresses of the web and in what was encoded once more.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::pattern::FINDS;

/// What stands before the sign, the sign or what stands for it, and a host: its name, or its address in brackets.
/// Not `/`, `?` and `&` before the sign, although they are allowed there: in an address of the web more than the e-mail
/// address would go.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let local = r#"(?:[\p{L}\p{N}\p{M}\p{Cf}._%+'’!#$*=^`{|}~\-‐‑]+|"(?:[^"\\\n]|\\.){1,64}")"#;
    let sign = r"(?:@|＠|﹫|%(?:25)*40|&(?:#0*64|#x0*40|commat);|\\u0040| ?[\[({<] ?at ?[\])}>] ?)";
    let dot = r"(?:[.。．｡]|%(?:25)*2E| ?[\[({<] ?(?:dot|punkt) ?[\])}>] ?)";
    let label = r"[\p{L}\p{N}_\p{Cf}](?:[\p{L}\p{N}\p{M}\p{Cf}_\-‐‑]|%2D)*";
    let bracketed = r"\[[0-9a-f.:]{3,45}\]";
    Regex::new(&format!("(?i){local}{sign}(?:{label}(?:{dot}{label})*|{bracketed})")).ok()
});

/// Appends the parts of a text that are addresses.
pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>) {
    match &*ADDRESS {
        Some(address) => found.extend(address.find_iter(text).take(FINDS + 1).map(|part| part.range())),
        // Cannot be: the tests have it. Everything goes.
        None => found.push(0..text.len()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_expression_is_right() {
        assert!(super::ADDRESS.is_some());
    }
}
