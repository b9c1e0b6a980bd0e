//! Prefixes and the namespaces that they stand for (Namespaces in XML 1.0).
//!
//! Plans address names as they are written, so that what is written must always mean the same: a prefix, the empty one
//! too, stands for one namespace in all of a document, and the elements of a namespace have one prefix, its attributes
//! too. A document of which that is not true is refused, since an edit that names `a:phone` must not miss `b:phone`.

use crate::error::{EditErrorKind, Limit};

#[derive(Debug)]
pub(crate) struct Namespaces {
    bindings: Vec<Binding>,
    /// Bindings made by the open elements, each with the element's depth.
    declared: Vec<(usize, usize)>,
    /// Whether names of elements without a prefix are in a namespace, once there was one.
    unprefixed: Option<bool>,
    /// The empty prefix.
    default: Option<usize>,
    /// Whether it is declared where we are.
    bound: bool,
    name_limit: usize,
}

#[derive(Debug)]
struct Binding {
    prefix: Box<str>,
    name: Box<str>,
    /// Open elements that declare it.
    open: usize,
    of_elements: bool,
    of_attributes: bool,
}

/// Prefixes remembered at the most.
const PREFIXES: usize = 256;
/// What `xml` stands for without being declared.
const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What `xmlns` stands for.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

const UNDECLARED: EditErrorKind = EditErrorKind::Malformed("a prefix that is not declared");
const RESERVED: EditErrorKind = EditErrorKind::Malformed("a reserved prefix or namespace");
const REBOUND: EditErrorKind = EditErrorKind::Malformed("a prefix that stands for two namespaces");
const ALIASED: EditErrorKind = EditErrorKind::Malformed("a namespace that is written with two prefixes");

impl Namespaces {
    pub(crate) fn new(name_limit: usize) -> Namespaces {
        let xml = Binding {
            prefix: "xml".into(),
            name: XML.into(),
            open: 1,
            of_elements: false,
            of_attributes: false,
        };
        Namespaces {
            bindings: vec![xml],
            declared: Vec::new(),
            unprefixed: None,
            default: None,
            bound: false,
            name_limit,
        }
    }

    /// Takes a declaration of an element that is the so-manieth of those open. The empty prefix is the default.
    pub(crate) fn declare(&mut self, prefix: &str, name: &str, depth: usize) -> Result<(), EditErrorKind> {
        let reserved = prefix == "xmlns" || name == XMLNS || (prefix == "xml") != (name == XML);
        if reserved {
            return Err(RESERVED);
        }
        if name.is_empty() && !prefix.is_empty() {
            return Err(EditErrorKind::Malformed("a prefix that is declared to be none"));
        }
        if name.len() > self.name_limit {
            return Err(EditErrorKind::Limit(Limit::Name));
        }
        let place = match self.find(prefix) {
            Some(place) if *self.bindings[place].name != *name => return Err(REBOUND),
            Some(place) => place,
            None if self.bindings.len() == PREFIXES => return Err(EditErrorKind::Limit(Limit::Members)),
            None => {
                let (prefix, name) = (prefix.into(), name.into());
                self.bindings.push(Binding {
                    prefix,
                    name,
                    open: 0,
                    of_elements: false,
                    of_attributes: false,
                });
                self.bindings.len() - 1
            }
        };
        if prefix.is_empty() {
            self.default = Some(place);
            self.bound = !name.is_empty();
        }
        self.bindings[place].open += 1;
        self.declared.push((depth, place));
        Ok(())
    }

    /// Takes an element's name.
    #[inline]
    pub(crate) fn element(&mut self, prefix: Option<&str>) -> Result<(), EditErrorKind> {
        let Some(prefix) = prefix else {
            return if self.unprefixed == Some(self.bound) { Ok(()) } else { self.unprefixed() };
        };
        if prefix == "xmlns" {
            return Err(RESERVED);
        }
        let place = self.in_scope(prefix)?;
        if self.bindings[place].of_elements { Ok(()) } else { self.first_of_elements(place) }
    }

