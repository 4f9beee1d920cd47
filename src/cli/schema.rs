//! `saltatory schema`: the JSON schema of scenario files, for editors.

use super::console::{Console, Exit, Failure};
use super::wiring;

/// Prints the schema.
pub fn schema(console: &mut Console<'_>) -> Result<Exit, Failure> {
    console.print_json(&wiring::schema())?;
    Ok(Exit::Good)
}
