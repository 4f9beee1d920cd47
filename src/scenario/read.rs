//! Reading single values: tables, texts, numbers and quantities, each with its key path.

use super::codes::Code;
use super::files::ReadFile;
use super::problem::{Findings, list_of, nearest, shorten};
use super::tree::{Entry, Node, Value};
use crate::base::unit::QuantityError;
use crate::base::{Resolution, Span, Tick, Unit};

/// Reads values and collects what is wrong with them.
///
/// A method that returns `None` has reported why; the caller goes on with whatever else there is
/// to be read, so that one run finds all problems.
pub(super) struct Reader<'r> {
    pub files: &'r dyn ReadFile,
    pub findings: Findings,
    pub grid: Resolution,
}

/// A value with its key path.
#[derive(Clone)]
pub(super) struct At<'n> {
    pub node: &'n Node,
    pub path: String,
}

/// A table whose keys are known to be valid.
#[derive(Clone)]
pub(super) struct Fields<'n> {
    entries: &'n [Entry],
    pub path: String,
}

/// Path of `key` below `path`.
pub(super) fn below(path: &str, key: impl std::fmt::Display) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}

impl<'n> Fields<'n> {
    /// The value of a key, if it is there.
    pub fn find(&self, key: &str) -> Option<At<'n>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(At { node: &entry.node, path: below(&self.path, key) })
    }

    /// All keys with their values, in the order of the file.
    pub fn all(&self) -> impl Iterator<Item = (&'n str, At<'n>)> {
        let path = self.path.clone();
        self.entries.iter().map(move |entry| {
            let path = below(&path, &entry.key);
            (entry.key.as_str(), At { node: &entry.node, path })
        })
    }
}

impl<'n> At<'n> {
    /// Whether the value is a table that holds `key`.
    pub fn has(&self, key: &str) -> bool {
        match &self.node.value {
            Value::Table(entries) => entries.iter().any(|entry| entry.key == key),
            _ => false,
        }
    }

    pub fn is_table(&self) -> bool {
        matches!(self.node.value, Value::Table(_))
    }

    pub fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }
}

