//! `cordon directory` as people use it, against a database of its own: what it prints, what it refuses, its exit codes.

mod place;
mod served;
#[path = "../serving/mod.rs"]
mod serving;
mod sync;
mod transcript;

use serde_json::Value;

use place::{Place, text};

#[test]
fn an_administrator_makes_a_directory_and_looks_at_its_history() {
    let place = Place::new();
    place.said(
        &["project", "create", "acme", "Acme", "--alias", "1"],
        "+ project acme: name Acme; aliases 1\nchange 2\n",
    );
    place.said(&["project", "create", "globex", "Globex"], "+ project globex: name Globex\nchange 3\n");
    place.said(
        &["role", "create", "Operator", "--section", "calls"],
        "+ role Operator: sections calls\nchange 4\n",
    );
    place.done(&["group", "create", "night", "Night shift", "--project", "globex"]);
    place.done(&["user", "create", "olga", "--name", "Olga", "--project", "acme", "--role", "Operator"]);
    place.done(&["user", "edit", "olga", "--add-group", "night"]);
    let users = place.done(&["user", "list"]);
    assert_eq!(
        users,
        "LOGIN  NAME   PROJECTS      GROUPS  ROLES\n\
         admin  admin  –             –       Admin\n\
         olga   Olga   acme, globex  night   Operator\n"
    );
    assert!(!place.done(&["user", "list", "--project", "globex"]).contains("admin"));
    place.done(&["object", "add", "queue", "7", "--name", "Acme inbound", "--project", "acme"]);

    // D6: a queue is in one project at the most.
    let refused = place.refused(&["object", "assign", "queue", "7", "globex"]);
    assert_eq!(
        refused,
        "error: queue 7: the queue `7` is given 2 projects: `acme`, `globex`\n  \
           help: a queue is in one project at the most (D6): take it out of the other first\n\
         nothing was changed\n"
    );
    // D9: who, when, what, before and after.
    let history = place.json(&["history", "--object", "user/olga"]);
    assert_eq!(history[0]["action"], "edit user");
    assert_eq!(history[0]["changes"][0]["before"]["groups"], Value::Null);
    assert_eq!(history[0]["changes"][0]["after"]["groups"][0], "night");
    let user = std::process::Command::new("id").arg("-un").output().expect("`id` is there");
    assert_eq!(history[0]["actor"], format!("cli:{}", text(&user.stdout).trim_end()));
    let of_acme = place.done(&["history", "--project", "acme"]);
    assert!(of_acme.contains("+ queue 7: name Acme inbound; projects acme"), "{of_acme}");
    assert!(!of_acme.contains("project globex"), "{of_acme}");
    assert!(of_acme.contains("+ project acme") && of_acme.contains("create project"), "{of_acme}");
    let none = place.done(&["history", "--since", "2999-01-01"]);
    assert_eq!(none, "none\n");
    assert_eq!(place.json(&["history", "--limit", "1"]).as_array().map(Vec::len), Some(1));

    let verified = place.json(&["verify"]);
    assert_eq!(verified["head"]["number"], 8);
    let head = format!("8:{}", verified["head"]["hash"].as_str().expect("a hash"));
    place.done(&["project", "edit", "acme", "--description", "Loans"]);
    place.done(&["verify", "--head", &head]);
    let other = head.replace(char::is_numeric, "0").replacen('0', "8", 1);
    assert_eq!(place.run(&["verify", "--head", &other]).status.code(), Some(2));
}

#[test]
fn fields_are_assigned_hidden_and_listed() {
    let place = Place::new();
    for id in ["acme", "globex"] {
        place.done(&["project", "create", id, id]);
    }
    place.done(&["field", "create", "Phone", "--key", "phone", "--system"]);
    place.done(&["field", "create", "Loan", "--key", "loan", "--project", "acme"]);
    place.done(&["field", "create", "Score"]);
    // D20: whoever shares a field is told.
    let output = place.run(&["field", "assign", "loan", "globex"]);
    assert_eq!(
        text(&output.stderr),
        "warning: the contact field `loan` is shared by acme, globex; what is written in \
         one is seen in all\n"
    );
    let ids = |arguments: &[&str]| -> Vec<String> {
        let fields = place.json(&[&["field", "list"], arguments].concat());
        let fields = fields.as_array().expect("a list").iter();
        fields.map(|field| field["key"].as_str().expect("a key").to_owned()).collect()
    };
    place.done(&["field", "hide", "loan"]);
    assert_eq!(ids(&[]), ["Score", "loan", "phone"]);
    assert_eq!(ids(&["--unassigned"]), ["Score"]);
    assert_eq!(ids(&["--shared"]), ["loan"]);
    assert_eq!(ids(&["--hidden"]), ["loan"]);
    assert_eq!(ids(&["--project", "globex"]), ["loan", "phone"]);
    place.done(&["field", "show", "loan"]);
    place.done(&["field", "unassign", "loan", "acme", "globex"]);
    assert_eq!(ids(&["--hidden"]), Vec::<String>::new());
    assert_eq!(ids(&["--unassigned"]), ["Score", "loan"]);
    // D16.
    let refused = place.refused(&["field", "assign", "phone", "acme"]);
    assert!(refused.contains("(D16)"), "{refused}");
}

