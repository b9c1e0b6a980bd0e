//! A sample contact-centre API that isolates nothing.
