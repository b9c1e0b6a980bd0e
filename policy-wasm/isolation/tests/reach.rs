//! Contact fields that something else in the rules of their record leads to.

mod support;

use cordon_isolation::Isolation;
use cordon_policy_sdk::Harness;
use cordon_policy_sdk::types::{Rights, Scope};
use support::{filtered, page_caller, page_directory};

/// Leads whose contact fields hold their values inside, beside what `more` says of a lead.
fn leads(more: &str) -> Harness<Isolation> {
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
    Harness::configure(&rules, page_directory()).expect("right")
}

#[test]
fn d18_a_hidden_field_that_something_else_reaches_is_masked_whole() {
    for more in [
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
    ] {
        let policy = leads(more);
        for phone in [
            r#""+493012345""#,
            r#"["+493012345"]"#,
            r#"[["+493012345"]]"#,
            r#"{"VALUE":"+493012345","OTHER":"+493012345"}"#,
            r#"[{"VALUE":"+493012345","OTHER":"+493012345"}]"#,
        ] {
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
