//! Every key of the base scenario is replaced by nonsense of every kind. Nothing may panic; what
//! is refused has a line and a column; what cannot be legal anywhere is refused.

use super::super::problem::Findings;
use super::super::tree::{self, Node, Value};
use super::{BASE, read};
use crate::scenario::Source;
use std::ops::Range;

/// Never legal, whatever the key.
const NONSENSE: &[&str] = &[
    "nan",
    "inf",
    "-inf",
    "-1",
    "-1.5",
    "1e308",
    "1e999",
    "99999999999999999999999999999999999999999999",
    "1979-05-27T07:32:00Z",
    "[[[]]]",
    "[nan]",
    "{ nonsense = 1 }",
    "\"1 parsec\"",
    "\"nan mV\"",
    "\"1e308 s\"",
    "\"-1 kHz\"",
    "\"1e300 pA\"",
    "\"nobody\"",
];

/// Legal for some keys.
const STRANGE: &[&str] =
    &["0", "1", "0.0", "\"\"", "true", "[]", "{}", "\"0 ms\"", "\"-1 ms\"", "\"0 mV\"", "\"1 ns\""];

/// The places of all values below a node, innermost last; whether each is an inline value.
fn values(node: &Node, out: &mut Vec<(Range<usize>, bool)>) {
    let span = node.place.span.clone();
    // Tables that are opened by a header have the header's place.
    let header = BASE[span.clone()].starts_with('[') && matches!(node.value, Value::Table(_));
    if !header && !span.is_empty() {
        let scalar = !matches!(node.value, Value::Table(_) | Value::List(_));
        if !BASE[span.clone()].starts_with("[[p") {
            out.push((span, scalar));
        }
    }
    match &node.value {
        Value::Table(entries) => entries.iter().for_each(|entry| values(&entry.node, out)),
        Value::List(list) => list.iter().for_each(|item| values(item, out)),
        _ => {}
    }
}

fn keys(node: &Node, out: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Table(entries) => entries.iter().for_each(|entry| {
            out.push(entry.key_place.span.clone());
            keys(&entry.node, out);
        }),
        Value::List(list) => list.iter().for_each(|item| keys(item, out)),
        _ => {}
    }
}

fn base() -> Node {
    tree::parse(&Source::new("base", BASE), &mut Findings::default()).expect("TOML")
}

fn replaced(span: &Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &BASE[..span.start], &BASE[span.end..])
}

/// Reads a text; gives whether it was accepted.
fn accepted(text: &str) -> bool {
    match read(text) {
        Ok(scenario) => {
            assert_eq!(scenario.validate(), Ok(()), "{text}");
            true
        }
        Err(problems) => {
            assert!(!problems.0.is_empty() && !problems.render(false).is_empty());
            for problem in &problems.0 {
                assert!(problem.line > 0 && problem.column > 0, "{problem}\n{text}");
                assert!(!problem.message().is_empty());
            }
            false
        }
    }
}

#[test]
fn nonsense_is_refused_everywhere() {
    let mut places = Vec::new();
    values(&base(), &mut places);
    assert!(places.len() > 150, "{}", places.len());
    let (mut strange, mut wrong) = (0, Vec::new());
    for (span, _) in &places {
        let old = &BASE[span.clone()];
        for by in NONSENSE {
            let title = old.starts_with("\"All") && by.starts_with('"');
            let weight_scale = old == "2.0" && by.starts_with("-1");
            if accepted(&replaced(span, by)) != (title || weight_scale) {
                wrong.push(format!("{old} -> {by}"));
            }
        }
        strange += STRANGE.iter().filter(|by| accepted(&replaced(span, by))).count();
    }
    assert_eq!(wrong, [] as [String; 0]);
    // Some strange values are legal: a mean of "0 mV", seed 0, an empty list of spikes.
    assert!(strange > 20, "{strange}");
}

#[test]
fn keys_misspelt_doubled_or_missing_are_refused() {
    let mut places = Vec::new();
    keys(&base(), &mut places);
    for span in places {
        let key = &BASE[span.clone()];
        let misspelt = format!("{key}_x");
        // The name of a population may be anything, but then nobody finds it.
        accepted(&replaced(&span, &misspelt));
        if BASE[span.end..].starts_with(" = ") {
            let unknown = replaced(&span, &format!("{key}_x"));
            assert!(!accepted(&unknown), "{misspelt}");
            let doubled = replaced(&span, &format!("{key}_x = 1, {key}"));
            assert!(!accepted(&doubled), "{key}");
        }
    }
    for (index, line) in BASE.lines().enumerate() {
        let without: Vec<&str> =
            BASE.lines().enumerate().filter(|(i, _)| *i != index).map(|(_, l)| l).collect();
        accepted(&without.join("\n"));
        if line.contains(" = ") {
            let twice = BASE.replacen(line, &format!("{line}\n{line}"), 1);
            assert!(!accepted(&twice), "{line}");
        }
    }
}

#[test]
fn broken_texts_do_no_harm() {
    for end in (0..BASE.len()).step_by(7) {
        accepted(&BASE[..end]);
    }
    // Each byte in turn becomes another one, by a fixed pattern.
    for (at, by) in (0..BASE.len())
        .step_by(5)
        .zip(["\"", "{", "]", "\u{0}", "é", "9", "=", "\n"].iter().cycle())
    {
        accepted(&replaced(&(at..at + 1), by));
    }
}
