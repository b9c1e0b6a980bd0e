//! H29, H30: records that are hard to see. JSON in strings, and rows without names, through the whole gateway: by the
//! rules, the policy in its sandbox and the editor.

use crate::backend::reply;
use crate::stage::Stage;

/// A route, what the backend sends, and what anna and bora get.
type Exchanged = (&'static str, &'static str, &'static str, &'static str, &'static str);

const JSON: &str = "application/json";

const BODIES: [Exchanged; 5] = [
    (
        "/api/packed",
        JSON,
        r#"{"data":[{"id":1,"attributes":"{\"project\":\"acme\",\"note\":\"n1\",\"secret\":\"s1\"}"},{"id":2,"attributes":"{\"project\":\"zeta\",\"note\":\"n2\",\"secret\":\"s2\"}"},{"id":3,"attributes":""}],"total":3}"#,
        r#"{"data":[{"id":1,"attributes":"{\"note\":\"n1\"}"}],"total":1}"#,
        r#"{"data":[{"id":1,"attributes":"{\"note\":\"n1\"}"},{"id":2,"attributes":"{\"note\":\"n2\"}"}],"total":2}"#,
    ),
    (
        "/api/packed-lines",
        "application/x-ndjson",
        "{\"id\":1,\"attributes\":\"{\\\"project\\\":\\\"zeta\\\",\\\"note\\\":\\\"n1\\\"}\"}\n{\"id\":2,\"attributes\":\"{\\\"secret\\\":\\\"s2\\\",\\\"project\\\":\\\"acme\\\"}\"}\n",
        "{\"id\":2,\"attributes\":\"{}\"}\n",
        "{\"id\":1,\"attributes\":\"{\\\"note\\\":\\\"n1\\\"}\"}\n{\"id\":2,\"attributes\":\"{}\"}\n",
    ),
    (
        "/api/rows",
        JSON,
        r#"{"columns":["id","project","secret","note"],"rows":[[1,"acme","s1","n1"],[2,"zeta","s2","n2"]]}"#,
        r#"{"columns":["id","project","note"],"rows":[[1,"acme","n1"]]}"#,
        r#"{"columns":["id","project","note"],"rows":[[1,"acme","n1"],[2,"zeta","n2"]]}"#,
    ),
    (
        "/api/first-row",
        JSON,
        r#"[["secret","id","project"],["s2",2,"zeta"],["s1",1,"acme"]]"#,
        r#"[["id","project"],[1,"acme"]]"#,
        r#"[["id","project"],[2,"zeta"],[1,"acme"]]"#,
    ),
    (
        "/api/listed-rows",
        JSON,
        r#"[[1,"s1","acme"],[2,"s2","zeta"]]"#,
        r#"[[1,"acme"]]"#,
        r#"[[1,"acme"],[2,"zeta"]]"#,
    ),
];

#[tokio::test]
async fn h29_h30_what_stands_in_strings_and_rows_is_isolated() {
    for (path, kind, sent, of_anna, of_bora) in BODIES {
        let head = format!("200 OK\r\nContent-Type: {kind}");
        let stage = Stage::new(move |_| reply(&head, sent.as_bytes())).await;
        for (login, expected) in [("anna", of_anna), ("bora", of_bora)] {
            let answer = stage.get(login, path).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            let body = String::from_utf8_lossy(&answer.body);
            assert_eq!(body, expected, "{path} for {login}");
            assert!(answer.complete);
            let hidden = ["secret", "s1", "s2"];
            assert!(!hidden.iter().any(|hidden| body.contains(hidden)), "{path} for {login}: {body}");
        }
        let (status, _, body) = stage.h2("anna", "GET", path).await.unwrap();
        assert_eq!((status.as_u16(), &body.unwrap()[..]), (200, of_anna.as_bytes()), "{path}");
    }
}

#[tokio::test]
async fn h29_h30_what_cannot_be_told_is_refused() {
    let wrong: [(&str, &[&str]); 4] = [
        (
            "/api/packed",
            &[
                r#"{"data":[{"id":1,"attributes":"{\"project\":\"acme\""}]}"#,
                r#"{"data":[{"id":1,"attributes":"{\"project\":\"acme\",\"project\":\"zeta\"}"}]}"#,
            ],
        ),
        (
            "/api/rows",
            &[
                r#"{"rows":[[1,"acme"]],"columns":["id","project"]}"#,
                r#"{"columns":["id","project"],"rows":[[1]]}"#,
                r#"{"columns":["id","project","id"],"rows":[]}"#,
            ],
        ),
        ("/api/first-row", &[r#"[["id","project"],[1]]"#, r#"[{"id":1},[1]]"#]),
        ("/api/listed-rows", &[r#"[[1,"acme"]]"#, r#"[[1,"s",2,"acme"]]"#]),
    ];
    for (path, bodies) in wrong {
        for &body in bodies {
            let stage =
                Stage::new(move |_| reply(&format!("200 OK\r\nContent-Type: {JSON}"), body.as_bytes())).await;
            let answer = stage.get("anna", path).await;
            assert_eq!((answer.status, answer.code().as_str()), (502, "backend-response"), "{path}: {body}");
        }
    }
}
