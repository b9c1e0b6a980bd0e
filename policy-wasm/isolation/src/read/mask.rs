//! What the rules say of what takes the place of a hidden value.

use cordon_policy_sdk::types::{Mask, Pattern};

use super::document::{Item, Table};

const MASKS: &str = "write `fixed`, `keep-last`, `null`, `hash` or `patterns`";

/// Bytes of a regular expression: what the host takes.
const EXPRESSION: usize = 1000;

/// The mask that a table describes. `whole`: the table describes nothing else.
pub(super) fn mask(table: &mut Table<'_>, whole: bool) -> Option<Mask> {
    let with = table.required("with", MASKS);
    let text = table.optional("text");
    let last = table.optional("last");
    let find = table.optional("find");
    let mask = with.as_ref().and_then(|with| match with.text()? {
        "fixed" => match &text {
            Some(text) => text.text().map(|text| Mask::Fixed(text.to_owned())),
            None => with.wrong("a fixed mask needs its text: add `text = \"****\"`"),
        },
        "keep-last" => match &last {
            Some(last) => last.count().map(Mask::KeepLast),
            None => with.wrong("say how many characters are kept: add `last = 4`"),
        },
        "null" => Some(Mask::Null),
        "hash" => Some(Mask::Hash),
        "patterns" => match &find {
            Some(find) => patterns(find).map(Mask::Patterns),
            None => with.wrong("say what is looked for: add `find = [\"phone\", \"email\"]`"),
        },
        other => with.wrong(format!("the mask `{other}` is unknown: {MASKS}")),
    });
    if let (Some(text), Some(false)) = (&text, mask.as_ref().map(|mask| matches!(mask, Mask::Fixed(_)))) {
        text.wrong::<()>("only a mask with `fixed` has a text: take it out");
    }
    if let (Some(last), Some(false)) = (&last, mask.as_ref().map(|mask| matches!(mask, Mask::KeepLast(_)))) {
        last.wrong::<()>("only a mask with `keep-last` keeps characters: take it out");
    }
    if let (Some(find), Some(false)) = (&find, mask.as_ref().map(|mask| matches!(mask, Mask::Patterns(_)))) {
        find.wrong::<()>("only a mask with `patterns` looks for something: take it out");
    }
    if whole {
        table.check();
    }
    mask
}

/// What is looked for in free text.
fn patterns(item: &Item<'_>) -> Option<Vec<Pattern>> {
    let items = item.list();
    if items.is_empty() && item.is_list() {
        return item.wrong(format!("nothing is looked for: {PATTERNS}"));
    }
    let patterns: Vec<Option<Pattern>> = items.iter().map(pattern).collect();
    patterns.into_iter().collect()
}

const PATTERNS: &str = "write \"phone\", \"email\" or { regex = \"…\" }";

fn pattern(item: &Item<'_>) -> Option<Pattern> {
    if item.is_text() {
        return match item.text()? {
            "phone" => Some(Pattern::Phone),
            "email" => Some(Pattern::Email),
            other => item.wrong(format!("the pattern `{other}` is unknown: {PATTERNS}")),
        };
    }
    let mut table = item.table()?;
    let regex = table.required("regex", "write the regular expression");
    let text = regex.as_ref().and_then(|item| item.text());
    table.finish();
    match (regex, text?) {
        (Some(regex), text) if text.len() > EXPRESSION => {
            regex.wrong(format!("a regular expression takes at most {EXPRESSION} bytes: make two of it"))
        }
        (_, text) => Some(Pattern::Regex(text.to_owned())),
    }
}
