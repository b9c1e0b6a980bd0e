//! H13–H21: ranges, validators, codings, headers, types.

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use tokio::io::AsyncWriteExt;

use crate::backend::{json, reply};
use crate::stage::{ANNAS_CALLS, Stage, call, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

#[tokio::test]
async fn h13_range_is_stripped() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let reply = stage.send("anna", "GET", "/api/calls", "Range: bytes=0-9\r\nIf-Range: \"x\"\r\n", "").await;
    assert_eq!((reply.status, reply.text()), (200, ANNAS_CALLS));
    assert_eq!(reply.header("accept-ranges"), None);
    let seen = stage.backend.only();
    assert_eq!((seen.header("range"), seen.header("if-range")), (None, None));
}

#[tokio::test]
async fn h13_an_unasked_part_is_refused() {
    let heads = [
        "206 Partial Content\r\nContent-Type: application/json\r\nContent-Range: bytes 0-99/200",
        "206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x",
        "200 OK\r\nContent-Type: multipart/byteranges; boundary=x",
        "200 OK\r\nContent-Type: application/json\r\nContent-Range: bytes 0-99/200",
    ];
    for head in heads {
        let stage = Stage::new(move |_| reply(head, calls(TWO))).await;
        assert_eq!(stage.get("anna", "/api/calls").await.status, 502, "{head}");
    }
}

#[tokio::test]
async fn h14_conditions_and_validators_are_removed_both_ways() {
    let stage = Stage::new(|_| {
        reply(
            "200 OK\r\nContent-Type: application/json\r\nETag: \"x\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT",
            calls(TWO),
        )
    })
    .await;
    let conditions = [
        "If-Match: \"x\"",
        "If-None-Match: \"x\"",
        "If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT",
        "If-Unmodified-Since: Mon, 01 Jan 2024 00:00:00 GMT",
    ];
    let reply =
        stage.send("anna", "GET", "/api/calls", &format!("{}\r\n", conditions.join("\r\n")), "").await;
    assert_eq!((reply.status, reply.text()), (200, ANNAS_CALLS));
    assert_eq!((reply.header("etag"), reply.header("last-modified")), (None, None));
    let seen = stage.backend.only();
    assert!(!seen.headers.iter().any(|(name, _)| name.starts_with("if-")), "{seen:?}");
}

async fn coded(coding: &str, plain: &[u8]) -> Vec<u8> {
    macro_rules! encode {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(plain).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }};
    }
    match coding {
        "gzip" => encode!(GzipEncoder),
        "br" => encode!(BrotliEncoder),
        "zstd" => encode!(ZstdEncoder),
        _ => encode!(ZlibEncoder),
    }
}

#[tokio::test]
async fn h15_identity_is_asked_for_and_every_known_coding_decoded() {
    for coding in ["gzip", "br", "zstd", "deflate", "identity", "GZip"] {
        let body = calls(TWO);
        let bytes = match coding {
            "identity" => body.into_bytes(),
            _ => coded(&coding.to_lowercase(), body.as_bytes()).await,
        };
        let stage = Stage::new(move |_| {
            reply(&format!("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {coding}"), &bytes)
        })
        .await;
        let reply = stage.send("anna", "GET", "/api/calls", "Accept-Encoding: gzip, br\r\n", "").await;
        assert_eq!((reply.status, reply.text()), (200, ANNAS_CALLS), "{coding}");
        assert_eq!(reply.header("content-encoding"), None);
        assert_eq!(stage.backend.only().header("accept-encoding"), Some("identity"));
    }
}

#[tokio::test]
async fn h15_unknown_stacked_cut_or_lying_codings_are_refused() {
    let gzip = coded("gzip", calls(TWO).as_bytes()).await;
    let twice = coded("gzip", &gzip).await;
    let cut = gzip[..gzip.len() - 3].to_vec();
    let longer = [&gzip[..], &b"{}"[..]].concat();
    let cases = [
        ("compress", calls(TWO).into_bytes()),
        ("exi", calls(TWO).into_bytes()),
        ("gzip, gzip", twice.clone()),
        ("gzip", twice),
        ("gzip", cut),
        ("gzip", longer),
        ("gzip", calls(TWO).into_bytes()),
        ("br", gzip),
    ];
    for (coding, bytes) in cases {
        let stage = Stage::new(move |_| {
            reply(&format!("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {coding}"), &bytes)
        })
        .await;
        let reply = stage.get("anna", "/api/calls").await;
        assert_eq!((reply.status, reply.code().as_str()), (502, "backend-response"), "{coding}");
    }
}

#[tokio::test]
async fn h15_a_bomb_is_refused() {
    let bomb = coded("gzip", &[b' '; 64 << 20]).await;
    let stage = Stage::new(move |_| {
        reply("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip", &bomb)
    })
    .await;
    assert_eq!(stage.get("anna", "/api/calls").await.status, 502);
}

