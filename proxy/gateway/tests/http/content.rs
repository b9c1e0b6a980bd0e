//! H22–H28, H32, H33, H37, H38: what stands in a body. The editor's own tests go through every case of these; here they
//! are asked for over sockets, through policy and gateway.

use http::HeaderName;

use crate::backend::{Script, json, reply};
use crate::client::Reply;
use crate::stage::{ANNAS_CALLS, Stage, call, calls, changed_policy};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];
const KEPT: &str = "keep = [\"$.id\", \"$.project\", \"$.note\"]";

/// What anna gets of a list that the backend answers with.
async fn list(body: impl Into<String>) -> Reply {
    let body = body.into();
    let stage = Stage::new(move |_| json(&body)).await;
    stage.get("anna", "/api/calls").await
}

/// Nothing of the body comes but the answer for a backend at fault.
#[track_caller]
fn assert_refused(got: &Reply, why: &str) {
    let is_cut = got.status == 200 && !got.complete;
    assert!(got.status == 502 || is_cut, "{why}: {got:?}");
    assert!(!String::from_utf8_lossy(&got.body).contains("secret"), "{why}: {got:?}");
}

#[tokio::test]
async fn h22_names_that_stand_twice_are_refused_however_they_are_written() {
    for twice in [
        r#"{"id":1,"project":"zeta","project":"acme"}"#,
        r#"{"id":1,"project":"acme","project":"zeta"}"#,
        r#"{"id":1,"project":"zeta","\u0070roject":"acme"}"#,
        r#"{"id":1,"project":"acme","note":"a","note":"b"}"#,
        r#"{"id":1,"project":"acme","secret":"a","secret":"b"}"#,
    ] {
        assert_refused(&list(format!(r#"{{"data":[{twice}],"total":1}}"#)).await, twice);
    }
    // Escaped names are names; case tells names apart.
    let got = list(
        r#"{"data":[{"id":1,"\u0070roject":"acme","Secret":"x","\u0073ecret":"y","note":"n"}],"total":1}"#,
    )
    .await;
    assert_eq!(got.text(), r#"{"data":[{"id":1,"\u0070roject":"acme","note":"n"}],"total":1}"#);
}

#[tokio::test]
async fn h23_what_is_not_json_is_refused_and_a_byte_order_mark_is_dropped() {
    for wrong in [
        &b"{\"data\":[{\"id\":1,\"project\":\"acme\",\"note\":\"\xff\"}],\"total\":1}"[..],
        b"{\"data\":[{\"id\":1,\"project\":\"acme\",\"note\":\"\\ud800\"}],\"total\":1}",
        b"{\"data\":[{\"id\":1,\"project\":\"acme\",\"note\":\"a\nb\"}],\"total\":1}",
        b"{\"data\":[{\"id\":NaN,\"project\":\"acme\"}],\"total\":1}",
        b"{\"data\":[{\"id\":1,\"project\":\"acme\"},],\"total\":1}",
        b"{\"data\":[/* secret */],\"total\":0}",
        b"{\"data\":[],\"total\":0} {\"data\":[{\"secret\":1}]}",
        b"\xff\xfe{\0}\0",
        b"",
    ] {
        let stage = Stage::new(move |_| json(wrong)).await;
        assert_refused(&stage.get("anna", "/api/calls").await, &String::from_utf8_lossy(wrong));
    }
    assert_eq!(list(format!("\u{feff}{}", calls(TWO))).await.text(), ANNAS_CALLS);
}

#[tokio::test]
async fn h24_what_is_kept_stays_as_it_was_written() {
    for kept in ["1e400", "12345678901234567890", "1.10", "-0", "1E+2"] {
        let record = format!("{{ \"note\" :\t\"\\u0041/\\/\",\r\n\"id\": {kept},\"project\":\"acme\"}}");
        let body = format!("{{\"data\":[{record}],\"total\":1}}");
        assert_eq!(list(&body).await.text(), body, "{kept}");
    }
}

#[tokio::test]
async fn h25_known_wrappers_are_kept_and_filtered_inside_and_others_refused() {
    for (before, after) in
        [(")]}',\n", ""), ("while(1);", ""), ("for(;;);", ""), ("callback(", ");"), ("a.b(", ")")]
    {
        let got = list(format!("{before}{}{after}", calls(TWO))).await;
        assert_eq!(got.text(), format!("{before}{ANNAS_CALLS}{after}"));
    }
    for (before, after) in
        [("x", ""), ("/**/f(", ")"), ("var a = ", ";"), ("callback(", ") secret"), ("f(", "")]
    {
        assert_refused(&list(format!("{before}{}{after}", calls(TWO))).await, before);
    }
}

#[tokio::test]
async fn h26_limits_hold_while_the_body_streams() {
    let long = "x".repeat(2000);
    for (limit, record) in [
        ("depth", format!(r#"{{"id":1,"project":"acme","deep":{}1{}}}"#, "[".repeat(40), "]".repeat(40))),
        ("name", format!(r#"{{"id":1,"project":"acme","{long}":"secret"}}"#)),
        ("string", format!(r#"{{"id":1,"project":"acme","secret":"{long}"}}"#)),
        ("number", format!(r#"{{"id":1{},"project":"acme"}}"#, "0".repeat(200))),
        ("record", format!(r#"{{"id":1,"project":"acme","a":"{0}","b":"{0}"}}"#, "y".repeat(900))),
    ] {
        let body = format!(r#"{{"data":[{record}],"total":1}}"#);
        let change = |config: &mut cordon_gateway::GatewayConfig| {
            config.editor.depth = 32;
            config.editor.name = 1000;
            config.editor.string = 1000;
            config.editor.number = 100;
            config.editor.record = 1500;
        };
        let stage = Stage::with("enhanced", change, move |_| json(&body)).await;
        assert_refused(&stage.get("anna", "/api/calls").await, limit);
    }
}

#[tokio::test]
async fn h27_a_project_may_come_after_what_it_decides_on() {
    let last = |id: u32, project: &str| {
        format!(r#"{{"note":"{}{id}","secret":"s","id":{id},"project":"{project}"}}"#, "n".repeat(5000))
    };
    let records = [last(1, "acme"), last(2, "zeta"), last(3, "acme")];
    let got = list(format!(r#"{{"data":[{}],"total":3}}"#, records.join(","))).await;
    let kept = [&records[0], &records[2]].map(|record| record.replace(r#""secret":"s","#, ""));
    assert_eq!(got.text(), format!(r#"{{"data":[{}],"total":2}}"#, kept.join(",")));
}

#[tokio::test]
async fn h28_removing_leaves_a_document() {
    let all: &[&[(u32, &str)]] =
        &[&[], &[(2, "zeta")], &[(1, "acme")], TWO, &[(2, "zeta"), (1, "acme")], &[(2, "zeta"), (3, "zeta")]];
    for records in all {
        let got = list(calls(records)).await;
        let read: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
        let left = records.iter().filter(|(_, project)| *project == "acme").count();
        assert_eq!(read["data"].as_array().map(Vec::len), Some(left), "{records:?}");
        assert_eq!(read["total"], left, "{records:?}");
    }
    assert_eq!(list(calls(&[(2, "zeta")])).await.text(), r#"{"data":[],"total":0}"#);
    let got = list(r#"{"data":[],"total":0,"meta":{"secret":1}}"#).await;
    assert!(!got.text().contains("meta") || got.text().contains(r#""meta":{}"#), "{}", got.text());
}

#[tokio::test]
async fn h32_a_batch_of_answers_is_not_taken_for_one() {
    // Where answers are nested in answers, none of what is nested stands where the rules look for it.
    let one = calls(TWO);
    let text = serde_json::to_string(&one).unwrap();
    for batch in [
        format!("[{one},{one}]"),
        format!(r#"{{"responses":[{{"status":200,"body":{one}}}]}}"#),
        format!(r#"{{"responses":[{{"status":200,"body":{text}}}]}}"#),
        format!(r#"[{{"jsonrpc":"2.0","id":1,"result":{one}}}]"#),
        format!(r#"{{"data":{{"calls":{one}}}}}"#),
    ] {
        let got = list(&batch).await;
        let shown = String::from_utf8_lossy(&got.body);
        assert!(["s1", "s2", "n1", "n2", "zeta"].iter().all(|hidden| !shown.contains(hidden)), "{got:?}");
    }
    // Nor does a route take a batch of requests that is not declared.
    let stage = Stage::new(|_| json(calls(TWO))).await;
    for path in ["/api/batch", "/graphql", "/jsonrpc", "/api/calls"] {
        let got = stage.send("anna", "POST", path, "Content-Type: application/json\r\n", "[{},{}]").await;
        assert!(matches!(got.status, 404 | 405), "{path}: {got:?}");
    }
    assert!(stage.backend.seen().is_empty());
}

#[tokio::test]
async fn h33_an_error_in_a_successful_answer_is_filtered_like_any_other() {
    let body = r#"{"data":[],"total":0,"error":{"message":"no such row: s2 of zeta","row":{"secret":"s2"}}}"#;
    let got = list(body).await;
    assert_eq!(got.status, 200);
    assert!(!got.text().contains("s2") && !got.text().contains("zeta"), "{}", got.text());
    let stage = Stage::new(move |_| json(body)).await;
    let got = stage.get("anna", "/api/calls/1").await;
    assert!(!String::from_utf8_lossy(&got.body).contains("s2"), "{got:?}");
}

/// A stage whose rules mask the field `secret` of calls for everybody.
async fn masking(mask: &str, handler: impl Fn() -> Script + Send + Sync + 'static) -> Stage {
    let stage = Stage::new(move |_| handler()).await;
    let by = format!("{KEPT}\nmask = [{{ path = \"$.secret\", always = true, {mask} }}]");
    stage.gateway.activate(changed_policy(KEPT, &by)).unwrap();
    stage
}

fn secret_of(reply: &Reply) -> String {
    let read: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    read["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn h37_masks_tell_no_length_and_hashes_are_each_scopes_own() {
    for (mask, length) in [("with = \"fixed\", text = \"****\"", 4), ("with = \"hash\"", 16)] {
        let mut lengths = Vec::new();
        for secret in ["", "7", "+49 30 1234567", &"9".repeat(400)] {
            let body = format!(r#"{{"id":1,"project":"acme","secret":"{secret}"}}"#);
            let stage = masking(mask, move || json(&body)).await;
            let masked = secret_of(&stage.get("anna", "/api/calls/1").await);
            assert!(secret.is_empty() || !masked.contains(secret), "{masked}");
            lengths.push(masked.chars().count());
        }
        assert!(lengths.iter().all(|other| *other == lengths[0]), "{mask}: {lengths:?}");
        assert!(lengths[0] >= length, "{mask}: {lengths:?}");
    }
    // Both may see the call, and neither can tell by the hash what the other sees.
    let stage = masking("with = \"hash\"", || json(call(1, "acme"))).await;
    let [annas, boras] = ["anna", "bora"].map(|login| (login, "/api/calls/1"));
    let first = secret_of(&stage.get(annas.0, annas.1).await);
    assert_eq!(first, secret_of(&stage.get(annas.0, annas.1).await));
    assert_ne!(first, secret_of(&stage.get(boras.0, boras.1).await));
}

#[tokio::test]
async fn h38_free_text_goes_unless_named_and_is_masked_by_pattern() {
    let text =
        r#"{"id":1,"project":"acme","secret":"ring +1 555 010 9999, or ada@zeta.example","remark":"+1 555"}"#;
    let stage = Stage::new(move |_| json(text)).await;
    let got = stage.get("anna", "/api/calls/1").await;
    assert_eq!(got.text(), r#"{"id":1,"project":"acme"}"#);
    let stage = masking("with = \"patterns\", find = [\"phone\", \"email\"]", move || json(text)).await;
    let masked = secret_of(&stage.get("anna", "/api/calls/1").await);
    assert!(masked.starts_with("ring "), "{masked}");
    assert!(["555", "9999", "ada", "zeta"].iter().all(|hidden| !masked.contains(hidden)), "{masked}");
    // Links with identifiers of what is hidden are headers that pass by name only.
    let link = HeaderName::from_static("link");
    let stage = Stage::new(|_| {
        reply("200 OK\r\nContent-Type: application/json\r\nLink: </calls/2?phone=555>; rel=next", calls(TWO))
    })
    .await;
    assert!(!stage.get("anna", "/api/calls").await.headers.contains_key(link));
}
