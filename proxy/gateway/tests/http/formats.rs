//! H31: bodies in each format, edited on their way.

use crate::backend::reply;
use crate::stage::Stage;

/// A route, what the backend calls its body, what it sends, what anna gets, and what that is called.
type Exchanged = (&'static str, &'static str, &'static [u8], &'static [u8], &'static str);

/// One for each format.
const BODIES: [Exchanged; 4] = [
    (
        "/api/lines",
        "application/x-ndjson",
        b"{\"id\":1,\"project\":\"acme\",\"secret\":\"s\"}\n{\"id\":2,\"project\":\"zeta\"}\n{\"id\":3,\"project\":\"acme\"}\n",
        b"{\"id\":1,\"project\":\"acme\"}\n{\"id\":3,\"project\":\"acme\"}\n",
        "application/x-ndjson",
    ),
    (
        "/api/table",
        "text/csv; charset=ISO-8859-1",
        b"id;project;secret;note\r\n1;acme;s;\"Zo\xeb;\"\r\n2;zeta;s;n\r\n3;acme;s;n\r\n",
        b"id;project;note\r\n1;acme;\"Zo\xeb;\"\r\n3;acme;n\r\n",
        "text/csv; charset=windows-1252",
    ),
    (
        "/api/tree",
        "text/xml; charset=utf-8",
        b"<calls><call><id>1</id><project>acme</project><secret>s</secret></call><call><id>2</id><project>zeta</project></call></calls>",
        b"<calls><call><id>1</id><project>acme</project></call></calls>",
        "application/xml; charset=utf-8",
    ),
    (
        "/api/events",
        "text/event-stream",
        b": hello\n\nevent: call\nid: 7\ndata: {\"id\":1,\"project\":\"acme\"}\n\nid: 8\ndata: {\"id\":2,\"project\":\"zeta\"}\n\n",
        b":\n\nevent: call\nid: 7\ndata: {\"id\":1}\n\n",
        "text/event-stream",
    ),
];

#[tokio::test]
async fn h31_each_format_is_edited_and_named() {
    for (path, kind, sent, expected, declared) in BODIES {
        let stage = Stage::new(move |_| reply(&format!("200 OK\r\nContent-Type: {kind}"), sent)).await;
        let answer = stage.get("anna", path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(String::from_utf8_lossy(&answer.body), String::from_utf8_lossy(expected), "{path}");
        assert_eq!(answer.body, expected, "{path}");
        assert_eq!(answer.header("content-type"), Some(declared));
        assert!(answer.complete);
        let (status, headers, body) = stage.h2("anna", "GET", path).await.unwrap();
        assert_eq!((status.as_u16(), &body.unwrap()[..]), (200, expected), "{path}");
        assert_eq!(headers["content-type"], declared);
        let head = stage.send("anna", "HEAD", path, "", "").await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-type"), Some(declared));
    }
}

#[tokio::test]
async fn h20_a_body_of_another_type_is_refused() {
    for (path, own, sent, ..) in BODIES {
        let others = ["application/json", "text/plain", "application/octet-stream"];
        let foreign = BODIES.iter().map(|(_, kind, ..)| *kind).filter(|kind| *kind != own);
        for kind in foreign.chain(others) {
            let stage = Stage::new(move |_| reply(&format!("200 OK\r\nContent-Type: {kind}"), sent)).await;
            let answer = stage.get("anna", path).await;
            assert_eq!((answer.status, answer.code().as_str()), (502, "backend-response"), "{path}: {kind}");
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_format_is_refused() {
    let wrong: [(&str, &[&[u8]]); 4] = [
        ("/api/lines", &[b"{\"id\":1", b"{} {}\n", b"data: {}\n\n", b"\xff\n"]),
        ("/api/table", &[b"id;id\r\n", b"id;note\r\n1\r\n", b"\"id"]),
        (
            "/api/tree",
            &[b"<calls>", b"<!DOCTYPE calls><calls/>", b"<calls>&x;</calls>", b"<calls>\xff</calls>", b"{}"],
        ),
        ("/api/events", &[b"data: {\"id\":1,\"project\":\"acme\",\"id\":2}\n\n", b": \xff\n\n"]),
    ];
    for (path, bodies) in wrong {
        let kind = BODIES.iter().find(|(known, ..)| *known == path).unwrap().1;
        for &body in bodies {
            let stage = Stage::new(move |_| reply(&format!("200 OK\r\nContent-Type: {kind}"), body)).await;
            let answer = stage.get("anna", path).await;
            assert_eq!(answer.status, 502, "{path}: {}", body.escape_ascii());
            assert_eq!(answer.code(), "backend-response", "{path}: {}", body.escape_ascii());
        }
    }
}
