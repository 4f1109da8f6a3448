//! What the server of a gatekeeper runs: validate, order, fan out, hand out key packages. It cannot read content.
