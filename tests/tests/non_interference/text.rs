//! A world as the files that describe it: rules and directory.

use std::fmt::Write;

use cordon_tests::DirectoryText;

use crate::world::{Group, Inner, Kind, Layout, Mask, Path, Route, Whose, World};

/// The rules file. `leak` is put into every kind, to see that the test sees it.
pub(crate) fn rules(world: &World, leak: &str) -> String {
    let mut text = format!(
        "name = \"made-up\"\nversion = \"1\"\nformat = \"json\"\nmask_hidden = {{ {} }}\n",
        mask(&world.mask_hidden)
    );
    for (index, each) in world.kinds.iter().enumerate() {
        _ = write!(text, "\n[kind.kind{index}]\n{}", kind(each, leak));
        for group in &each.fields {
            _ = write!(text, "\n[[kind.kind{index}.fields]]\nof = \"contact\"\n{}", fields(group));
        }
    }
    for each in &world.routes {
        _ = write!(text, "\n[[route]]\n{}", route(each));
    }
    text
}

/// The directory file.
pub(crate) fn directory(world: &World) -> String {
    let mut text = DirectoryText::default();
    for (id, alias) in &world.projects {
        text = text.project(id, &[alias]);
    }
    for viewer in &world.viewers {
        let held = [
            (viewer.everything, "see-everything"),
            (viewer.lists_projects, "list-projects"),
            (viewer.unmasked, "see-masked-fields"),
        ];
        let rights: Vec<&str> = held.iter().filter(|(held, _)| *held).map(|(_, right)| *right).collect();
        let sections: Option<Vec<&str>> = viewer.sections.as_ref().map(|sections| strs(sections));
        let role = format!("role of {}", viewer.login);
        text = text.role(&role, &rights, sections.as_deref()).user(
            &viewer.login,
            &role,
            &strs(&viewer.projects),
        );
    }
    for field in &world.fields {
        let flags = [(field.system, "system"), (field.hidden, "hidden")];
        let flags: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
        text = text.field("contact", &field.key, &strs(&field.projects), &flags);
    }
    for object in &world.objects {
        text = text.object(object.kind, &object.id, &strs(&object.projects));
    }
    text.text().to_owned()
}

fn strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn kind(kind: &Kind, leak: &str) -> String {
    let mut text = format!("project = {}\n", whose(&kind.whose));
    text += &list("keep", &kind.keep);
    let mut all: Vec<String> = kind.keep_all.iter().map(|path| format!("\"{path}\"")).collect();
    if !leak.is_empty() {
        all.push(format!("\"{leak}\""));
    }
    if !all.is_empty() {
        _ = writeln!(text, "keep_all = [{}]", all.join(", "));
    }
    text += &list("expect", &kind.expect);
    if let Some(tile) = &kind.tile {
        text += &list("tile", tile);
    }
    let masks: Vec<String> = kind
        .masks
        .iter()
        .map(|(path, with, always)| format!("{{ path = \"{path}\", {}, always = {always} }}", mask(with)))
        .collect();
    if !masks.is_empty() {
        _ = writeln!(text, "mask = [{}]", masks.join(", "));
    }
    let records: Vec<String> = kind.records.iter().map(inner).collect();
    if !records.is_empty() {
        _ = writeln!(text, "records = [{}]", records.join(", "));
    }
    text
}

fn inner(inner: &Inner) -> String {
    let whose = inner.whose.as_ref().map_or(String::new(), |own| format!(", project = {}", whose(own)));
    format!("{{ path = \"{}\", kind = \"kind{}\"{whose} }}", inner.path, inner.kind)
}

fn fields(group: &Group) -> String {
    let at = &group.at;
    match &group.layout {
        Layout::Members => format!("at = \"{at}\"\nas = \"members\"\n"),
        Layout::Columns => format!("at = \"{at}\"\nas = \"columns\"\n"),
        Layout::Entries { name, value, also } => {
            format!(
                "at = \"{at}\"\nas = \"entries\"\nname = \"{name}\"\nvalue = \"{value}\"\nalso = {also:?}\n"
            )
        }
    }
}

fn route(route: &Route) -> String {
    let Route { name, section, .. } = route;
    let mut text = format!("name = \"{name}\"\npath = \"/{name}\"\nsection = \"{section}\"\n");
    let sets: Vec<String> = route
        .sets
        .iter()
        .map(|(path, kind, sole)| {
            let may_be_absent = if path.is_one() && !sole { ", sole = false" } else { "" };
            format!("{{ path = \"{path}\", kind = \"kind{kind}\"{may_be_absent} }}")
        })
        .collect();
    _ = writeln!(text, "records = [{}]", sets.join(", "));
    text += &list("keep", &route.keep);
    text += &list("keep_all", &route.keep_all);
    text += &list("expect", &route.expect);
    let totals: Vec<String> = route
        .totals
        .iter()
        .map(|(path, set)| format!("{{ path = \"{path}\", of = \"{}\" }}", route.sets[*set].0))
        .collect();
    if !totals.is_empty() {
        _ = writeln!(text, "total = [{}]", totals.join(", "));
    }
    text
}

fn list(name: &str, paths: &[Path]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("\"{path}\"")).collect();
    if paths.is_empty() { String::new() } else { format!("{name} = [{}]\n", paths.join(", ")) }
}

fn whose(whose: &Whose) -> String {
    match whose {
        Whose::Caller => "\"caller\"".to_owned(),
        Whose::Everyone => "\"everyone\"".to_owned(),
        Whose::Outer => "\"outer\"".to_owned(),
        Whose::Places(places) => {
            let places: Vec<String> = places
                .iter()
                .map(|place| match place.object {
                    None => format!("\"{}\"", place.path),
                    Some(object) => format!("{{ path = \"{}\", object = \"{object}\" }}", place.path),
                })
                .collect();
            format!("[{}]", places.join(", "))
        }
    }
}

fn mask(mask: &Mask) -> String {
    match mask {
        Mask::Fixed(text) => format!("with = \"fixed\", text = {text:?}"),
        Mask::KeepLast(last) => format!("with = \"keep-last\", last = {last}"),
        Mask::Null => "with = \"null\"".to_owned(),
        Mask::Hash => "with = \"hash\"".to_owned(),
    }
}
