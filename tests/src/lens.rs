//! The oracle's words: who looks, which fields are whose, and what is left of a record. Plain functions over
//! [`Node`], sharing nothing with the code under test.

use crate::json::{Member, Node};

/// Who looks.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    /// The user's login.
    pub login: String,
    /// The projects the user is in.
    pub projects: Vec<String>,
    /// Sees the records of every project (D10).
    pub everything: bool,
    /// Sees that projects exist (D10).
    pub lists_projects: bool,
    /// Sees hidden fields (D13).
    pub unmasked: bool,
    /// The sections that are open; all of them if none are named (D12).
    pub sections: Option<Vec<String>>,
}

impl Viewer {
    /// Somebody in these projects without any right.
    pub fn new(login: &str, projects: &[&str]) -> Viewer {
        let projects = projects.iter().map(|&project| project.to_owned()).collect();
        Viewer { login: login.to_owned(), projects, ..Viewer::default() }
    }

    /// Whether a section is open.
    pub fn opens(&self, section: &str) -> bool {
        self.sections.as_ref().is_none_or(|sections| sections.iter().any(|open| open == section))
    }

    /// The projects among these through which the viewer sees a record.
    pub fn through(&self, projects: &[String]) -> Vec<String> {
        let seen = |project: &&String| self.everything || self.projects.contains(project);
        projects.iter().filter(seen).cloned().collect()
    }

    /// Whether a record of these projects may be seen.
    pub fn sees(&self, projects: &[String]) -> bool {
        self.everything || !self.through(projects).is_empty()
    }
}

/// A contact field (D14).
#[derive(Clone, Debug)]
pub struct Field {
    /// What records call it.
    pub key: String,
    /// The projects that use it.
    pub projects: Vec<String>,
    /// In every project (D16).
    pub system: bool,
    /// Masked for those without the right to see it (D18).
    pub hidden: bool,
}

impl Field {
    /// A field of these projects, or a system field if `projects` is `["*"]`; hidden if its key ends in `!`.
    pub fn new(key: &str, projects: &[&str]) -> Field {
        let system = projects == ["*"];
        let projects = if system { &[] } else { projects };
        Field {
            key: key.trim_end_matches('!').to_owned(),
            projects: projects.iter().map(|&project| project.to_owned()).collect(),
            system,
            hidden: key.ends_with('!'),
        }
    }
}

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// It passes.
    Plain,
    /// A mask takes its place.
    Masked,
    /// It goes.
    Gone,
}

/// What a viewer gets of a field in a record that is seen through these projects (D15, D16, D18, D19).
pub fn show(fields: &[Field], viewer: &Viewer, through: &[String], key: &str) -> Show {
    let Some(field) = fields.iter().find(|field| field.key == key) else {
        return Show::Gone;
    };
    let used = field.system || field.projects.iter().any(|project| through.contains(project));
    match (used, field.hidden && !viewer.unmasked) {
        (false, _) => Show::Gone,
        (true, true) => Show::Masked,
        (true, false) => Show::Plain,
    }
}

/// Of an object, the members for which there is a value to show.
#[must_use]
pub fn map_members(node: &Node, mut of: impl FnMut(&Member) -> Option<Node>) -> Node {
    let members = node.members().iter().filter_map(|member| {
        let value = of(member)?;
        Some(Member { value, ..member.clone() })
    });
    Node::Object(members.collect())
}

/// Of an array, the elements for which there is a value to show.
#[must_use]
pub fn map_elements(node: &Node, of: impl FnMut(&Node) -> Option<Node>) -> Node {
    Node::Array(node.elements().iter().filter_map(of).collect())
}

/// What these paths name of a value: `id`, `meta.page`, `tags[].name`. Named are scalars and arrays of scalars;
/// containers on the way stay, emptied of the rest.
#[must_use]
pub fn pick(node: &Node, paths: &[&str]) -> Node {
    map_members(node, |member| {
        let name = member.name.as_str();
        let inner: Vec<&str> =
            paths.iter().filter_map(|path| path.strip_prefix(name)?.strip_prefix('.')).collect();
        let each: Vec<&str> =
            paths.iter().filter_map(|path| path.strip_prefix(name)?.strip_prefix("[].")).collect();
        match &member.value {
            value if paths.contains(&name) && value.is_flat() => Some(value.clone()),
            value @ Node::Object(_) if !inner.is_empty() => Some(pick(value, &inner)),
            value @ Node::Array(_) if !each.is_empty() => Some(map_elements(value, |element| {
                matches!(element, Node::Object(_)).then(|| pick(element, &each))
            })),
            _ => None,
        }
    })
}

/// The text of every string and number of a document, to search for in what a caller got.
pub fn values(node: &Node) -> Vec<String> {
    match node {
        Node::Scalar(text) if matches!(text.as_str(), "null" | "true" | "false") => Vec::new(),
        Node::Scalar(text) => vec![text.clone()],
        Node::Array(elements) => elements.iter().flat_map(values).collect(),
        Node::Object(members) => members.iter().flat_map(|member| values(&member.value)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_what_is_named_and_nothing_else() {
        let node =
            Node::parse(br#"{"a":1,"b":{"c":[1,2],"d":{"e":3}},"f":[{"g":"x","h":1},7],"i":[[1]]}"#).unwrap();
        assert_eq!(
            pick(&node, &["a", "b.c", "f[].g", "i"]).compact(),
            r#"{"a":1,"b":{"c":[1,2]},"f":[{"g":"x"}]}"#
        );
        assert_eq!(pick(&node, &["b", "f[].z"]).compact(), r#"{"f":[{}]}"#);
        assert_eq!(values(&node), ["1", "1", "2", "3", "\"x\"", "1", "7", "1"]);
    }

    #[test]
    fn fields_are_shown_through_the_projects_of_record_and_viewer() {
        let fields = [Field::new("name", &["*"]), Field::new("tax!", &["a"]), Field::new("loose", &[])];
        let viewer = Viewer::new("v", &["a", "b"]);
        let through = viewer.through(&["a".into(), "c".into()]);
        assert_eq!(through, ["a"]);
        assert_eq!(show(&fields, &viewer, &through, "name"), Show::Plain);
        assert_eq!(show(&fields, &viewer, &through, "tax"), Show::Masked);
        assert_eq!(show(&fields, &viewer, &["b".into()], "tax"), Show::Gone);
        assert_eq!(show(&fields, &viewer, &through, "loose"), Show::Gone);
        let unmasked = Viewer { unmasked: true, ..viewer };
        assert_eq!(show(&fields, &unmasked, &through, "tax"), Show::Plain);
    }
}
