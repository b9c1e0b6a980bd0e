//! The default policy as a component, built with the host.
