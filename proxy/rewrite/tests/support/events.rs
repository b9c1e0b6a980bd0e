//! A parser of event streams as a browser has it (WHATWG HTML, "Interpreting an event stream"), over a whole text.

use serde_json::Value;

/// An event as it is dispatched.
#[derive(Debug, PartialEq)]
pub struct Sent {
    pub event: Option<String>,
    /// The id that stood in the event itself.
    pub id: Option<String>,
    pub data: Value,
}

/// The events of a stream, whose data must be JSON.
pub fn parse(stream: &str) -> Vec<Sent> {
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream);
    let mut events = Vec::new();
    let (mut data, mut event, mut id) = (String::new(), None, None);
    for line in stream.replace("\r\n", "\n").replace('\r', "\n").split_inclusive('\n') {
        // What the stream ends in is not taken for a line.
        let Some(line) = line.strip_suffix('\n') else { break };
        if line.is_empty() {
            if let Some(text) = data.strip_suffix('\n') {
                let data = serde_json::from_str(text).unwrap();
                events.push(Sent { event: event.take(), id: id.take(), data });
            }
            data.clear();
            (event, id) = (None, None);
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match name {
            "data" => data.extend([&*value, "\n"]),
            "event" => event = Some(value).filter(|value| !value.is_empty()),
            "id" if !value.contains('\0') => id = Some(value),
            _ => {}
        }
    }
    events
}
