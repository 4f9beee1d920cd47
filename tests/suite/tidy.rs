//! The rules between rooms, kept by a test instead of by memory.
//!
//! Promise: imports point the way ARCHITECTURE.md draws them; nothing that reaches a result uses
//! the platform's transcendental functions or the order of a hash map; every model file is
//! registered. Method: reading the sources as text. Tests inside the files are looked at by the rule
//! on mathematics only: an expectation whose bits depend on the platform is none.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may import.
const ARROWS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("memory", &[]),
    ("queue", &["base"]),
    ("neuron", &["base"]),
    ("plasticity", &["base", "neuron"]),
    ("synapse", &["base", "memory"]),
    ("record", &["base"]),
    ("scenario", &["base", "neuron", "plasticity", "synapse"]),
    ("source", &["base", "neuron", "record", "scenario"]),
    ("network", &["base", "neuron", "scenario", "synapse"]),
    (
        "engine",
        &[
            "base",
            "memory",
            "network",
            "neuron",
            "plasticity",
            "queue",
            "record",
            "scenario",
            "source",
            "synapse",
        ],
    ),
    ("analysis", &["base", "network", "neuron", "plasticity", "scenario"]),
    ("reference", &["base", "neuron"]),
    ("output", &["base", "network", "neuron", "record", "scenario"]),
    ("bench", &["base", "engine", "network", "output", "record", "scenario", "source", "synapse"]),
];

/// Rooms in which every number may reach a result, or what a result is held against.
const RESULT_ROOMS: &[&str] = &[
    "base",
    "queue",
    "neuron",
    "plasticity",
    "synapse",
    "source",
    "network",
    "engine",
    "scenario",
    "reference",
];

/// Methods of f64 whose bits depend on the platform.
const PLATFORM_MATH: &[&str] = &[
    "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10", "powf", "sin", "cos", "tan",
    "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "atanh", "cbrt", "hypot", "mul_add",
];

fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut found);
    assert!(!found.is_empty(), "the room {room} is empty or gone: update this test");
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("the source folder can be read") {
        let path = entry.expect("its entries, too").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).expect("sources are text");
            found.push((path, text));
        }
    }
}

/// The part of a file that is not its tests, with comments taken out.
fn code(text: &str) -> String {
    without_comments(&text[..text.find("#[cfg(test)]").unwrap_or(text.len())])
}

fn without_comments(text: &str) -> String {
    let without_comment = |line: &str| line.split("//").next().unwrap_or("").to_string();
    text.lines().map(without_comment).collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_follow_the_arrows() {
    let mut wrong = Vec::new();
    for (room, allowed) in ARROWS {
        for (path, text) in sources(room) {
            let text = code(&text);
            for (place, _) in text.match_indices("crate::") {
                let rest = &text[place + "crate::".len()..];
                let name: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let known = ARROWS.iter().any(|(other, _)| *other == name) || name == "cli";
                if known && name != *room && !allowed.contains(&name.as_str()) {
                    wrong.push(format!("{}: {room} imports {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn results_use_portable_mathematics_only() {
    let mut wrong = Vec::new();
    for room in RESULT_ROOMS {
        for (path, text) in sources(room) {
            for (number, line) in without_comments(&text).lines().enumerate() {
                let platform =
                    PLATFORM_MATH.iter().find(|name| line.contains(&format!(".{name}(")));
                if let Some(name) = platform {
                    wrong.push(format!("{}:{}: .{name}()", path.display(), number + 1));
                }
                if line.contains("f64::exp") || line.contains("f64::ln") {
                    wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "use base::math instead:\n{}", wrong.join("\n"));
}

#[test]
fn no_order_is_taken_from_a_hash_map() {
    let mut wrong = Vec::new();
    for room in RESULT_ROOMS {
        for (path, text) in sources(room) {
            if code(&text).contains("HashMap") || code(&text).contains("HashSet") {
                wrong.push(path.display().to_string());
            }
        }
    }
    assert!(wrong.is_empty(), "sorted vectors or BTreeMap instead:\n{}", wrong.join("\n"));
}

#[test]
fn the_engine_knows_no_clock_file_or_text() {
    for (path, text) in sources("engine") {
        for banned in ["std::time", "std::fs", "std::io", "std::env", "println!", "eprintln!"] {
            assert!(!code(&text).contains(banned), "{} uses {banned}", path.display());
        }
    }
}

#[test]
fn unsafe_stays_in_its_room() {
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    for (path, text) in found {
        let inside = path.components().any(|part| part.as_os_str() == "memory");
        let has = without_comments(&text).contains("unsafe");
        assert!(inside || !has, "{} holds unsafe code: move it to src/memory", path.display());
    }
}

#[test]
fn every_model_file_is_registered() {
    for (path, text) in sources("neuron") {
        let is_model = ["impl Dynamics for", "impl Thinned for"].iter().any(|i| text.contains(i));
        let stem = path.file_stem().and_then(|s| s.to_str()).expect("file names are text");
        if is_model && !stem.starts_with("conformance") && !stem.starts_with("test") {
            assert!(saltatory::neuron::find(stem).is_some(), "{stem} is not in the registry");
        }
    }
}

#[test]
fn every_rule_file_is_registered() {
    for (path, text) in sources("plasticity") {
        let is_rule = code(&text).contains("impl Rule for");
        let stem = path.file_stem().and_then(|s| s.to_str()).expect("file names are text");
        if is_rule {
            assert!(saltatory::plasticity::find(stem).is_some(), "{stem} is not in the registry");
        }
    }
}

#[test]
fn files_stay_small_enough_to_have_one_question() {
    let mut wrong = Vec::new();
    for (room, _) in ARROWS.iter().chain(&[("cli", &[][..])]) {
        for (path, text) in sources(room) {
            let lines = text.lines().count();
            if lines > 700 {
                wrong.push(format!("{}: {lines} lines", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
