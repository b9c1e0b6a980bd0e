//! Bodies of any length: a head, records again and again, a tail.

use cordon_rewrite::{
    Action, Batch, BodyPlan, Edit, Format, Judge, JudgeError, Key, Mask, OwnedScalar, RecordSet, Scalar,
    Value, Verdict,
};

/// A body that never ends.
#[derive(Clone)]
pub struct Stream {
    pub name: &'static str,
    pub plan: BodyPlan,
    pub head: String,
    /// A third of them is kept.
    pub records: Vec<String>,
    pub tail: String,
}

/// Keeps the records of project 1.
pub struct Third;

impl Judge for Third {
    fn judge(&mut self, _: u32, batch: &Batch, verdicts: &mut Vec<Verdict>) -> Result<(), JudgeError> {
        for record in 0..batch.len() {
            let keep =
                matches!(batch.value(record, 0), Value::One(Scalar::Number("1") | Scalar::Text("project 1")));
            verdicts.push(if keep { Verdict::Keep(0) } else { Verdict::Drop });
        }
        Ok(())
    }

    fn mask(&mut self, _: u32, _: &[Value<'_>], _: &mut Vec<OwnedScalar>) -> Result<(), JudgeError> {
        Err("not asked for".into())
    }
}

impl Stream {
    /// The same with records of other projects only.
    pub fn with_all_dropped(&self) -> Stream {
        let records = self.records.iter().filter(|record| !record.contains(OWN.0) && !record.contains(OWN.1));
        Stream { records: records.cloned().collect(), ..self.clone() }
    }
}

/// How the records of project 1 say so, in JSON and elsewhere.
const OWN: (&str, &str) = ("\"project\":1", "project 1");

/// Streams of each format.
pub fn all() -> Vec<Stream> {
    vec![json(), json_with_long_records(), ndjson(), csv(), xml(), sse()]
}

fn json() -> Stream {
    let edit = |path: &str, action| Edit { path: path.to_owned(), action };
    let outside = vec![edit("$.total", Action::Recount(0))];
    Stream {
        name: "JSON",
        plan: BodyPlan { outside, sets: vec![set("$.data[*]")], ..BodyPlan::default() },
        head: "{\"data\":[".to_owned(),
        records: [1, 2, 3].map(|project| format!("{},", record(project, ""))).into(),
        tail: "{}],\"total\":7}".to_owned(),
    }
}

/// Some of the records have more than a few chunks.
fn json_with_long_records() -> Stream {
    let json = json();
    let long = "lorem ipsum ".repeat(10_000);
    let mut records: Vec<String> = json.records.iter().cloned().cycle().take(600).collect();
    records.extend([1, 2, 3].map(|project| format!("{},", record(project, &long))));
    Stream { name: "JSON with long records", records, ..json }
}

fn ndjson() -> Stream {
    Stream {
        name: "NDJSON",
        plan: BodyPlan { format: Format::Ndjson, sets: vec![set("$[*]")], ..BodyPlan::default() },
        head: String::new(),
        records: [1, 2, 3].map(|project| format!("{}\n", record(project, ""))).into(),
        tail: String::new(),
    }
}

fn sse() -> Stream {
    let mut set = set("$[*]");
    set.keys[0].path = "$.data.project".to_owned();
    for edit in set.profiles.iter_mut().flatten().skip(1) {
        edit.path = edit.path.replace('$', "$.data");
    }
    let event = |project| format!("event: call\nid: 7\ndata: {}\n\n", record(project, ""));
    Stream {
        name: "SSE",
        plan: BodyPlan { format: Format::Sse, sets: vec![set], ..BodyPlan::default() },
        head: String::new(),
        records: [1, 2, 3].map(event).into(),
        tail: String::new(),
    }
}

fn csv() -> Stream {
    let row = |project| format!("12345,project {project},+49 30 1234567,rang back,\"\",\"a\nb\"\n");
    Stream {
        name: "CSV",
        plan: BodyPlan { format: Format::Csv, sets: vec![set("$[*]")], ..BodyPlan::default() },
        head: "id,project,phone,note,comment,tags\n".to_owned(),
        records: [1, 2, 3].map(row).into(),
        tail: String::new(),
    }
}

fn xml() -> Stream {
    let element = |project| {
        format!(
            "<call id=\"12345\"><project>project {project}</project><phone>+49 30 1234567</phone>\
             <note>rang back</note><comment/><tag>a</tag><tag>b</tag></call>\n"
        )
    };
    Stream {
        name: "XML",
        plan: BodyPlan { format: Format::Xml, sets: vec![set("$.calls.call[*]")], ..BodyPlan::default() },
        head: "<calls>".to_owned(),
        records: [1, 2, 3].map(element).into(),
        tail: "</calls>".to_owned(),
    }
}

/// The total comes before what it counts.
pub fn total_in_front() -> Stream {
    let json = json();
    Stream {
        name: "JSON with a total in front",
        head: "{\"total\":1,\"data\":[".to_owned(),
        tail: "{}]}".to_owned(),
        ..json
    }
}

fn record(project: u32, comment: &str) -> String {
    format!(
        "{{\"id\":12345,\"project\":{project},\"phone\":\"+49 30 1234567\",\"note\":\"rang back\",\
         \"comment\":\"{comment}\",\"tags\":[\"a\",\"b\"]}}"
    )
}

/// Keeps all but the note, and of the telephone number the end.
fn set(path: &str) -> RecordSet {
    let edit = |path: &str, action| Edit { path: path.to_owned(), action };
    RecordSet {
        path: path.to_owned(),
        keys: vec![Key { path: "$.project".to_owned(), up: 0 }],
        profiles: vec![vec![
            edit("$", Action::KeepAll),
            edit("$.phone", Action::Mask(Mask::KeepLast(2))),
            edit("$.note", Action::Remove),
        ]],
        ..RecordSet::default()
    }
}
