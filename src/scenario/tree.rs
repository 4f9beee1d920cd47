//! A scenario file as a tree of values, each with its place; and how `--set` changes it.

use super::codes::Code;
use super::problem::{Finding, Findings, Problem, shorten};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A text and the name under which problems report it.
#[derive(Clone, Debug)]
pub struct Source {
    /// A file name.
    pub name: String,
    /// What it holds.
    pub text: String,
}

impl Source {
    /// A text with its name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into() }
    }
}

/// One `--set path=value`, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override(pub String);

impl From<&str> for Override {
    fn from(text: &str) -> Override {
        Override(text.to_string())
    }
}

/// Bytes of one of the sources: 0 is the file, the overrides follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub source: usize,
    pub span: Range<usize>,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    /// Integers beyond 128 bits are held as the largest.
    Integer(i128),
    Float(f64),
    Boolean(bool),
    /// A date or a time, which no key takes.
    Date(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table with its value. Entries stand in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub key_place: Place,
    pub node: Node,
}

impl Node {
    fn from_toml(value: &Spanned<DeValue<'_>>, source: usize, offset: usize) -> Node {
        let span = value.span();
        let place = Place { source, span: span.start + offset..span.end + offset };
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(integer) => Value::Integer(
                i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX),
            ),
            DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(date) => Value::Date(date.to_string()),
            DeValue::Array(list) => {
                Value::List(list.iter().map(|n| Node::from_toml(n, source, offset)).collect())
            }
            DeValue::Table(table) => Value::Table(entries(table, source, offset)),
        };
        Node { place, value }
    }

    /// A value written in TOML, or a bare word or quantity such as `2 s`.
    pub fn from_text(text: &str, source: usize, offset: usize) -> Result<Node, (String, usize)> {
        match DeValue::parse(text) {
            Ok(value) => Ok(Node::from_toml(&value, source, offset)),
            // What opens with a bracket or a quotation mark was meant as TOML.
            Err(error) if text.starts_with(['[', '{', '"', '\'']) => {
                let at = error.span().map_or(0, |span| span.start);
                Err((error.message().to_string(), at + offset))
            }
            Err(_) => Ok(Node {
                place: Place { source, span: offset..offset + text.len() },
                value: Value::Text(text.to_string()),
            }),
        }
    }

    /// The value as messages show it.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("\"{}\"", shorten(text)),
            Value::Integer(integer) => format!("`{integer}`"),
            Value::Float(float) => format!("`{float:?}`"),
            Value::Boolean(boolean) => format!("`{boolean}`"),
            Value::Date(date) => format!("the date `{date}`"),
            Value::List(_) => "a list".to_string(),
            Value::Table(_) => "a table".to_string(),
        }
    }

    /// The place of a key path, or of its nearest ancestor that exists.
    pub fn locate(&self, path: &str, on_key: bool) -> Place {
        let (first, rest) = match &self.value {
            Value::List(list) => {
                let (head, rest) = path.split_once('.').unwrap_or((path, ""));
                // `x = [...]` stands for `x = { values = [...] }` where either may be.
                if head == "values" {
                    return self.locate(rest, on_key);
                }
                (head.parse::<usize>().ok().and_then(|i| list.get(i)).map(|n| (n, n)), rest)
            }
            Value::Table(entries) => {
                // Keys that must be refused may hold dots themselves, so they are compared whole.
                let found = entries.iter().find_map(|entry| {
                    let rest = path.strip_prefix(entry.key.as_str())?;
                    let rest = if rest.is_empty() { rest } else { rest.strip_prefix('.')? };
                    (!path.is_empty()).then_some((entry, rest))
                });
                match found {
                    Some((entry, "")) if on_key => return entry.key_place.clone(),
                    Some((entry, rest)) => (Some((&entry.node, &entry.node)), rest),
                    None => (None, ""),
                }
            }
            _ => (None, ""),
        };
        match first {
            Some((node, _)) => node.locate(rest, on_key),
            None => self.place.clone(),
        }
    }
}

fn entries(table: &DeTable<'_>, source: usize, offset: usize) -> Vec<Entry> {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_place: Place { source, span: key.span().start + offset..key.span().end + offset },
            node: Node::from_toml(value, source, offset),
        })
        .collect();
    // The table hands its keys out in alphabetical order.
    entries.sort_by_key(|entry| entry.key_place.span.start);
    entries
}

/// Reads a whole file. Duplicate keys leave a usable tree; other errors of syntax do not.
pub(super) fn parse(source: &Source, findings: &mut Findings) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let mut usable = true;
    for error in errors {
        let duplicate = error.message().starts_with("duplicate key");
        usable &= duplicate;
        let (code, allowed) = match duplicate {
            true => (Code::DuplicateKey, "each key once"),
            false => (Code::Syntax, "TOML, see https://toml.io"),
        };
        let end = source.text.len();
        let span = error.span().unwrap_or(end..end);
        let mut found = error.message().to_string();
        if duplicate && let Some(key) = source.text.get(span.clone()) {
            found = format!("`{}` is given twice", key.trim());
        }
        let finding = finding(code, "", found, allowed);
        findings.placed.push(Problem::at(finding, &source.name, &source.text, span));
    }
    usable.then(|| Node {
        place: Place { source: 0, span: 0..0 },
        value: Value::Table(entries(table.get_ref(), 0, 0)),
    })
}

