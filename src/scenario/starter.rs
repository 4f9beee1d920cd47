//! The scenario that `saltatory new` writes.

/// A commented scenario that runs as it is: a small balanced network with background input.
pub fn starter() -> &'static str {
    include_str!("starter.toml")
}
