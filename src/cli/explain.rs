//! `saltatory explain`: what the code of a problem means.

use super::console::{Console, Exit, Failure};
use super::wiring;
use clap::Args;

/// What `explain` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The code, such as S001; all codes are listed without it
    code: Option<String>,
}

/// Explains one code or lists all of them.
pub fn explain(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let Some(code) = &arguments.code else {
        for code in wiring::codes() {
            let text = wiring::explain(&code).unwrap_or_default();
            // The first sentence is enough for a list.
            let first = text.split_inclusive(". ").next().unwrap_or("").trim_end();
            console.print(&format!("{code}  {first}\n"))?;
        }
        return Ok(Exit::Good);
    };
    match wiring::explain(code) {
        Some(text) => {
            console.print(&format!("{}\n", text.trim_end()))?;
            Ok(Exit::Good)
        }
        None => {
            let known = wiring::codes().join(", ");
            Err(Failure::invalid(format!("there is no code `{code}`; codes are: {known}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::Exit;

    #[test]
    fn a_code_that_does_not_exist_is_refused() {
        let (exit, out, err) = call(&["explain", "X999"]);
        assert_eq!((exit, out.as_str()), (Exit::Invalid, ""));
        assert!(err.contains("X999"), "{err}");
    }
}
