//! The data plane: listen, TLS, identity, the stack of layers, the backend.
