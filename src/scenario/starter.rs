//! placeholder
pub fn starter() -> &'static str {
    ""
}
