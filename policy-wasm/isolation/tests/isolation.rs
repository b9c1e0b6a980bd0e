//! The rules of project isolation, one test for each, by their numbers.

mod support;

use cordon_isolation::Isolation;
use cordon_policy_sdk::types::{
    Action, Binding, Condition, Decision, Mask, Probe, QueryEdits, Request, RequestPlan, ResponsePlan,
    Rights, Scope, Value, Verdict,
};
use cordon_policy_sdk::{Harness, TestDirectory};
use support::{filtered, page_caller, page_directory, page_rules};

fn policy() -> Harness<Isolation> {
    over(page_directory())
}

fn over(directory: TestDirectory) -> Harness<Isolation> {
    Harness::configure(&page_rules(), directory).expect("the page's rules are right")
}

/// The page's rules with another text in one place.
fn changed(from: &str, to: &str) -> String {
    let rules = page_rules();
    assert_eq!(rules.matches(from).count(), 1, "the page has changed");
    rules.replace(from, to)
}

fn verdict(scope: &Scope, route: &str, values: &[(&str, Value)]) -> Verdict {
    policy().judge_record(scope, route, 0, values).expect("there is a verdict")
}

fn refused(decision: Decision) -> (u16, String) {
    match decision {
        Decision::Refuse(refusal) => (refusal.status, refusal.code),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn d5_a_user_of_several_projects_is_seen_in_each() {
    let users = |scope: &Scope| verdict(scope, "session", &[("$.id", Value::number("21"))]);
    assert_eq!(users(&Scope::of(["acme"])), Verdict::Keep(0));
    assert_eq!(users(&Scope::of(["zeta"])), Verdict::Keep(0));
    assert_eq!(users(&Scope::of(["nova"])), Verdict::Drop);
}

#[test]
fn d6_what_follows_from_a_queue_in_two_projects_is_nobodys() {
    let policy = over(page_directory().object("queue", "12", ["acme", "zeta"]));
    let call = [("$.queue.id", Value::number("12"))];
    for caller in ["anna", "bora", "cleo"] {
        let verdict = policy.judge_record(&page_caller(caller), "calls", 0, &call);
        assert_eq!(verdict, Ok(Verdict::Drop), "{caller}");
    }
    assert_eq!(policy.judge_record(&page_caller("root"), "calls", 0, &[]), Ok(Verdict::Keep(0)));
}

#[test]
fn d10_see_everything_asks_for_no_key_and_keeps_what_nobody_else_can_judge() {
    let policy = policy();
    let root = page_caller("root");
    assert!(policy.body_plan(&root, "calls").expect("a plan").sets[0].keys.is_empty());
    let body = r#"{"items":[{"id":1},{"id":2,"project_id":99,"secret":1},{"id":3,"project_id":{}}]}"#;
    let all = r#"{"items":[{"id":1},{"id":2},{"id":3}]}"#;
    assert_eq!(filtered(&policy, &root, "calls", body).as_deref(), Some(all));
    assert_eq!(filtered(&policy, &page_caller("bora"), "calls", body).as_deref(), Some(r#"{"items":[]}"#));
}

#[test]
fn d10_list_projects_shows_tiles_of_known_projects_without_what_is_inside() {
    let policy = policy();
    let lister = Scope::of([]).with_rights(Rights::LIST_PROJECTS);
    let body = r#"[{"id":"3","name":"A","budget":1,"queues":[{"id":12,"name":"Q"}]},{"id":99,"name":"?"}]"#;
    let tiles = r#"[{"id":"3","name":"A"}]"#;
    assert_eq!(filtered(&policy, &lister, "projects", body).as_deref(), Some(tiles));
    assert_eq!(filtered(&policy, &Scope::of([]), "projects", body).as_deref(), Some("[]"));
}

#[test]
fn d10_a_tile_hides_even_those_objects_inside_that_the_caller_sees_elsewhere() {
    let policy = over(page_directory().object("queue", "12", ["zeta"]));
    let body = r#"[{"id":3,"name":"A","queues":[{"id":12,"name":"Q"}]}]"#;
    let cleo = filtered(&policy, &page_caller("cleo"), "projects", body);
    assert_eq!(cleo.as_deref(), Some(r#"[{"id":3,"name":"A"}]"#));
}

#[test]
fn d12_a_closed_section_and_a_missing_right_are_refused() {
    let policy = policy();
    let scope = Scope::of(["acme"]).with_sections(["tickets"]);
    let refusal = refused(policy.authorize(&scope, &Request::of("calls", "GET")));
    assert_eq!(refusal, (403, "section-closed".to_owned()));
    let open = Scope::of(["acme"]).with_sections(["calls"]);
    let forward = Decision::Forward(QueryEdits::none());
    assert_eq!(policy.authorize(&open, &Request::of("calls", "GET")), forward);
    assert_eq!(policy.authorize(&scope, &Request::of("projects", "GET")), forward, "the section is `any`");
    let refusal = refused(policy.authorize(&open, &Request::of("change-call", "PUT")));
    assert_eq!(refusal, (403, "right-required".to_owned()));
}

#[test]
fn d12_a_record_is_asked_for_only_where_its_own_section_is_open() {
    let rules = changed(
        "path = \"/api/calls/{call}/recording\"\nsection = \"calls\"",
        "path = \"/api/calls/{call}/recording\"\nsection = \"recordings\"",
    );
    let policy = Harness::<Isolation>::configure(&rules, page_directory()).expect("right");
    let scope = Scope::of(["acme"]).with_sections(["recordings"]);
    let refusal = refused(policy.authorize(&scope, &Request::of("recording", "GET")));
    assert_eq!(refusal, (403, "section-closed".to_owned()));
}

#[test]
fn d13_d18_hidden_values_are_masked_without_the_right_and_even_for_those_who_see_everything() {
    let policy = policy();
    let body = r#"[{"phone":"+493012345"}]"#;
    let contact = |scope: &Scope| filtered(&policy, scope, "contacts", body);
    let masked = r#"[{"phone":"****45"}]"#;
    let everything = Scope::of([]).with_rights(Rights::SEE_EVERYTHING);
    assert_eq!(contact(&page_caller("anna")).as_deref(), Some(masked));
    assert_eq!(contact(&everything).as_deref(), Some(masked));
    assert_eq!(contact(&page_caller("rita")).as_deref(), Some(body));
    assert_eq!(contact(&page_caller("root")).as_deref(), Some(body));
}

#[test]
fn d14_d21_a_field_of_no_project_is_seen_only_by_who_sees_everything() {
    let policy = policy();
    let body = r#"[{"note":"n"}]"#;
    for caller in ["anna", "bora", "cleo", "rita"] {
        let seen = filtered(&policy, &page_caller(caller), "contacts", body);
        assert_eq!(seen.as_deref(), Some("[{}]"), "{caller}");
    }
    assert_eq!(filtered(&policy, &page_caller("root"), "contacts", body).as_deref(), Some(body));
}

#[test]
fn d15_a_record_of_nobody_in_particular_shows_the_fields_of_any_of_the_callers_projects() {
    let policy = policy();
    let body = r#"[{"email":"e","shoe_size":1}]"#;
    let contact = |scope: &Scope| filtered(&policy, scope, "contacts", body);
    assert_eq!(contact(&page_caller("bora")).as_deref(), Some(body));
    assert_eq!(contact(&page_caller("anna")).as_deref(), Some(r#"[{"email":"e"}]"#));
    assert_eq!(contact(&Scope::of([])).as_deref(), Some("[]"), "in no project nothing is seen");
}

#[test]
fn d16_system_fields_are_in_every_project() {
    let body = r#"[{"name":"Ada"}]"#;
    let nova = filtered(&policy(), &Scope::of(["nova"]), "contacts", body);
    assert_eq!(nova.as_deref(), Some(body));
}

#[test]
fn d19_a_call_shows_the_fields_of_its_own_project_and_no_other_of_the_caller() {
    let policy = policy();
    let call = |project: &str| {
        format!(r#"{{"project_id":{project},"contact":{{"email":"e","shoe_size":1,"name":"n"}}}}"#)
    };
    let seen = |scope: &Scope, project: &str| filtered(&policy, scope, "call", &call(project));
    let bora = page_caller("bora");
    assert_eq!(seen(&bora, "3").as_deref(), Some(r#"{"contact":{"email":"e","name":"n"}}"#));
    assert_eq!(seen(&bora, "4").as_deref(), Some(r#"{"contact":{"shoe_size":1,"name":"n"}}"#));
    assert_eq!(seen(&page_caller("anna"), "4"), None, "the one record of a response is missing then");
    let both = seen(&bora, "[3, 4]");
    assert_eq!(both.as_deref(), Some(r#"{"contact":{"email":"e","shoe_size":1,"name":"n"}}"#));
    let cleo = seen(&page_caller("cleo"), "[3, 4]");
    assert_eq!(cleo.as_deref(), Some(r#"{"contact":{"shoe_size":1,"name":"n"}}"#));
}

#[test]
fn d22_records_of_other_projects_are_neither_seen_nor_counted() {
    let body = r#"{"data":[{"id":12},{"id":13}],"meta":{"page":1,"total":2}}"#;
    let acme = filtered(&policy(), &page_caller("anna"), "queues", body);
    assert_eq!(acme.as_deref(), Some(r#"{"data":[{"id":12}],"meta":{"page":1,"total":1}}"#));
    let nova = filtered(&policy(), &Scope::of(["nova"]), "queues", body);
    assert_eq!(nova.as_deref(), Some(r#"{"data":[],"meta":{"page":1,"total":0}}"#));
}

#[test]
fn d23_the_first_place_that_is_there_decides_and_there_is_no_second_guess() {
    let anna = page_caller("anna");
    let call = |project: Value, queue: Value, script: Value| {
        let values = [("$.project_id", project), ("$.queue.id", queue), ("$.script_id", script)];
        verdict(&anna, "calls", &values)
    };
    let queue = || Value::number("12");
    let absent = || Value::Absent;
    assert_eq!(call(Value::text("acme"), absent(), absent()), Verdict::Keep(0));
    assert_eq!(call(Value::number("3"), absent(), Value::number("7")), Verdict::Keep(0));
    assert_eq!(call(absent(), queue(), absent()), Verdict::Keep(0));
    for nothing in [Value::null(), Value::text(""), Value::texts([])] {
        assert_eq!(call(nothing.clone(), queue(), absent()), Verdict::Keep(0), "{nothing:?}");
    }
    assert_eq!(call(absent(), absent(), Value::number("7")), Verdict::Drop, "zeta's script");
    assert_eq!(call(Value::number("4"), queue(), absent()), Verdict::Drop, "it names zeta itself");
    for lost in
        [Value::number("99"), Value::text(" "), Value::Composite, Value::texts(["x"]), Value::texts([""])]
    {
        assert_eq!(call(lost.clone(), queue(), absent()), Verdict::Drop, "{lost:?}");
    }
    assert_eq!(call(absent(), absent(), absent()), Verdict::Drop);
    assert_eq!(call(Value::number("3.0"), absent(), absent()), Verdict::Drop, "numbers are not interpreted");
}

#[test]
fn d24_a_chosen_project_narrows_what_is_seen_even_for_who_sees_everything() {
    let bora = page_caller("bora").choosing("zeta");
    let of = |project: &str| [("$.project_id", Value::text(project))];
    assert_eq!(verdict(&bora, "calls", &of("zeta")), Verdict::Keep(0));
    assert_eq!(verdict(&bora, "calls", &of("acme")), Verdict::Drop);
    let root = page_caller("root").choosing("acme");
    assert_eq!(verdict(&root, "calls", &of("acme")), Verdict::Keep(0));
    assert_eq!(verdict(&root, "calls", &of("zeta")), Verdict::Drop);
    assert_eq!(verdict(&root, "calls", &[]), Verdict::Drop, "what names no project is not the chosen one's");
    let lister = page_caller("cleo").choosing("zeta");
    assert_eq!(verdict(&lister, "projects", &[("$.id", Value::number("3"))]), Verdict::Drop);
    let contact = filtered(&policy(), &bora, "contacts", r#"[{"email":"e","shoe_size":1}]"#);
    assert_eq!(contact.as_deref(), Some(r#"[{"shoe_size":1}]"#));
}

#[test]
fn h35_an_undeclared_query_parameter_is_refused_by_its_name() {
    let policy = policy();
    let anna = page_caller("anna");
    let declared = Request::of("queues", "GET").with_query(["page", "per_page"]);
    assert_eq!(policy.authorize(&anna, &declared), Decision::Forward(QueryEdits::none()));
    let Decision::Refuse(refusal) =
        policy.authorize(&anna, &Request::of("queues", "GET").with_query(["page", "sort"]))
    else {
        panic!("not refused");
    };
    assert_eq!((refusal.status, refusal.code.as_str()), (400, "parameter-not-allowed"));
    assert!(refusal.detail.contains("`sort`") && !refusal.detail.contains("page"));
}

#[test]
fn a_change_is_forwarded_only_if_the_record_may_be_seen() {
    let policy = policy();
    let anna = page_caller("anna");
    let probe = |parameter: &str, source: &str| {
        let bindings = vec![Binding { parameter: parameter.to_owned(), source: source.to_owned() }];
        let probe = Probe { route: "call".to_owned(), bindings };
        Decision::ForwardIf(Condition { probe, query: QueryEdits::none() })
    };
    assert_eq!(policy.authorize(&anna, &Request::of("delete-call", "DELETE")), probe("id", "id"));
    assert_eq!(policy.authorize(&anna, &Request::of("recording", "GET")), probe("id", "call"));
    assert!(policy.body_plan(&anna, "call").expect("a plan").sets[0].sole);
    let refusal = refused(policy.authorize(&anna, &Request::of("delete-call", "POST")));
    assert_eq!(refusal, (405, "method-not-allowed".to_owned()));
    let refusal = refused(policy.authorize(&anna, &Request::of("unknown", "GET")));
    assert_eq!(refusal, (404, "unknown-route".to_owned()));
    assert_eq!(policy.authorize(&anna, &Request::of("calls", "HEAD")), Decision::Forward(QueryEdits::none()));
}

#[test]
fn a_request_without_the_query_parameter_that_names_its_record_is_about_a_missing_one() {
    let path = "path = \"/api/calls/{call}/recording\"\nsection = \"calls\"";
    let about = "about = { route = \"call\", with = { id = \"call\" } }";
    let by_query =
        changed(path, "path = \"/api/recording\"\nsection = \"calls\"\nquery = [\"call\", \"kind\"]");
    let by_both = changed(path, &format!("{path}\nquery = [\"call\", \"kind\"]"));
    assert!(by_query.contains(about));
    let of = |rules: &str| Harness::<Isolation>::configure(rules, page_directory()).expect("right");
    let anna = page_caller("anna");
    let asked = |query: &[&str]| Request::of("recording", "GET").with_query(query.iter().copied());
    let missing = (404, "not-found".to_owned());
    assert_eq!(refused(of(&by_query).authorize(&anna, &asked(&[]))), missing);
    assert_eq!(refused(of(&by_query).authorize(&anna, &asked(&["kind"]))), missing);
    let closed = Scope::of(["acme"]).with_sections(["tickets"]);
    assert_eq!(refused(of(&by_query).authorize(&closed, &asked(&[]))).0, 403);
    for decision in [
        of(&by_query).authorize(&anna, &asked(&["call"])),
        of(&by_query).authorize(&anna, &asked(&["call", "kind"])),
        of(&by_both).authorize(&anna, &asked(&[])),
        of(&by_both).authorize(&anna, &asked(&["kind"])),
    ] {
        assert!(matches!(decision, Decision::ForwardIf(_)), "{decision:?}");
    }
}

#[test]
fn bodies_pass_only_where_the_rules_say_so() {
    let policy = policy();
    let anna = page_caller("anna");
    let plan = |route: &str| policy.plan(&anna, route).expect("a plan");
    assert_eq!(plan("recording").response, ResponsePlan::Pass);
    assert_eq!(plan("delete-call").response, ResponsePlan::Empty);
    assert_eq!(plan("change-call").request, RequestPlan::Pass);
    assert_eq!(plan("calls").request, RequestPlan::Empty);
    assert_eq!(plan("queues").headers, ["x-request-id"]);
}

#[test]
fn masks_of_a_kind_hold_without_the_right_or_always() {
    let rules = r#"
name = "masks"
version = "1"
format = "json"
[kind.call]
project = ["$.project"]
mask = [
  { path = "$.a", with = "fixed", text = "-" },
  { path = "$.b", with = "null", always = true },
]
[[route]]
name = "calls"
path = "/calls"
section = "any"
records = [{ path = "$[*]", kind = "call" }]
"#;
    let policy = Harness::<Isolation>::configure(rules, page_directory()).expect("right");
    let actions = |scope: &Scope| -> Vec<Action> {
        let plan = policy.body_plan(scope, "calls").expect("a plan");
        plan.sets[0].profiles[0].iter().map(|edit| edit.action.clone()).collect()
    };
    let without = [Action::Mask(Mask::Null), Action::Mask(Mask::Fixed("-".to_owned()))];
    assert_eq!(actions(&page_caller("anna")), without);
    assert_eq!(actions(&page_caller("rita")), [Action::Mask(Mask::Null), Action::Keep]);
}

#[test]
fn a_column_of_another_project_goes_even_if_the_rules_keep_it_by_name() {
    let rules =
        changed("project = \"caller\"\nkeep = [\"$.id\"]", "project = \"caller\"\nkeep = [\"$.shoe_size\"]");
    let many = (0..30_000).map(|number| format!("field_{number}"));
    let directory = many.fold(page_directory(), |directory, key| directory.field("contact", &key, ["zeta"]));
    let policy = Harness::<Isolation>::configure(&rules, directory).expect("right");
    let body = r#"[{"shoe_size":1,"email":"e","fields":{"field_7":1,"email":"e"}}]"#;
    let anna = filtered(&policy, &page_caller("anna"), "contacts", body);
    assert_eq!(anna.as_deref(), Some(r#"[{"email":"e","fields":{"email":"e"}}]"#));
}

const NESTED: &str = r#"
name = "nested"
version = "1"
format = "json"

[kind.call]
project = ["$.p"]
keep = ["$.id"]
records = [
  { path = "$.contact", kind = "contact", project = "outer" },
  { path = "$.parties[*]", kind = "party", project = "outer" },
]

[kind.contact]
keep = ["$.name"]
records = [{ path = "$.deals[*]", kind = "deal" }]

[kind.deal]
project = ["$.p", "^.p", "^^.p"]
keep = ["$.id"]
records = [{ path = "$.items[*]", kind = "item" }]

[kind.item]
project = ["$.p", "^.p", "^^^.p"]
keep = ["$.id"]

[kind.party]
keep = ["$.n"]

[[kind.party.fields]]
of = "contact"
at = "$.fields"
as = "entries"
name = "k"
value = "v"

[[route]]
name = "calls"
path = "/calls"
section = "any"
records = [{ path = "$[*]", kind = "call" }]
"#;

#[test]
fn records_in_parts_of_records_find_the_record_around_them() {
    let policy = Harness::<Isolation>::configure(NESTED, page_directory()).expect("right");
    let anna = page_caller("anna");
    let sets = policy.body_plan(&anna, "calls").expect("a plan").sets;
    let keys = |set: usize| -> Vec<(&str, u32)> {
        sets[set].keys.iter().map(|key| (key.path.as_str(), key.up)).collect()
    };
    assert_eq!((sets[1].within, sets[1].path.as_str()), (Some(0), "$.contact.deals[*]"));
    assert_eq!(keys(1), [("$.p", 0), ("$.contact.p", 1), ("$.p", 1)]);
    assert_eq!((sets[2].within, sets[2].path.as_str()), (Some(1), "$.items[*]"));
    assert_eq!(keys(2), [("$.p", 0), ("$.p", 1), ("$.p", 2)]);
    let body = r#"[
        {"id":1,"p":3,"contact":{"name":"n","p":null,"deals":[
            {"id":2,"items":[{"id":3},{"id":4,"p":4}]},
            {"id":5,"p":4}]},
         "parties":[{"n":1,"fields":[{"k":"email","v":"e"},{"k":"shoe_size","v":1}]}]},
        {"id":6,"p":3,"contact":{"p":4,"deals":[{"id":7}]}}]"#;
    let seen = filtered(&policy, &anna, "calls", body).expect("a list is never missing");
    let wanted = r#"[
        {"id":1,"contact":{"name":"n","deals":[{"id":2,"items":[{"id":3}]}]},
         "parties":[{"n":1,"fields":[{"k":"email","v":"e"}]}]},
        {"id":6,"contact":{"deals":[]}}]"#;
    let parsed = |text: &str| -> serde_json::Value { serde_json::from_str(text).expect("JSON") };
    assert_eq!(parsed(&seen), parsed(wanted));
}