#[test]
fn the_switch_to_enhanced_puts_all_into_default_and_says_so_later() {
    let place = Place::with(&["--security", "simplified"]);
    place.done(&["user", "create", "olga"]);
    place.done(&["object", "add", "queue", "7"]);
    place.done(&["enhance"]);
    assert_eq!(place.json(&["user", "show", "olga"])["all_projects"][0], "default");
    assert_eq!(place.json(&["object", "list", "--project", "default"]).as_array().map(Vec::len), Some(1));
    assert_eq!(place.done(&["enhance"]), "nothing changed: it is so already\n");
    place.done(&["project", "create", "acme", "Acme"]);
    // D2.
    let output = place.run(&["user", "edit", "olga", "--add-project", "acme"]);
    assert!(text(&output.stderr).contains("`olga` is in acme and still sees what is in Default"));
    let output = place.run(&["user", "edit", "olga", "--remove-project", "default"]);
    assert_eq!(text(&output.stderr), "");
    let output = place.run(&["simplify"]);
    assert!(text(&output.stderr).contains("nobody is restricted now"), "{}", text(&output.stderr));
    assert_eq!(place.json(&["status"])["security"], "simplified");
}

#[test]
fn roles_kinds_and_projects_have_a_life() {
    let place = Place::new();
    place.done(&["role", "create", "Quality", "--right", "see-fields", "--all-sections"]);
    place.said(
        &["role", "grant", "Quality", "list-projects", "manage-access"],
        "~ role Quality: rights see-fields → list-projects, manage-access, see-fields\nchange 3\n",
    );
    place.said(
        &["role", "withhold", "Quality", "see-fields"],
        "~ role Quality: rights list-projects, manage-access, see-fields → list-projects, manage-access\nchange 4\n",
    );
    assert!(place.refused(&["role", "close", "Quality", "calls"]).contains("knows none by name"));
    place.said(&["role", "close", "Quality", "--all"], "~ role Quality: sections all → –\nchange 5\n");
    place.said(
        &["role", "open", "Quality", "calls", "deals"],
        "~ role Quality: sections – → calls, deals\nchange 6\n",
    );
    place.done(&["user", "create", "vera", "--role", "Quality"]);
    assert!(place.refused(&["role", "remove", "Quality"]).contains("`vera`"));
    assert_eq!(place.run(&["role", "grant", "Quality", "fly"]).status.code(), Some(2));

    place.done(&["kind", "create", "campaign", "--single-project"]);
    assert!(
        place.done(&["kind", "list"]).contains("campaign               one at the most  0\n"),
        "{}",
        place.done(&["kind", "list"])
    );
    place.done(&["object", "add", "campaign", "1", "--name", "One"]);
    assert!(place.refused(&["kind", "remove", "campaign"]).contains("in use"));
    place.said(&["object", "rename", "campaign", "1", "Two"], "~ campaign 1: name One → Two\nchange 10\n");
    place.done(&["object", "remove", "campaign", "1"]);
    place.done(&["kind", "remove", "campaign"]);

    place.done(&["project", "create", "old", "Old"]);
    place.done(&["project", "archive", "old"]);
    assert!(place.refused(&["user", "edit", "vera", "--add-project", "old"]).contains("is archived"));
    assert!(place.done(&["project", "list", "--archived"]).contains("old"));
    place.done(&["project", "restore", "old"]);
    place.done(&["user", "edit", "vera", "--add-project", "old"]);
    assert_eq!(place.json(&["project", "show", "old"])["holds"]["users"], 1);
    place.done(&["project", "remove", "old"]);
    assert_eq!(place.json(&["user", "show", "vera"])["projects"], Value::Array(Vec::new()));
    // The only administrator stays one.
    assert!(place.refused(&["user", "remove", "admin"]).contains("Admin"));
}

#[test]
fn a_token_is_told_once_and_can_be_revoked() {
    let place = Place::new();
    place.done(&["user", "create", "olga"]);
    let issued = place.json(&["token", "issue", "olga", "--label", "laptop"]);
    let token = issued["token"].as_str().expect("a token").to_owned();
    let listed = place.json(&["token", "list", "--user", "olga"]);
    assert_eq!(listed[0]["label"], "laptop");
    let digits = listed[0]["token"].as_str().expect("digits").to_owned();
    for output in
        [place.done(&["history"]), place.done(&["export", "--with-tokens"]), place.done(&["token", "list"])]
    {
        assert!(!output.contains(&token), "{output}");
    }
    // Whoever gives the token itself does not read it in a log of errors.
    let refused = place.refused(&["token", "revoke", &token]);
    assert!(!refused.contains(&token), "{refused}");
    place.done(&["token", "revoke", &digits]);
    assert_eq!(place.done(&["token", "list", "--user", "olga"]), "none\n");
    assert!(place.refused(&["token", "issue", "nobody"]).contains("there is no user `nobody`"));
}

