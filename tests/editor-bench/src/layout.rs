//! Lays compact JSON out over lines, as documents that people look at come.

/// The same document with a line for each member and element, indented by so many spaces for each level.
pub(crate) fn spread(compact: &str, indent: usize) -> String {
    let mut text = String::with_capacity(compact.len() * 3);
    let mut depth = 0;
    let mut quoted = false;
    let mut escaped = false;
    let mut characters = compact.chars().peekable();
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', depth * indent));
    };
    while let Some(character) = characters.next() {
        if quoted {
            text.push(character);
            quoted = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' => {
                text.push(character);
                if characters.peek().is_some_and(|next| matches!(next, '}' | ']')) {
                    text.extend(characters.next());
                } else {
                    depth += 1;
                    line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(character);
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            other => {
                quoted = other == '"';
                text.push(other);
            }
        }
    }
    text
}
