//! Every place of a TOML text at which something can be wrong, and texts that are wrong there.

use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value of a text, with its key if it has one.
#[derive(Clone, Debug)]
pub struct Site {
    /// Dotted path, as `--set` and messages write it.
    pub path: String,
    /// Bytes of the key.
    key: Option<Range<usize>>,
    /// Bytes of the value.
    value: Range<usize>,
    /// Whether the value stands there as one piece; tables under a heading do not.
    pub is_one_piece: bool,
    /// Whether the key stands between braces.
    is_inline: bool,
}

/// A text with one thing changed.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// What was done, for messages.
    pub what: String,
    /// The new text.
    pub text: String,
    /// The line of the change, from 1.
    pub line: usize,
}

/// All sites of a text. Of lists the first two items and the last stand for
/// all, of long ones the first and the last.
pub fn sites(text: &str) -> Vec<Site> {
    let table = DeTable::parse(text).expect("shipped scenarios are TOML");
    let mut sites = Vec::new();
    table_sites(text, table.get_ref(), "", false, &mut sites);
    sites
}

fn table_sites(text: &str, table: &DeTable, path: &str, is_inline: bool, sites: &mut Vec<Site>) {
    for (key, value) in table.iter() {
        let below = if path.is_empty() { "".into() } else { format!("{path}.") };
        let path = format!("{below}{}", key.get_ref());
        value_sites(text, value, path, Some(key.span()), is_inline, sites);
    }
}

fn value_sites(
    text: &str,
    value: &Spanned<DeValue>,
    path: String,
    key: Option<Range<usize>>,
    is_inline: bool,
    sites: &mut Vec<Site>,
) {
    let span = value.span();
    let is_one_piece = text.get(span.clone()).is_some_and(|piece| DeValue::parse(piece).is_ok());
    sites.push(Site { path: path.clone(), key, value: span, is_one_piece, is_inline });
    match value.get_ref() {
        DeValue::Table(table) => table_sites(text, table, &path, is_one_piece, sites),
        DeValue::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                if index + 1 == list.len() || index < if list.len() > 10 { 1 } else { 2 } {
                    value_sites(text, item, format!("{path}.{index}"), None, is_inline, sites);
                }
            }
        }
        _ => {}
    }
}

impl Site {
    /// The text with another value here.
    pub fn replaced(&self, text: &str, value: &str) -> Mutation {
        let what = format!("{} = {value}", self.path);
        self.mutation(text, what, self.value.clone(), value)
    }

    /// The text without this key or item.
    pub fn missing(&self, text: &str) -> Mutation {
        let mut range = self.key.clone().unwrap_or(self.value.clone()).start..self.value.end;
        let after = text[range.end..].trim_start();
        if after.starts_with(',') {
            range.end = text.len() - after.len() + 1;
        } else if text[..range.start].trim_end().ends_with(',') {
            range.start = text[..range.start].trim_end().len() - 1;
        }
        self.mutation(text, format!("no {}", self.path), range, "")
    }

    /// The text with the key here named otherwise, twice, and joined by one that nobody knows;
    /// each of them is wrong.
    pub fn wrong_keys(&self, text: &str) -> Vec<Mutation> {
        let Some(key) = self.key.clone().filter(|_| self.is_one_piece) else { return Vec::new() };
        let path = &self.path;
        let separator = if self.is_inline { ", " } else { "\n" };
        let entry = &text[key.start..self.value.end];
        let twice = format!("{entry}{separator}{entry}");
        let extra = format!("{entry}{separator}no_such_key = 1");
        let whole = key.start..self.value.end;
        vec![
            self.mutation(text, format!("{path} twice"), whole.clone(), &twice),
            self.mutation(text, format!("no_such_key beside {path}"), whole, &extra),
        ]
    }

    /// The text with the key here named otherwise; not wrong for names of populations.
    pub fn renamed(&self, text: &str) -> Option<Mutation> {
        let key = self.key.clone()?;
        let name = format!("{}_x", &text[key.clone()]);
        self.is_one_piece
            .then(|| self.mutation(text, format!("{} renamed {name}", self.path), key, &name))
    }

    fn mutation(&self, text: &str, what: String, range: Range<usize>, with: &str) -> Mutation {
        let line = 1 + text[..range.start].matches('\n').count();
        let text = format!("{}{with}{}", &text[..range.start], &text[range.end..]);
        Mutation { what, text, line }
    }
}
