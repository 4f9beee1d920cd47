//! placeholder
pub trait Drawable {}
