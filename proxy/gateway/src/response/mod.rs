//! What comes from the backend: its head, its headers, its content coding, its body.

pub(crate) mod check;
pub(crate) mod coding;
pub(crate) mod gathered;
pub(crate) mod headers;
pub(crate) mod held;
pub(crate) mod source;
