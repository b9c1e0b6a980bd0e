//! Shows problems of a file to people: file, line, caret, and what to do.

use std::io::IsTerminal as _;
use std::path::Path;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use cordon_settings::Problem;

use crate::Failure;

/// All problems of a file as a failure, for standard error.
pub(crate) fn report(path: &Path, text: &str, problems: &[Problem]) -> Failure {
    let path = path.display().to_string();
    let shown = render(&path, text, problems, std::io::stderr().is_terminal());
    Failure::wrong(format!("{shown}{} problem(s) in {path}\n\n", problems.len()))
}

/// The problems of one file, rendered for a terminal or for a log.
pub(crate) fn render(path: &str, text: &str, problems: &[Problem], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut shown = String::new();
    for problem in problems {
        let mut group = match &problem.span {
            Some(span) => {
                let end = span.end.min(text.len());
                let start = span.start.min(end);
                Group::with_title(Level::ERROR.primary_title(problem.message.as_str())).element(
                    Snippet::source(text)
                        .path(path)
                        .annotation(AnnotationKind::Primary.span(start..one_line(text, start, end))),
                )
            }
            None => Group::with_title(Level::ERROR.primary_title(format!("{path}: {}", problem.message))),
        };
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        shown.push_str(&renderer.render(&[group]));
        shown.push('\n');
    }
    shown
}

/// A caret under a whole table says less than one under its first line.
fn one_line(text: &str, start: usize, end: usize) -> usize {
    text[start..end].find('\n').map_or(end, |line| start + line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_file_line_and_caret() {
        let text = "a = 1\nb = 2\n";
        let problem = Problem {
            message: "there is no `b`".to_owned(),
            span: Some(6..7),
            help: Some("take it out".to_owned()),
        };
        let shown = render("cordon.toml", text, &[problem], false);
        assert!(shown.contains("cordon.toml:2:1"), "{shown}");
        assert!(shown.contains("b = 2") && shown.contains('^'), "{shown}");
        assert!(shown.contains("take it out"), "{shown}");
    }
}
