//! The spike trains of today.
//!
//! Promise: no change of the program moves a spike of a shipped scenario unnoticed. Method: a
//! reviewable text for each of them, cut down (counts, digests, the first 200 and last 50
//! spikes), is compared with the one that was accepted in `snapshots/`. It would catch a draw
//! that is made in another order, another last bit in a decay, a lost spike. Every accepted
//! change has its line in `snapshots/LEDGER.md`, which also tells how to accept.

use crate::program::entries;
use crate::shipped::{SMALL, small};
use saltatory::engine::{self, Control, Options};
use saltatory::network;
use saltatory::output::snapshot_text;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots")
}

#[test]
fn spike_trains_are_those_that_were_accepted() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, _) in SMALL {
            let scenario = small(name);
            let network = network::build(&scenario, 2, 2, None).expect("it is shipped");
            let outcome =
                engine::run(&scenario, &network, Options::threads(2), &|_| Control::Continue)
                    .expect("it is shipped");
            insta::assert_snapshot!(*name, snapshot_text(&scenario, &outcome));
        }
    });
}

#[test]
fn every_snapshot_is_in_use_and_in_the_ledger() {
    let ledger = std::fs::read_to_string(folder().join("LEDGER.md")).expect("there is a ledger");
    let mut expected: Vec<String> = SMALL.iter().map(|(name, _)| format!("{name}.snap")).collect();
    expected.push("LEDGER.md".into());
    expected.sort();
    assert_eq!(entries(&folder()), expected);
    for (name, _) in SMALL {
        assert!(ledger.contains(&format!("| {name} |")) || ledger.contains("| all |"), "{name}");
    }
}
