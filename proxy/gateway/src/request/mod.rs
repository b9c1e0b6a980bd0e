//! What comes from the client: the target, the head, the body.

pub(crate) mod body;
pub(crate) mod head;
pub(crate) mod id;
pub(crate) mod query;
pub(crate) mod sent;
pub(crate) mod target;
