//! Bodies on their way through the editor.

pub(crate) mod body;
pub(crate) mod observed;
