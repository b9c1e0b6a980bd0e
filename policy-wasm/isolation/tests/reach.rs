//! Contact fields that something else in the rules of their record leads to.

mod support;

use cordon_isolation::Isolation;
use cordon_policy_sdk::types::{Action, Edit, Rights, Scope};
use cordon_policy_sdk::{Harness, TestDirectory};
use support::{filtered, page_caller, page_directory};

/// Leads whose contact fields hold their values inside, beside what `more` says of a lead.
fn leads(more: &str) -> Harness<Isolation> {
    leads_of(page_directory(), more)
}

fn leads_of(directory: TestDirectory, more: &str) -> Harness<Isolation> {
    let rules = format!(
        r#"
name = "leads"
version = "1"
format = "json"
[kind.lead]
project = ["$.p"]
{more}
[[kind.lead.fields]]
of = "contact"
at = "$"
as = "columns"
value = "$[*].VALUE"
[kind.part]
project = "outer"
keep = ["$.VALUE"]
[kind.whole]
project = "outer"
keep_all = ["$"]
[kind.own]
project = "caller"
keep = ["$.VALUE"]
[[route]]
name = "leads"
path = "/leads"
section = "any"
records = [{{ path = "$[*]", kind = "lead" }}]
"#
    );
    Harness::configure(&rules, directory).expect("right")
}

/// What can be said of a lead that leads to this field.
fn reaching(field: &str) -> [String; 11] {
    [
        r#"keep = ["$.phone"]"#,
        r#"keep = ["$[*]"]"#,
        r#"keep = ["$.phone[*]", "$.phone.VALUE", "$.phone[*].OTHER"]"#,
        r#"keep = ["$..VALUE", "$..phone", "$..OTHER"]"#,
        r#"keep_all = ["$"]"#,
        r#"keep_all = ["$.phone"]"#,
        r#"keep_all = ["$.phone[*]"]"#,
        r#"mask = [{ path = "$.phone", with = "keep-last", last = 6 }]"#,
        r#"records = [{ path = "$.phone", kind = "part" }]"#,
        r#"records = [{ path = "$.phone", kind = "whole" }]"#,
        r#"records = [{ path = "$.phone[*]", kind = "own" }]"#,
    ]
    .map(|more| more.replace("phone", field))
}

const SHAPES: [&str; 5] = [
    r#""+493012345""#,
    r#"["+493012345"]"#,
    r#"[["+493012345"]]"#,
    r#"{"VALUE":"+493012345","OTHER":"+493012345"}"#,
    r#"[{"VALUE":"+493012345","OTHER":"+493012345"}]"#,
];