fn finding(code: Code, path: &str, found: String, allowed: &str) -> Finding {
    let (path, allowed) = (path.to_string(), allowed.to_string());
    Finding { code, path, found, allowed, help: None, on_key: false }
}

/// The name under which problems in overrides are reported.
pub(super) const OVERRIDE_FILE: &str = "--set";

/// Changes the tree as one override says; `source` is the override's number among the sources.
pub(super) fn apply(root: &mut Node, text: &str, source: usize, findings: &mut Findings) {
    let mut refuse = |found: String, allowed: &str, span: Range<usize>| {
        let finding = finding(Code::Override, "", found, allowed);
        findings.placed.push(Problem::at(finding, OVERRIDE_FILE, text, span));
    };
    let Some(equals) = text.find('=') else {
        return refuse("there is no `=`".to_string(), "path=value", 0..text.len());
    };
    let path = text[..equals].trim();
    if path.is_empty() || path.split('.').any(|key| key.trim().is_empty()) {
        let found = "the path has an empty part".to_string();
        return refuse(found, "names and numbers with dots between them", 0..equals);
    }
    let value = text[equals + 1..].trim();
    let offset = text.len() - text[equals + 1..].trim_start().len();
    let node = match Node::from_text(value, source, offset.min(text.len())) {
        Ok(node) => node,
        Err((message, at)) => return refuse(message, "a TOML value", at..text.len()),
    };
    let key_place = Place { source, span: 0..equals };
    let keys: Vec<&str> = path.split('.').map(str::trim).collect();
    if let Err((found, allowed)) = set(root, &keys, &key_place, node) {
        refuse(found, &allowed, 0..equals);
    }
}

/// Puts `value` where `keys` lead, making tables that are missing.
fn set(node: &mut Node, keys: &[&str], place: &Place, value: Node) -> Result<(), (String, String)> {
    let Some((key, rest)) = keys.split_first() else {
        *node = value;
        return Ok(());
    };
    let description = node.describe();
    match &mut node.value {
        Value::Table(entries) => {
            let index = entries.iter().position(|entry| entry.key == *key).unwrap_or_else(|| {
                let node = Node { place: place.clone(), value: Value::Table(Vec::new()) };
                let key = key.to_string();
                entries.push(Entry { key, key_place: place.clone(), node });
                entries.len() - 1
            });
            if rest.is_empty() {
                entries[index].key_place = place.clone();
            }
            set(&mut entries[index].node, rest, place, value)
        }
        Value::List(list) => {
            let count = list.len();
            match key.parse::<usize>().ok().and_then(|index| list.get_mut(index)) {
                Some(item) => set(item, rest, place, value),
                None => {
                    let allowed = match count {
                        0 => "nothing, the list is empty".to_string(),
                        _ => format!("a number from 0 to {}", count - 1),
                    };
                    Err((format!("`{key}` is not an item of the list"), allowed))
                }
            }
        }
        _ => Err((
            format!("`{key}` lies below {description}"),
            "a path through tables and lists".to_string(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        parse(&Source::new("f", text), &mut Findings::default()).expect("TOML")
    }

    #[test]
    fn entries_keep_the_order_of_the_file() {
        let root = tree("[p.b]\nx = 1\n[p.a]\nx = 2\n");
        let Value::Table(top) = &root.value else { panic!() };
        let Value::Table(p) = &top[0].node.value else { panic!() };
        assert_eq!([p[0].key.as_str(), p[1].key.as_str()], ["b", "a"]);
        assert_eq!(root.locate("p.a.x", false).span, 22..23);
        assert_eq!(root.locate("p.a.x", true).span, 18..19);
    }

    #[test]
    fn overrides_set_add_and_refuse() {
        let mut root = tree("a = 1\n[[l]]\nb = 1\n");
        let mut findings = Findings::default();
        for text in ["a=2 s", "l.0.b = [1, 2]", "new.key=x"] {
            apply(&mut root, text, 1, &mut findings);
        }
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(root.locate("new.key", false), Place { source: 1, span: 8..9 });
        assert_eq!(root.locate("l.0.b.1", false), Place { source: 1, span: 12..13 });
        for text in ["", "=", "a", ".=1", "l.1.b=2", "l.x=2", "a.b.c=1", "a={", "a=\"x"] {
            let mut findings = Findings::default();
            apply(&mut root, text, 1, &mut findings);
            assert_eq!(findings.placed.len(), 1, "{text}");
            assert_eq!(findings.placed[0].code, Code::Override, "{text}");
        }
    }
}
