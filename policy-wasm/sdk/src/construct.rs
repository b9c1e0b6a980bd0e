//! Short ways to write the values that tests and policies need most.

use crate::types::{BodyPlan, Format, QueryEdits, Request, Rights, Scalar, Scope, Sections, Value};

impl Scope {
    /// A scope of these projects, without rights, with every section open, in the canonical form that the host
    /// gives (sorted, without duplicates).
    pub fn of<'a>(projects: impl IntoIterator<Item = &'a str>) -> Scope {
        Scope {
            projects: canonical(projects),
            rights: Rights::empty(),
            sections: Sections::All,
            chosen: None,
        }
    }

    /// The same with these rights besides.
    #[must_use]
    pub fn with_rights(mut self, rights: Rights) -> Scope {
        self.rights |= rights;
        self
    }

    /// The same with only these sections open (D12).
    #[must_use]
    pub fn with_sections<'a>(mut self, sections: impl IntoIterator<Item = &'a str>) -> Scope {
        self.sections = Sections::These(canonical(sections));
        self
    }

    /// The same with this project chosen (D24).
    #[must_use]
    pub fn choosing(mut self, project: &str) -> Scope {
        self.chosen = Some(project.to_owned());
        self
    }

    /// Whether a section is open (D12).
    pub fn opens(&self, section: &str) -> bool {
        match &self.sections {
            Sections::All => true,
            Sections::These(open) => open.iter().any(|one| one == section),
        }
    }
}

impl Request {
    /// A request on a route without query parameters.
    pub fn of(route: &str, method: &str) -> Request {
        Request { route: route.to_owned(), method: method.to_owned(), query: Vec::new(), values: Vec::new() }
    }

    /// The same with these query parameters present, in the canonical form that the host gives.
    #[must_use]
    pub fn with_query<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Request {
        self.query = canonical(names);
        self
    }
}

impl BodyPlan {
    /// A plan for bodies of this format that lets nothing through.
    pub fn of(format: Format) -> BodyPlan {
        BodyPlan { format, csv: None, embedded: Vec::new(), outside: Vec::new(), sets: Vec::new() }
    }
}

impl QueryEdits {
    /// The query stays as it is.
    pub fn none() -> QueryEdits {
        QueryEdits { set: Vec::new(), remove: Vec::new() }
    }
}

impl Value {
    /// A single string.
    pub fn text(text: &str) -> Value {
        Value::One(Scalar::Text(text.to_owned()))
    }

    /// A single number, by its text.
    pub fn number(text: &str) -> Value {
        Value::One(Scalar::Number(text.to_owned()))
    }

    /// A JSON `null`.
    pub fn null() -> Value {
        Value::One(Scalar::Null)
    }

    /// An array of strings.
    pub fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
        Value::Many(texts.into_iter().map(|text| Scalar::Text(text.to_owned())).collect())
    }
}

pub(crate) fn canonical<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}