    /// Takes an attribute's name that has a prefix.
    pub(crate) fn attribute(&mut self, prefix: &str) -> Result<(), EditErrorKind> {
        let place = self.in_scope(prefix)?;
        if !self.bindings[place].of_attributes {
            let name = &self.bindings[place].name;
            if self.bindings.iter().any(|other| other.of_attributes && other.name == *name) {
                return Err(ALIASED);
            }
            self.bindings[place].of_attributes = true;
        }
        Ok(())
    }

    /// An element has ended that was the so-manieth of those open.
    pub(crate) fn close(&mut self, depth: usize) {
        while let Some(&(declared, place)) = self.declared.last()
            && declared == depth
        {
            self.bindings[place].open -= 1;
            self.declared.pop();
            if self.default == Some(place) && self.bindings[place].open == 0 {
                self.bound = false;
            }
        }
    }

    /// A name without a prefix, the first one or one that means something else than those before.
    #[cold]
    fn unprefixed(&mut self) -> Result<(), EditErrorKind> {
        if self.unprefixed.is_some() {
            return Err(REBOUND);
        }
        if let Some(place) = self.default.filter(|_| self.bound) {
            self.first_of_elements(place)?;
        }
        self.unprefixed = Some(self.bound);
        Ok(())
    }

    fn first_of_elements(&mut self, place: usize) -> Result<(), EditErrorKind> {
        let name = &self.bindings[place].name;
        if self.bindings.iter().any(|other| other.of_elements && other.name == *name) {
            return Err(ALIASED);
        }
        self.bindings[place].of_elements = true;
        Ok(())
    }

    fn find(&self, prefix: &str) -> Option<usize> {
        self.bindings.iter().position(|binding| *binding.prefix == *prefix)
    }

    fn in_scope(&self, prefix: &str) -> Result<usize, EditErrorKind> {
        self.find(prefix).filter(|&place| self.bindings[place].open > 0).ok_or(UNDECLARED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_malformed(result: &Result<(), EditErrorKind>, why: &str) -> bool {
        matches!(result, Err(EditErrorKind::Malformed(text)) if text.contains(why))
    }

    #[test]
    fn a_prefix_is_known_where_it_is_declared() {
        let mut names = Namespaces::new(100);
        assert!(is_malformed(&names.element(Some("a")), "not declared"));
        names.declare("a", "urn:a", 1).unwrap();
        names.element(Some("a")).unwrap();
        names.declare("a", "urn:a", 2).unwrap();
        names.close(2);
        names.attribute("a").unwrap();
        names.close(1);
        assert!(is_malformed(&names.attribute("a"), "not declared"));
        names.attribute("xml").unwrap();
    }

    #[test]
    fn what_is_written_means_one_thing() {
        let mut names = Namespaces::new(100);
        names.declare("a", "urn:a", 1).unwrap();
        assert!(is_malformed(&names.declare("a", "urn:b", 2), "two namespaces"));
        names.declare("b", "urn:a", 1).unwrap();
        names.element(Some("b")).unwrap();
        names.attribute("a").unwrap();
        assert!(is_malformed(&names.element(Some("a")), "two prefixes"));
        assert!(is_malformed(&names.attribute("b"), "two prefixes"));
        names.element(None).unwrap();
        names.declare("", "urn:c", 2).unwrap();
        assert!(is_malformed(&names.element(None), "two namespaces"));
    }

    #[test]
    fn what_is_reserved_stays_so() {
        let mut names = Namespaces::new(10);
        names.declare("xml", XML, 1).unwrap_err();
        let mut names = Namespaces::new(100);
        names.declare("xml", XML, 1).unwrap();
        for (prefix, name) in [("xml", "urn:a"), ("a", XML), ("xmlns", "urn:a"), ("a", XMLNS), ("", XMLNS)] {
            assert!(is_malformed(&names.declare(prefix, name, 1), "reserved"), "{prefix}={name}");
        }
        assert!(is_malformed(&names.declare("a", "", 1), "none"));
        assert!(is_malformed(&names.element(Some("xmlns")), "reserved"));
        for number in 0..PREFIXES - 1 {
            names.declare(&format!("p{number}"), "urn:p", 1).unwrap();
        }
        assert!(matches!(names.declare("q", "urn:q", 1), Err(EditErrorKind::Limit(Limit::Members))));
    }
}
