//! The default policy: rules and a scope in; manifest, plans and verdicts out.