impl Reader<'_> {
    fn wrong_type(&mut self, at: &At<'_>, allowed: &str) {
        let found = format!("found {}", at.node.describe());
        self.findings.add(Code::WrongType, &at.path, found, allowed);
    }

    /// A table with any keys.
    pub fn open_table<'n>(&mut self, at: &At<'n>, allowed: &str) -> Option<Fields<'n>> {
        match &at.node.value {
            Value::Table(entries) => Some(Fields { entries, path: at.path.clone() }),
            _ => {
                self.wrong_type(at, allowed);
                None
            }
        }
    }

    /// A table with these keys and no others.
    pub fn table<'n>(&mut self, at: &At<'n>, keys: &[&str]) -> Option<Fields<'n>> {
        let allowed = format!("a table with the keys {}", list_of(keys));
        let fields = self.open_table(at, &allowed)?;
        for entry in fields.entries {
            if !keys.contains(&entry.key.as_str()) {
                self.unknown(Code::UnknownKey, &fields.path, &entry.key, "key", keys);
            }
        }
        Some(fields)
    }

    /// Reports a key that is not one of `valid`.
    pub fn unknown(&mut self, code: Code, path: &str, key: &str, what: &str, valid: &[&str]) {
        let help = nearest(key, valid).map(|near| format!("did you mean `{near}`?"));
        let found = format!("there is no {what} `{}`", shorten(key));
        let finding = self.findings.add(code, &below(path, key), found, list_of(valid));
        finding.help = help;
        finding.on_key = true;
    }

    /// The value of a key that must be there.
    pub fn required<'n>(&mut self, fields: &Fields<'n>, key: &str, what: &str) -> Option<At<'n>> {
        let value = fields.find(key);
        if value.is_none() {
            let found = format!("`{key}` is missing");
            self.findings.add(Code::MissingKey, &fields.path, found, format!("{key} = {what}"));
        }
        value
    }

    /// The items of a list.
    pub fn list<'n>(&mut self, at: &At<'n>, allowed: &str) -> Option<Vec<At<'n>>> {
        let Value::List(nodes) = &at.node.value else {
            self.wrong_type(at, allowed);
            return None;
        };
        let item = |(index, node)| At { node, path: below(&at.path, index) };
        Some(nodes.iter().enumerate().map(item).collect())
    }

    /// The two items of a pair.
    pub fn pair<'n>(&mut self, at: &At<'n>, allowed: &str) -> Option<[At<'n>; 2]> {
        let items = self.list(at, allowed)?;
        let count = items.len();
        match <[At<'n>; 2]>::try_from(items) {
            Ok(pair) => Some(pair),
            Err(_) => {
                let found = format!("found a list of {count}");
                self.findings.add(Code::WrongCount, &at.path, found, allowed);
                None
            }
        }
    }

    /// A text.
    pub fn text<'n>(&mut self, at: &At<'n>, allowed: &str) -> Option<&'n str> {
        match &at.node.value {
            Value::Text(text) => Some(text),
            _ => {
                self.wrong_type(at, allowed);
                None
            }
        }
    }

    /// One of some words.
    pub fn word<'n>(&mut self, at: &At<'n>, what: &str, words: &[&str]) -> Option<&'n str> {
        let text = self.text(at, &list_of(words))?;
        if !words.contains(&text) {
            self.findings.add_name(Code::UnknownRule, &at.path, what, text, words);
            return None;
        }
        Some(text)
    }

    /// True or false.
    pub fn boolean(&mut self, at: &At<'_>) -> Option<bool> {
        match at.node.value {
            Value::Boolean(boolean) => Some(boolean),
            _ => {
                self.wrong_type(at, "true or false");
                None
            }
        }
    }

    /// A whole number in a range.
    pub fn integer(&mut self, at: &At<'_>, low: u64, high: u64) -> Option<u64> {
        let allowed = format!("a whole number from {low} to {high}");
        let Value::Integer(integer) = at.node.value else {
            self.wrong_type(at, &allowed);
            return None;
        };
        let value = u64::try_from(integer).ok().filter(|value| (low..=high).contains(value));
        if value.is_none() {
            let found = format!("found {}", at.node.describe());
            self.findings.add(Code::OutOfRange, &at.path, found, allowed);
        }
        value
    }

    /// A finite number.
    pub fn number(&mut self, at: &At<'_>) -> Option<f64> {
        let value = match at.node.value {
            Value::Integer(integer) => integer as f64,
            Value::Float(float) => float,
            _ => {
                self.wrong_type(at, "a number");
                return None;
            }
        };
        if !value.is_finite() {
            let found = format!("found {}", at.node.describe());
            self.findings.add(Code::NotFinite, &at.path, found, "a finite number");
            return None;
        }
        Some(value)
    }

    /// A quantity in its canonical unit: a text with a unit, or a plain number for pure numbers.
    pub fn quantity(&mut self, at: &At<'_>, unit: Unit) -> Option<f64> {
        if unit == Unit::One {
            return self.number(at);
        }
        let text = match &at.node.value {
            Value::Text(text) => text,
            Value::Integer(_) | Value::Float(_) => {
                let number = at.node.describe();
                let number = number.trim_matches('`');
                let found = format!("`{number}` lacks its unit");
                let allowed = format!("a {} in {}", unit.dimension(), unit.allowed());
                let finding = self.findings.add(Code::NotAQuantity, &at.path, found, allowed);
                finding.help = Some(format!("perhaps \"{number} {}\"", unit.symbol()));
                return None;
            }
            _ => {
                let example = format!("a {} such as \"1 {}\"", unit.dimension(), unit.symbol());
                self.wrong_type(at, &example);
                return None;
            }
        };
        match unit.parse(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.no_quantity(&at.path, text, unit, &error);
                None
            }
        }
    }

    fn no_quantity(&mut self, path: &str, text: &str, unit: Unit, error: &QuantityError) {
        let dimension = unit.dimension();
        let text = shorten(text);
        let (code, found) = match error {
            QuantityError::NoNumber(_) => {
                (Code::NotAQuantity, format!("\"{text}\" does not start with a number"))
            }
            QuantityError::NotFinite(_) => {
                (Code::NotFinite, format!("\"{text}\" is not a finite number"))
            }
            QuantityError::NoUnit { .. } => {
                (Code::NotAQuantity, format!("\"{text}\" lacks its unit"))
            }
            QuantityError::WrongUnit { found, .. } => {
                (Code::NotAQuantity, format!("`{}` is not a unit of {dimension}", shorten(found)))
            }
        };
        let allowed = format!("a {dimension} in {}", unit.allowed());
        self.findings.add(code, path, found, allowed);
    }

    /// A span of time in ticks. Whole nanoseconds are exact, whatever their number.
    pub fn span(&mut self, at: &At<'_>) -> Option<Span> {
        let ms = self.quantity(at, Unit::Ms)?;
        let whole = match &at.node.value {
            Value::Text(text) => text.trim().strip_suffix("ns").and_then(|n| n.trim().parse().ok()),
            _ => None,
        };
        let span = whole.map(Span).filter(|span| span.0 <= Tick::MAX.0).or(Span::from_ms(ms));
        if span.is_none() {
            let found = format!("found {}", at.node.describe());
            let allowed = format!("a time from 0 to {} ms", Tick::MAX.ms());
            self.findings.add(Code::Time, &at.path, found, allowed);
        }
        span
    }

    /// The bytes of a file that the scenario names.
    pub fn file(&mut self, at: &At<'_>) -> Option<(String, Vec<u8>)> {
        let name = self.text(at, "the name of a .csv or .npz file")?;
        match self.files.read(name) {
            Ok(bytes) => Some((name.to_string(), bytes)),
            Err(error) => {
                let found = format!("cannot read \"{}\": {error}", shorten(name));
                self.findings.add(Code::Unreadable, &at.path, found, "a file that can be read");
                None
            }
        }
    }
}
