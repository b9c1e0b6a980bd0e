//! What each caller must get of the demo's call log, worked out from what the backend says and from the directory's
//! file, by none of the policies' or Cordon's code.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Somebody of the demo who asks.
pub(crate) struct Caller {
    pub(crate) login: &'static str,
    /// The project asked for, if any (D24).
    pub(crate) chosen: Option<&'static str>,
    /// Those that count.
    projects: &'static [&'static str],
    sees_everything: bool,
}

/// One project, two, one without contacts, two of which one is chosen, and everything.
pub(crate) const CALLERS: [Caller; 5] = [
    Caller { login: "olga", chosen: None, projects: &["acme"], sees_everything: false },
    Caller { login: "boris", chosen: None, projects: &["acme", "globex"], sees_everything: false },
    Caller { login: "clara", chosen: None, projects: &["globex"], sees_everything: false },
    Caller { login: "boris", chosen: Some("globex"), projects: &["globex"], sees_everything: false },
    Caller { login: "adam", chosen: None, projects: &[], sees_everything: true },
];

struct Field {
    projects: Vec<String>,
    system: bool,
    hidden: bool,
}

/// The directory, as far as a call log goes.
pub(crate) struct Oracle {
    /// Projects by kind and id of an object; every object here has one.
    objects: BTreeMap<(String, String), String>,
    fields: BTreeMap<String, Field>,
}

impl Oracle {
    pub(crate) fn read(directory: &str) -> Oracle {
        let document: toml::Table = directory.parse().unwrap();
        let rows = |name: &str| document[name].as_array().unwrap().iter().map(|row| row.as_table().unwrap());
        let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
        let texts = |value: Option<&toml::Value>| -> Vec<String> {
            value.and_then(toml::Value::as_array).into_iter().flatten().map(text).collect()
        };
        let mut objects = BTreeMap::new();
        for object in rows("object") {
            if let Some(project) = object.get("project") {
                objects.insert((text(&object["kind"]), text(&object["id"])), text(project));
            }
        }
        for project in rows("project") {
            for alias in texts(project.get("aliases")) {
                objects.insert(("project".to_owned(), alias), text(&project["id"]));
            }
        }
        let flag = |row: &toml::Table, name: &str| row.get(name).is_some_and(|value| value == &true.into());
        let fields = rows("field").map(|row| {
            let (system, hidden) = (flag(row, "system"), flag(row, "hidden"));
            (text(&row["key"]), Field { projects: texts(row.get("projects")), system, hidden })
        });
        Oracle { fields: fields.collect(), objects }
    }

    /// The caller's view of the whole body.
    pub(crate) fn view(&self, caller: &Caller, body: &[u8]) -> String {
        let body: Value = serde_json::from_slice(body).unwrap();
        let calls: Vec<Value> =
            body["data"].as_array().unwrap().iter().filter_map(|call| self.call(caller, call)).collect();
        let mut meta = Map::new();
        for (name, value) in body["meta"].as_object().unwrap() {
            match name.as_str() {
                "page" | "per_page" => drop(meta.insert(name.clone(), value.clone())),
                "total" => drop(meta.insert(name.clone(), calls.len().into())),
                _ => {}
            }
        }
        let mut view = Map::new();
        view.insert("data".to_owned(), calls.into());
        view.insert("meta".to_owned(), meta.into());
        Value::from(view).to_string()
    }

    fn call(&self, caller: &Caller, call: &Value) -> Option<Value> {
        let project = self.project(call);
        let seen = project.is_some_and(|project| caller.projects.contains(&project));
        if !seen && !caller.sees_everything {
            return None;
        }
        let mut view = Map::new();
        for (name, value) in call.as_object().unwrap() {
            let shown = match (name.as_str(), value) {
                ("id" | "started_at" | "direction" | "result" | "duration_seconds", value) => value.clone(),
                ("queue", Value::Object(queue)) => members(queue, &["id", "name"]),
                ("operator", Value::Object(operator)) => members(operator, &["name"]),
                ("caller_number", value) => masked(value, 4),
                ("contact", Value::Object(contact)) => {
                    let mut shown = members(contact, &["id"]);
                    shown["fields"] = self.fields(caller, project, contact["fields"].as_object().unwrap());
                    shown
                }
                _ => continue,
            };
            view.insert(name.clone(), shown);
        }
        Some(view.into())
    }

    /// The project of a call: by the first place that says anything (D23).
    fn project(&self, call: &Value) -> Option<&str> {
        let places = [
            (&call["project_id"], "project"),
            (&call["queue"]["id"], "queue"),
            (&call["autodialer_id"], "autodialer"),
            (&call["script_id"], "script"),
        ];
        let (id, kind) = places.into_iter().find(|(id, _)| !id.is_null())?;
        self.objects.get(&(kind.to_owned(), id.to_string())).map(String::as_str)
    }

    fn fields(&self, caller: &Caller, project: Option<&str>, fields: &Map<String, Value>) -> Value {
        let mut view = Map::new();
        for (name, value) in fields {
            let Some(field) = self.fields.get(name) else { continue };
            let of = |project| field.projects.iter().any(|one| one == project);
            if !(caller.sees_everything || field.system || project.is_some_and(of)) {
                continue;
            }
            // Of the callers here only the administrator has the right to see masked fields (D13).
            let hidden = field.hidden && !caller.sees_everything;
            view.insert(name.clone(), if hidden { masked(value, 2) } else { value.clone() });
        }
        view.into()
    }
}

fn members(object: &Map<String, Value>, names: &[&str]) -> Value {
    let kept = object.iter().filter(|(name, _)| names.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn masked(value: &Value, last: usize) -> Value {
    let text = value.as_str().unwrap();
    let letters = text.chars().count();
    let kept: String =
        if letters > last { text.chars().skip(letters - last).collect() } else { String::new() };
    format!("****{kept}").into()
}
