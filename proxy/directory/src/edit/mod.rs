//! Changing a directory: records are put in and taken away in a draft, which knows what is wrong with that.

mod draft;
mod memberships;
mod switch;

pub use draft::{Change, Draft};
