//! The units in which quantities are held, and how a quantity is written.
//!
//! A quantity in a scenario is a string such as `"1.5 ms"`; it becomes a plain double in the
//! unit that its place calls for, or an error that names what would be accepted.

use std::fmt;

/// What a plain double is measured in. Each dimension has one canonical unit inside the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Milliseconds.
    Ms,
    /// Millivolts.
    Mv,
    /// Picoamperes.
    Pa,
    /// Picofarads.
    Pf,
    /// Nanosiemens.
    Ns,
    /// Hertz.
    Hz,
    /// A pure number.
    One,
}

/// Why a text is not a quantity of the unit asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// No number at the start.
    #[error("`{0}` does not start with a number")]
    NoNumber(String),
    /// NaN or an infinity, or beyond what a double can hold.
    #[error("`{0}` is not a finite number")]
    NotFinite(String),
    /// A number without its unit.
    #[error("`{text}` lacks its unit: {allowed}")]
    NoUnit {
        /// What was written.
        text: String,
        /// Units that are accepted.
        allowed: String,
    },
    /// A unit of another dimension, or one that does not exist.
    #[error("`{found}` is not a unit of {dimension}: {allowed}")]
    WrongUnit {
        /// The unit that was written.
        found: String,
        /// The dimension that is needed, in words.
        dimension: &'static str,
        /// Units that are accepted.
        allowed: String,
    },
}

impl Unit {
    /// The symbol of the canonical unit.
    pub const fn symbol(self) -> &'static str {
        match self {
            Unit::Ms => "ms",
            Unit::Mv => "mV",
            Unit::Pa => "pA",
            Unit::Pf => "pF",
            Unit::Ns => "nS",
            Unit::Hz => "Hz",
            Unit::One => "",
        }
    }

    /// The dimension in words.
    pub const fn dimension(self) -> &'static str {
        match self {
            Unit::Ms => "time",
            Unit::Mv => "voltage",
            Unit::Pa => "current",
            Unit::Pf => "capacitance",
            Unit::Ns => "conductance",
            Unit::Hz => "rate",
            Unit::One => "pure number",
        }
    }

    /// Units that may be written, each with the factor to the canonical one. A factor of the
    /// form 1/k is held as a divisor, so that "1500 us" is exactly 1.5 ms.
    const fn accepted(self) -> &'static [(&'static str, f64, f64)] {
        match self {
            Unit::Ms => &[
                ("ns", 1.0, 1e6),
                ("us", 1.0, 1e3),
                ("µs", 1.0, 1e3),
                ("ms", 1.0, 1.0),
                ("s", 1e3, 1.0),
                ("min", 6e4, 1.0),
            ],
            Unit::Mv => &[("uV", 1.0, 1e3), ("µV", 1.0, 1e3), ("mV", 1.0, 1.0), ("V", 1e3, 1.0)],
            Unit::Pa => &[("pA", 1.0, 1.0), ("nA", 1e3, 1.0), ("uA", 1e6, 1.0), ("µA", 1e6, 1.0)],
            Unit::Pf => &[("pF", 1.0, 1.0), ("nF", 1e3, 1.0), ("uF", 1e6, 1.0), ("µF", 1e6, 1.0)],
            Unit::Ns => &[("pS", 1.0, 1e3), ("nS", 1.0, 1.0), ("uS", 1e3, 1.0), ("µS", 1e3, 1.0)],
            Unit::Hz => &[("Hz", 1.0, 1.0), ("kHz", 1e3, 1.0), ("1/s", 1.0, 1.0)],
            Unit::One => &[("", 1.0, 1.0)],
        }
    }

    /// The accepted units as a list for messages.
    pub fn allowed(self) -> String {
        let names: Vec<_> = self.accepted().iter().map(|(name, ..)| *name).collect();
        names.join(", ")
    }

    /// Reads a quantity such as `"1.5 ms"` into the canonical unit.
    ///
    /// # Errors
    /// [`QuantityError`], which says what is allowed.
    pub fn parse(self, text: &str) -> Result<f64, QuantityError> {
        let text = text.trim();
        let (number, suffix) = split_number(text);
        let value: f64 = number.parse().map_err(|_| QuantityError::NoNumber(text.to_string()))?;
        if suffix.is_empty() && self != Unit::One {
            return Err(QuantityError::NoUnit { text: text.into(), allowed: self.allowed() });
        }
        let Some((_, factor, divisor)) = self.accepted().iter().find(|(name, ..)| *name == suffix)
        else {
            return Err(QuantityError::WrongUnit {
                found: suffix.into(),
                dimension: self.dimension(),
                allowed: self.allowed(),
            });
        };
        let canonical = value * factor / divisor;
        if canonical.is_finite() {
            Ok(canonical)
        } else {
            Err(QuantityError::NotFinite(text.to_string()))
        }
    }

    /// Writes a value with its unit, so that [`Unit::parse`] gives the same double back.
    pub fn format(self, value: f64) -> String {
        match self {
            Unit::One => format!("{value}"),
            _ => format!("{value} {}", self.symbol()),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

/// Splits "1.5e3 ms" into the number and the unit. Words such as "nan" and "inf" count as
/// numbers, so that they are reported as not finite rather than as a missing number.
fn split_number(text: &str) -> (&str, &str) {
    let head = text.split_whitespace().next().unwrap_or("");
    if head.len() < text.len() && head.parse::<f64>().is_ok() {
        return (head, text[head.len()..].trim());
    }
    // No blank between number and unit: the longest prefix that is a number.
    let end = (1..=text.len())
        .rev()
        .filter(|&end| text.is_char_boundary(end))
        .find(|&end| text[..end].parse::<f64>().is_ok())
        .unwrap_or(0);
    (&text[..end], text[end..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_exactly() {
        assert_eq!(Unit::Ms.parse("1.5 ms"), Ok(1.5));
        assert_eq!(Unit::Ms.parse("1500us"), Ok(1.5));
        assert_eq!(Unit::Ms.parse("2 s"), Ok(2000.0));
        assert_eq!(Unit::Mv.parse("-65 mV"), Ok(-65.0));
        assert_eq!(Unit::Hz.parse("20 kHz"), Ok(20_000.0));
        assert_eq!(Unit::One.parse("0.25"), Ok(0.25));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in [0.1, -65.0, 1e-9, 12_345.678_901_234_567, 2e17] {
            assert_eq!(Unit::Pa.parse(&Unit::Pa.format(value)), Ok(value));
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_is_allowed() {
        assert!(matches!(Unit::Ms.parse("1.5"), Err(QuantityError::NoUnit { .. })));
        assert!(matches!(Unit::Ms.parse("1.5 mV"), Err(QuantityError::WrongUnit { .. })));
        assert!(matches!(Unit::Ms.parse("ms"), Err(QuantityError::NoNumber(_))));
        assert!(matches!(Unit::Ms.parse(""), Err(QuantityError::NoNumber(_))));
        assert!(matches!(Unit::Ms.parse("nan ms"), Err(QuantityError::NotFinite(_))));
        assert!(matches!(Unit::Ms.parse("inf ms"), Err(QuantityError::NotFinite(_))));
        assert!(matches!(Unit::Ms.parse("1e308 s"), Err(QuantityError::NotFinite(_))));
        let message = Unit::Ms.parse("3 pA").unwrap_err().to_string();
        assert!(message.contains("time") && message.contains("ms"), "{message}");
    }
}
