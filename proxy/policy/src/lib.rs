//! The policy host: engine, bundle, sandbox, plan and verdict caches. No HTTP.