#[test]
fn d18_a_hidden_field_that_something_else_reaches_is_masked_whole() {
    for more in reaching("phone") {
        let policy = leads(&more);
        for phone in SHAPES {
            let body = format!(r#"[{{"p":3,"phone":{phone}}}]"#);
            let blind = Scope::of([]).with_rights(Rights::SEE_EVERYTHING);
            for caller in [page_caller("anna"), page_caller("bora"), blind] {
                let seen = filtered(&policy, &caller, "leads", &body).expect("a list");
                assert!(!seen.contains("2345"), "{more}: {phone} became {seen}");
                assert!(seen.contains(r#""phone":"****"#), "{more}: {phone} became {seen}");
            }
        }
    }
}

#[test]
fn d18_a_hidden_field_that_nothing_else_reaches_is_masked_where_its_value_is() {
    let anna = page_caller("anna");
    for more in [r#"keep = ["$.id", "$.notes[*].VALUE"]"#, r#"keep_all = ["$.notes"]"#] {
        let policy = leads(more);
        let seen = |phone: &str| {
            let body = format!(r#"[{{"p":3,"phone":{phone}}}]"#);
            filtered(&policy, &anna, "leads", &body).expect("a list")
        };
        let listed = seen(r#"[{"VALUE":"+493012345","OTHER":"+493012345"}]"#);
        assert_eq!(listed, r#"[{"phone":[{"VALUE":"****"}]}]"#, "{more}");
        assert_eq!(seen(r#""+493012345""#), "[{}]", "{more}");
        assert_eq!(seen(r#"["+493012345"]"#), r#"[{"phone":[]}]"#, "{more}");
    }
}

#[test]
fn d18_a_hidden_field_is_masked_whole_where_another_group_or_its_own_also_reaches_it() {
    let anna = page_caller("anna");
    let directory = || page_directory().system_field("lead", "phone");
    let group =
        |of: &str, layout: &str| format!("[[kind.lead.fields]]\nof = \"{of}\"\nat = \"$\"\n{layout}\n");
    let deep = "as = \"columns\"\nvalue = \"$[*].VALUE\"\n";
    for groups in [
        group("contact", &format!("{deep}also = [\"$\"]")),
        group("contact", &format!("{deep}also = [\"$[*]\"]")),
        group("contact", deep) + &group("lead", "as = \"columns\""),
        group("contact", deep) + &group("lead", "as = \"columns\"\nvalue = \"$.VALUE\"\nalso = [\"$\"]"),
        group("lead", "as = \"members\"") + &group("contact", deep),
    ] {
        let head =
            "name = \"leads\"\nversion = \"1\"\nformat = \"json\"\n[kind.lead]\nproject = \"caller\"\n";
        let route = "[[route]]\nname = \"leads\"\npath = \"/leads\"\nsection = \"any\"\n";
        let records = "records = [{ path = \"$[*]\", kind = \"lead\" }]\n";
        let rules = format!("{head}{groups}{route}{records}");
        let policy = Harness::<Isolation>::configure(&rules, directory()).expect("right");
        for phone in [r#""+493012345""#, r#"["+493012345"]"#, r#"{"VALUE":"+493012345"}"#] {
            let seen = filtered(&policy, &anna, "leads", &format!(r#"[{{"phone":{phone}}}]"#));
            assert_eq!(seen.as_deref(), Some(r#"[{"phone":"****"}]"#), "{groups}: {phone}");
        }
    }
}

#[test]
fn d15_a_foreign_field_never_passes_however_many_there_are() {
    let fillers = (0..20_001).map(|number| format!("field_{number}"));
    let directory =
        fillers.fold(page_directory(), |directory, key| directory.field("contact", &key, ["nova"]));
    let anna = page_caller("anna");
    for more in reaching("shoe_size").into_iter().chain([r#"keep = ["$.id"]"#.to_owned()]) {
        let policy = leads_of(directory.clone(), &more);
        let record = |shape: &&str| format!(r#"{{"p":3,"shoe_size":{shape}}}"#);
        let body = format!("[{}]", SHAPES.iter().map(record).collect::<Vec<_>>().join(","));
        let seen = filtered(&policy, &anna, "leads", &body).expect("a list");
        assert!(!seen.contains("2345") && !seen.contains("shoe_size"), "{more}: {seen}");
    }
}

#[test]
fn a_caller_of_many_projects_and_fields_gets_a_plan_of_what_passes() {
    let fields = (0..1000).map(|number| (format!("field_{number}"), format!("p{}", number % 150)));
    let directory = fields
        .fold(page_directory(), |directory, (key, project)| directory.field("contact", &key, [&*project]));
    let projects: Vec<String> = (0..150).map(|number| format!("p{number}")).collect();
    let caller = Scope::of(projects.iter().map(String::as_str));
    let plan =
        leads_of(directory, r#"keep = ["$.id", "$.field_7"]"#).body_plan(&caller, "leads").expect("a plan");
    let edits: usize = plan.sets[0].profiles.iter().map(Vec::len).sum();
    assert!(edits < 5000, "{edits} edits");
    let removed = |profile: &&Vec<Edit>| {
        profile.iter().any(|edit| edit.path == "$.field_7" && edit.action == Action::Remove)
    };
    assert_eq!(plan.sets[0].profiles.iter().filter(removed).count(), 149, "all but its own project");
}