#[test]
fn all_that_is_wrong_is_told_and_programs_read_it() {
    let place = Place::new();
    let arguments = ["user", "create", "vera", "--project", "acne", "--role", "Admn", "--group", "g"];
    let refused = place.refused(&arguments);
    for wrong in [
        "there is no project `acne`",
        "there is no role `Admn`",
        "did you mean `Admin`?",
        "there is no group `g`",
    ] {
        assert!(refused.contains(wrong), "{refused}");
    }
    let output = place.run(&[&arguments[..], &["--json"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let document: Value = serde_json::from_slice(&output.stderr).expect("a JSON document");
    assert_eq!(document["refused"].as_array().map(Vec::len), Some(3), "{document}");
    assert_eq!(place.run(&["user", "crate", "vera"]).status.code(), Some(2));
    assert!(place.refused(&["project", "show", "acme"]).contains("there is no project `acme`"));
    assert!(place.refused(&["history", "--since", "yesterday"]).contains("is no time"));
    assert!(place.refused(&["history", "--object", "olga"]).contains("names no record"));
    assert_eq!(place.json(&["status"])["change"], 1);
}

#[test]
fn a_directory_is_imported_exported_and_imported_again() {
    let place = Place::new();
    let page = include_str!("../../../directory/DIRECTORY.md");
    let examples: String =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    place.write("all.toml", &examples);
    let planned = place.done(&["import", "all.toml", "--dry-run"]);
    assert!(planned.contains("+ project acme: name Acme; description Loans by phone"), "{planned}");
    assert_eq!(place.json(&["status"])["change"], 1);
    place.done(&["import", "all.toml"]);
    assert_eq!(place.json(&["status"])["change"], 2, "an import is one change");
    assert_eq!(place.done(&["import", "all.toml"]), "nothing changed: it is so already\n");
    for (format, ending) in [("toml", "toml"), ("json", "json")] {
        let export = place.done(&["export", "--format", format, "--with-tokens"]);
        let name = format!("export.{ending}");
        place.write(&name, &export);
        assert_eq!(place.done(&["import", &name, "--replace"]), "nothing changed: it is so already\n");
    }
    for kind in ["users", "fields", "objects"] {
        place.write("part.csv", &place.done(&["export", "--format", "csv", "--kind", kind]));
        assert_eq!(place.done(&["import", "part.csv", "--replace"]), "nothing changed: it is so already\n");
    }
    place.write("some.csv", "login,projects\nolga,acme; globex\nvera,acme\n");
    place.said(
        &["import", "some.csv", "--dry-run"],
        "~ user olga: projects acme → acme, globex\n+ user vera: name vera; projects acme\n\
         2 records would change; nothing was changed\n",
    );
    place.write("wrong.csv", "login,projects\nolga,acne\nvera,\"a;\"\n");
    let refused = place.refused(&["import", "wrong.csv"]);
    for wrong in ["wrong.csv:2:1", "there is no project `acne`", "wrong.csv:3:1", "2 problem(s)"] {
        assert!(refused.contains(wrong), "{wrong}\n{refused}");
    }
    for (file, content) in [
        ("empty.csv", ""),
        ("empty.json", ""),
        ("one.json", "{\"format\": 2}"),
        ("no.toml", "[[user]]\nlogin = 3\n"),
    ] {
        place.write(file, content);
        assert!(place.refused(&["import", file]).contains(file), "{file}");
    }
    place.write("head.csv", "login\n");
    assert!(place.refused(&["import", "head.csv", "--replace"]).contains("nobody would have the role Admin"));
    assert_eq!(place.run(&["export", "--format", "csv"]).status.code(), Some(2));
    assert_eq!(place.run(&["import", "nowhere.toml"]).status.code(), Some(2));
    // The same export in a file serves as well.
    place.write("directory.toml", &place.done(&["export", "--with-tokens"]));
    let database = place.done(&["user", "list"]);
    place.configure("file = \"directory.toml\"");
    assert_eq!(place.done(&["user", "list"]), database);
}

#[test]
fn a_file_can_be_looked_at_and_not_changed() {
    let place = Place::uninitialised();
    place.write("directory.toml", "[[project]]\nid = \"acme\"\nname = \"Acme\"\n");
    place.configure("file = \"directory.toml\"");
    assert!(place.done(&["project", "list"]).contains("acme"));
    assert!(place.done(&["export", "--format", "json"]).contains("\"acme\""));
    assert!(place.done(&["status"]).contains("– (a file)"));
    for arguments in [&["project", "remove", "acme"][..], &["history"], &["verify"], &["enhance"], &["init"]]
    {
        assert!(place.refused(arguments).contains("is a file"), "{arguments:?}");
    }
}

#[test]
fn a_database_that_is_not_there_is_no_refusal() {
    let place = Place::uninitialised();
    let output = place.run(&["status"]);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("cordon.db"), "{}", text(&output.stderr));
    place.configure("database = \"postgres://nobody@127.0.0.1:9/none\"");
    let output = place.run(&["status"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("postgres://nobody@127.0.0.1:9/none"), "{}", text(&output.stderr));
    // A second directory is not made over the first.
    let place = Place::new();
    let output = place.run(&["init"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("already"), "{}", text(&output.stderr));
}
