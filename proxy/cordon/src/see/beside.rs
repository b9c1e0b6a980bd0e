//! A backend's JSON body with the caller's view beside it: each place that differs is marked, with its reason.

use std::collections::HashMap;
use std::fmt::Write as _;

use cordon_rewrite::{Difference, DifferenceKind, push_member};
use serde_json::Value;

/// What happened at a place, and why.
pub(super) struct Note {
    /// `-` gone, `~` shown with another value.
    mark: char,
    reason: String,
}

/// Notes by concrete path.
pub(super) type Notes = HashMap<String, Note>;

/// Gives each difference a mark and, by `reason`, a reason.
pub(super) fn notes(differences: &[Difference], reason: impl Fn(&Difference) -> String) -> Notes {
    let note = |difference: &Difference| {
        let mark = match difference.kind {
            DifferenceKind::Masked { .. } | DifferenceKind::Recounted => '~',
            DifferenceKind::Dropped { .. } | DifferenceKind::Removed | DifferenceKind::Unlisted => '-',
        };
        (difference.path.clone(), Note { mark, reason: reason(difference) })
    };
    differences.iter().map(note).collect()
}

/// The body, one line a value. Lines of what is gone begin with `-`, of what has another value with `~`.
pub(super) fn render(body: &Value, notes: &Notes) -> String {
    let mut page = Page { text: String::new(), notes };
    page.value(body, "$", &Around { label: "", comma: "", depth: 0, mark: ' ' });
    page.text
}

/// What stands around a value on the page.
struct Around<'a> {
    /// The member's name before it.
    label: &'a str,
    /// The comma after it.
    comma: &'static str,
    depth: usize,
    /// The mark of the container: what lies in something that is gone is gone.
    mark: char,
}

struct Page<'a> {
    text: String,
    notes: &'a Notes,
}

impl Page<'_> {
    fn value(&mut self, value: &Value, path: &str, around: &Around<'_>) {
        let Around { label, comma, depth, mark: outer } = *around;
        let note = self.notes.get(path).filter(|_| outer != '-');
        let mark = note.map_or(outer, |note| note.mark);
        let reason = note.map(|note| note.reason.clone()).unwrap_or_default();
        match value {
            Value::Array(items) if !items.is_empty() => {
                self.line(mark, depth, &format!("{label}["), &reason);
                for (index, item) in items.iter().enumerate() {
                    let comma = if index + 1 < items.len() { "," } else { "" };
                    let around = Around { label: "", comma, depth: depth + 1, mark };
                    self.value(item, &format!("{path}[{index}]"), &around);
                }
                self.line(mark, depth, &format!("]{comma}"), "");
            }
            Value::Object(members) if !members.is_empty() => {
                self.line(mark, depth, &format!("{label}{{"), &reason);
                for (index, (name, member)) in members.iter().enumerate() {
                    let comma = if index + 1 < members.len() { "," } else { "" };
                    let label = format!("{}: ", Value::String(name.clone()));
                    let around = Around { label: &label, comma, depth: depth + 1, mark };
                    self.value(member, &child(path, name), &around);
                }
                self.line(mark, depth, &format!("}}{comma}"), "");
            }
            scalar => self.line(mark, depth, &format!("{label}{scalar}{comma}"), &reason),
        }
    }

    fn line(&mut self, mark: char, depth: usize, text: &str, reason: &str) {
        let indent = "  ".repeat(depth);
        let reason = if reason.is_empty() { String::new() } else { format!("    ◂ {reason}") };
        // Writing to a string does not fail.
        _ = writeln!(self.text, "{mark} {indent}{text}{reason}");
    }
}

/// The path of a member, in the form that the editor's report has.
fn child(path: &str, name: &str) -> String {
    let mut path = path.to_owned();
    push_member(&mut path, name);
    path
}

#[cfg(test)]
mod tests {
    use cordon_rewrite::Mask;

    use super::*;

    #[test]
    fn what_is_gone_and_what_is_masked_is_marked_with_its_reason() {
        let body = serde_json::json!({"data": [{"id": 1, "phone": "+1555"}, {"id": 2}], "total": 2});
        let difference = |path: &str, kind| Difference { path: path.to_owned(), kind };
        let differences = [
            difference("$.data[0].phone", DifferenceKind::Masked { by: Mask::Null }),
            difference("$.data[1]", DifferenceKind::Dropped { set: 0, values: vec![] }),
        ];
        let notes = notes(&differences, |difference| format!("because of {}", difference.path));
        let shown = render(&body, &notes);
        let expected = r#"  {
    "data": [
      {
        "id": 1,
~       "phone": "+1555"    ◂ because of $.data[0].phone
      },
-     {    ◂ because of $.data[1]
-       "id": 2
-     }
    ],
    "total": 2
  }
"#;
        assert_eq!(shown, expected);
    }

    #[test]
    fn names_of_any_kind_are_marked() {
        let names = ["é", "Имя", "x y", "a.b", "it's", "", "\\", "9", "a\u{7}b"];
        let body: Value = names.iter().map(|name| ((*name).to_owned(), Value::from(1))).collect();
        let differences: Vec<Difference> = names
            .iter()
            .map(|name| Difference { path: child("$", name), kind: DifferenceKind::Unlisted })
            .collect();
        let shown = render(&body, &notes(&differences, |_| "gone".to_owned()));
        assert_eq!(shown.matches("- ").count(), names.len(), "{shown}");
    }
}
