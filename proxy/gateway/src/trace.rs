//! The context of a trace: which trace an exchange is part of, and who is told (W3C Trace Context).

use http::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// How much is traced. Without it contexts pass as they come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// The share, from 0 to 1, of exchanges that are recorded.
    pub share: f64,
    /// Whether an exchange is recorded that goes on with a caller's trace, the caller says, and not the share.
    pub callers_decide: bool,
}

/// The place of an exchange in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: [u8; 16],
    /// The exchange.
    pub span: [u8; 8],
    /// What the exchange is part of.
    pub parent: Option<[u8; 8]>,
    /// Whether it is recorded.
    pub is_sampled: bool,
}

impl Sampling {
    /// The context of an exchange that begins with this head.
    pub(crate) fn context(&self, headers: &HeaderMap) -> TraceContext {
        let mut span = [0; 8];
        rand::fill(&mut span);
        // All zero is no id.
        span[7] |= u8::from(span == [0; 8]);
        // By an id of our own, which no caller chooses.
        let [.., a, b, c, d] = span;
        let place = f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX);
        let is_sampled = self.share > 0.0 && place <= self.share;
        if let Some((trace, parent, callers)) = parse(headers) {
            let is_sampled = if self.callers_decide { callers } else { is_sampled };
            return TraceContext { trace, span, parent: Some(parent), is_sampled };
        }
        let mut trace = [0; 16];
        rand::fill(&mut trace);
        trace[15] |= u8::from(trace == [0; 16]);
        TraceContext { trace, span, parent: None, is_sampled }
    }
}

impl TraceContext {
    /// The trace's id in hexadecimal digits.
    #[must_use]
    pub fn trace_text(&self) -> String {
        hexadecimal(&self.trace)
    }

    /// Tells the backend, to which the exchange is what its own work is part of. What somebody else said of a trace
    /// that is not gone on with is not told.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let flags = u8::from(self.is_sampled);
        let text = format!("00-{}-{}-{flags:02x}", self.trace_text(), hexadecimal(&self.span));
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(TRACEPARENT, value);
        }
        if self.parent.is_none() {
            headers.remove(TRACESTATE);
        }
    }
}

/// Reads `traceparent`, of which there must be one (section 3.2).
fn parse(headers: &HeaderMap) -> Option<([u8; 16], [u8; 8], bool)> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let mut parts = value.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let [version] = bytes(version)?;
    // A later version may have more parts; 255 is none.
    if version == u8::MAX || (version == 0 && parts.next().is_some()) {
        return None;
    }
    let (trace, parent, [flags]) = (bytes(trace)?, bytes(parent)?, bytes(flags)?);
    (trace != [0; 16] && parent != [0; 8]).then_some((trace, parent, flags & 1 == 1))
}

/// Bytes out of lower-case hexadecimal digits.
fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let pairs = digits.as_bytes().chunks_exact(2);
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (TRACEPARENT, value.parse().expect("it is a header's value"))).collect()
    }

    #[test]
    fn a_context_is_gone_on_with() {
        let sampling = Sampling { share: 0.0, callers_decide: true };
        let context = sampling.context(&headers(&[GOOD]));
        assert_eq!(context.trace_text(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.parent.map(|parent| hexadecimal(&parent)).as_deref(), Some("b7ad6b7169203331"));
        assert!(context.is_sampled);
        let mut told = headers(&[GOOD]);
        told.insert(TRACESTATE, HeaderValue::from_static("a=b"));
        context.tell(&mut told);
        let ours = format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", hexadecimal(&context.span));
        assert_eq!(told[TRACEPARENT], ours);
        assert_eq!(told[TRACESTATE], "a=b");
        // A later version may say more.
        let later = format!("01{}-more", &GOOD[2..]);
        assert!(sampling.context(&headers(&[&later])).parent.is_some());
    }

    #[test]
    fn a_malformed_context_is_made_anew() {
        let upper = GOOD.to_uppercase();
        let zero_trace = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let zero_parent = "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01";
        let more = format!("{GOOD}-00");
        let never = format!("ff{}", &GOOD[2..]);
        let cut = &GOOD[..GOOD.len() - 1];
        for values in [
            &[][..],
            &[GOOD, GOOD],
            &[upper.as_str()],
            &[zero_trace],
            &[zero_parent],
            &[more.as_str()],
            &[never.as_str()],
            &[cut],
            &["", "x"],
        ] {
            let mut headers = headers(values);
            headers.insert(TRACESTATE, HeaderValue::from_static("a=b"));
            let context = Sampling { share: 1.0, callers_decide: true }.context(&headers);
            assert_eq!((context.parent, context.is_sampled), (None, true), "{values:?}");
            context.tell(&mut headers);
            assert_eq!(headers.get_all(TRACEPARENT).iter().count(), 1);
            assert!(!headers.contains_key(TRACESTATE));
            assert!(parse(&headers).is_some());
        }
    }

    #[test]
    fn callers_decide_only_where_they_may() {
        for (share, is_sampled) in [(0.0, false), (1.0, true)] {
            let context = Sampling { share, callers_decide: false }.context(&headers(&[GOOD]));
            assert_eq!(context.is_sampled, is_sampled);
            assert_eq!(context.trace_text(), "0af7651916cd43dd8448eb211c80319c");
        }
    }

    #[test]
    fn a_share_of_traces_is_recorded() {
        let sampling = Sampling { share: 0.25, callers_decide: true };
        let sampled = (0..4000).filter(|_| sampling.context(&HeaderMap::new()).is_sampled).count();
        assert!((700..1300).contains(&sampled), "{sampled}");
    }
}
