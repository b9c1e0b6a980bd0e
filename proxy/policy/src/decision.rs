//! What a policy is shown of a request, and what it makes of it.

/// A request before it goes to the backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Upper-case method as it will reach the backend.
    pub method: String,
    /// Names of the query parameters present, decoded, sorted, without duplicates.
    pub query: Vec<String>,
    /// Values of the parameters that the route decides on, in the manifest's order; absent ones left out, repeated
    /// ones repeated.
    pub values: Vec<(String, String)>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes to the backend.
    Forward(QueryEdits),
    /// It goes to the backend if the caller may see a certain record.
    ForwardIf(Condition),
    /// It does not.
    Refuse(Refusal),
}

/// What is changed in a request's query before the backend sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryEdits {
    /// Names and values that replace what the caller sent.
    pub set: Vec<(String, String)>,
    /// Names taken out.
    pub remove: Vec<String>,
}

/// Forward only if the probe finds a record that the caller may see; otherwise the answer is the one for a missing
/// record (H36).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What is asked first.
    pub probe: Probe,
    /// What is changed in the query of the request at hand.
    pub query: QueryEdits,
}

/// A GET request that is made first. Its plan is known to have a sole set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Index of its route in the manifest; the route allows GET.
    pub route: usize,
    /// Each path parameter of its route, and the path or query parameter of the request at hand that fills it.
    pub bindings: Vec<(String, String)>,
}

/// Why a request is not forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 400 to 499.
    pub status: u16,
    /// A stable word for programs, such as `parameter-not-allowed`: lower-case ASCII letters, digits and hyphens, at
    /// most 64.
    pub code: String,
    /// For people, at most 1 KiB, without control characters.
    pub detail: String,
}