#[tokio::test]
async fn h16_digests_and_signatures_are_removed() {
    let stage = Stage::new(|_| {
        reply(
            "200 OK\r\nContent-Type: application/json\r\nDigest: a\r\nContent-Digest: b\r\nRepr-Digest: c\r\n\
             Content-MD5: d\r\nSignature: e\r\nSignature-Input: f",
            calls(TWO),
        )
    })
    .await;
    let reply = stage.get("anna", "/api/calls").await;
    assert_eq!(reply.status, 200);
    for name in ["digest", "content-digest", "repr-digest", "content-md5", "signature", "signature-input"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn h17_nobody_may_keep_what_is_one_callers() {
    let stage = Stage::new(|_| {
        reply(
            "200 OK\r\nContent-Type: application/json\r\nCache-Control: public, max-age=60\r\nVary: Accept\r\nAge: 1\r\n\
             Expires: Mon, 01 Jan 2035 00:00:00 GMT",
            calls(TWO),
        )
    })
    .await;
    for path in ["/api/calls", "/api/nothing", "/api/calls?no=1"] {
        let reply = stage.get("anna", path).await;
        assert_eq!(reply.header("cache-control"), Some("private, no-store"), "{path}");
        assert_eq!(reply.header("vary"), Some("authorization, x-api-key"), "{path}");
        assert_eq!((reply.header("age"), reply.header("expires")), (None, None));
    }
    let by_query =
        |config: &mut cordon_gateway::GatewayConfig| config.identity.places.query.push("api_token".into());
    let stage = Stage::with("enhanced", by_query, |_| json(calls(TWO))).await;
    assert_eq!(stage.get("anna", "/api/calls").await.header("vary"), Some("*"));
}

#[tokio::test]
async fn h18_response_headers_pass_by_an_allow_list() {
    let stage = Stage::new(|_| {
        reply(
            "200 OK\r\nContent-Type: application/json; profile=\"secret\"\r\nX-Page: 2\r\nX-Total-Count: 2\r\n\
             Location: /secret\r\nLink: </secret>\r\nContent-Location: /x\r\nRefresh: 1\r\nSet-Cookie: a=b\r\nServer: old",
            calls(TWO),
        )
    })
    .await;
    let reply = stage.get("anna", "/api/calls").await;
    let mut names = reply.headers.keys().map(http::HeaderName::as_str).collect::<Vec<_>>();
    // The one that HTTP/2 has not.
    names.retain(|name| *name != "connection");
    names.sort_unstable();
    let expected = [
        "cache-control",
        "content-length",
        "content-type",
        "cordon-policy",
        "date",
        "vary",
        "x-content-type-options",
        "x-page",
    ];
    assert_eq!(names, expected);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("x-page"), Some("2"));
}

#[tokio::test]
async fn h18_redirections_are_refused() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let stage =
            Stage::new(move |_| reply(&format!("{status}\r\nLocation: http://x/secret"), "moved")).await;
        let reply = stage.get("anna", "/api/calls").await;
        assert_eq!((reply.status, reply.header("location")), (502, None), "{status}");
    }
}

#[tokio::test]
async fn h19_error_bodies_are_replaced() {
    let body = "{\"error\":\"duplicate key (phone)=(+4930) of zeta\"}";
    for (status, expected) in [("400 Bad", 400), ("404 None", 404), ("409 Conflict", 409), ("500 Oops", 500)]
    {
        let stage =
            Stage::new(move |_| reply(&format!("{status}\r\nContent-Type: application/json"), body)).await;
        let reply = stage.get("anna", "/api/calls").await;
        assert_eq!(reply.status, expected);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        assert!(!reply.text().contains("zeta"));
    }
}

#[tokio::test]
async fn h19_a_refused_service_credential_is_not_the_callers() {
    let own = |config: &mut cordon_gateway::GatewayConfig| {
        config.backend.credential = cordon_gateway::BackendCredential::Header {
            name: "x-service".parse().unwrap(),
            value: "s3cret".parse().unwrap(),
        };
    };
    for status in ["401 No", "403 No"] {
        let answer =
            move |_: &crate::backend::Seen| reply(&format!("{status}\r\nWWW-Authenticate: Basic"), "no");
        let stage = Stage::with("enhanced", own, answer).await;
        let reply = stage.get("anna", "/api/calls").await;
        assert_eq!((reply.status, reply.header("www-authenticate")), (502, None));
        assert_eq!(stage.backend.only().header("x-service"), Some("s3cret"));
        let stage = Stage::new(answer).await;
        assert_eq!(stage.get("anna", "/api/calls").await.status.to_string(), status[..3]);
    }
}

#[tokio::test]
async fn h20_the_declared_format_decides() {
    let cases = [
        ("Content-Type: application/json", 200),
        ("Content-Type: application/json; charset=\"utf-8\"; x=\"a;b\"", 200),
        ("Content-Type: application/vnd.api+json", 200),
        ("Content-Type: text/json", 200),
        ("Content-Type: text/plain", 502),
        ("Content-Type: text/html", 502),
        ("Content-Type: application/octet-stream", 502),
        ("Content-Type: application/json; charset=utf-16", 502),
        ("Content-Type: text/csv", 502),
        ("Content-Type: application/json\r\nContent-Type: text/html", 502),
        ("X-Nothing: 1", 502),
    ];
    for (header, status) in cases {
        let stage = Stage::new(move |_| reply(&format!("200 OK\r\n{header}"), calls(TWO))).await;
        assert_eq!(stage.get("anna", "/api/calls").await.status, status, "{header}");
    }
}

#[tokio::test]
async fn h21_opaque_formats_pass_only_to_whoever_may_see_their_record() {
    let stage = Stage::new(|seen| match seen.target.as_str() {
        "/api/calls/1" => json(call(1, "acme")),
        "/api/calls/2" => json(call(2, "zeta")),
        _ => reply("200 OK\r\nContent-Type: audio/ogg\r\nETag: \"x\"\r\nX-Other: 1", b"OggS\0\xff"),
    })
    .await;
    let own = stage.get("anna", "/api/calls/1/recording").await;
    assert_eq!((own.status, &own.body[..]), (200, &b"OggS\0\xff"[..]));
    assert_eq!(own.header("content-type"), Some("audio/ogg"));
    assert_eq!((own.header("etag"), own.header("x-other")), (None, None));
    let foreign = stage.get("anna", "/api/calls/2/recording").await;
    assert_eq!(foreign.status, 404);
    let asked = stage.backend.seen().iter().filter(|seen| seen.target.ends_with("/2/recording")).count();
    assert_eq!(asked, 0, "authorised before the first byte");
}
