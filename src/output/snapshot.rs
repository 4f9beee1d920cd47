//! Snapshots: a spike train as a text small enough to review, which changes when any spike does.
//!
//! The heading and the counts say what kind of change happened (other counts: the dynamics; the
//! same counts and another digest: an order or a last bit), the spikes say where it began.

use super::Layout;
use crate::record::{Outcome, Spike};
use crate::scenario::Scenario;
use std::fmt::Write;

/// Spikes shown from the start.
const FIRST: usize = 200;
/// Spikes shown from the end.
const LAST: usize = 50;

/// The snapshot of a run. It depends on the scenario and the outcome alone.
pub fn snapshot_text(scenario: &Scenario, outcome: &Outcome) -> String {
    let layout = Layout::of(scenario);
    let mut text = String::new();
    heading(&mut text, scenario, outcome);
    text.push_str("\npopulation                size      spikes\n");
    for (population, seen) in scenario.populations.iter().zip(&outcome.populations) {
        let (name, size) = (&population.name, population.size);
        line(&mut text, format_args!("{name:<20} {size:>9} {:>11}", seen.spikes));
    }
    let spikes = &outcome.spikes;
    text.push_str("\nspikes (tick in ns, neuron)\n");
    let show = |text: &mut String, some: &[Spike]| {
        for spike in some {
            line(text, format_args!("{:>15} {}", spike.tick.0, layout.label(spike.neuron)));
        }
    };
    if spikes.len() <= FIRST + LAST {
        show(&mut text, spikes);
    } else {
        show(&mut text, &spikes[..FIRST]);
        line(&mut text, format_args!("... {} more ...", spikes.len() - FIRST - LAST));
        show(&mut text, &spikes[spikes.len() - LAST..]);
    }
    text
}

fn heading(text: &mut String, scenario: &Scenario, outcome: &Outcome) {
    let Outcome { digest, state_digest, counts, .. } = outcome;
    line(text, format_args!("# Snapshot of a spike train; `saltatory snapshot check` compares."));
    line(text, format_args!("title            {}", scenario.title));
    line(text, format_args!("seed             {}", scenario.seed));
    line(text, format_args!("resolution       {} ns", scenario.resolution.span().0));
    line(text, format_args!("simulated        {} ns", outcome.simulated.0));
    line(text, format_args!("digest           {digest}"));
    line(text, format_args!("state_digest     {state_digest}"));
    line(text, format_args!("spikes           {}", counts.spikes));
    line(text, format_args!("recorded         {}", outcome.spikes.len()));
    line(text, format_args!("synaptic_events  {}", counts.synaptic_events));
    line(text, format_args!("external_events  {}", counts.external_events));
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{}", arguments.to_string().trim_end()).expect("a String takes everything");
}

/// How two snapshots differ, as lines with `-` (accepted) and `+` (now); `None` if they do not.
///
/// Lines are compared in place, for a snapshot's heading has a fixed order; among the spikes only
/// the first few differences are shown, because after the first one all others may follow.
pub fn difference(accepted: &str, now: &str) -> Option<String> {
    const SHOWN: usize = 12;
    if accepted == now {
        return None;
    }
    let old: Vec<&str> = accepted.lines().collect();
    let new: Vec<&str> = now.lines().collect();
    let mut text = String::new();
    let mut shown = 0;
    let mut hidden = 0;
    for place in 0..old.len().max(new.len()) {
        let pair = (old.get(place), new.get(place));
        if pair.0 == pair.1 {
            continue;
        }
        if shown == SHOWN {
            hidden += 1;
            continue;
        }
        shown += 1;
        if let Some(was) = pair.0 {
            line(&mut text, format_args!("- {was}"));
        }
        if let Some(is) = pair.1 {
            line(&mut text, format_args!("+ {is}"));
        }
    }
    if hidden > 0 {
        line(&mut text, format_args!("  and {hidden} more lines"));
    }
    if shown == 0 {
        // Equal lines and unequal texts: only the ends of lines differ.
        line(&mut text, format_args!("  only line ends differ"));
    }
    Some(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::{Resolution, Span};
    use crate::neuron::{Descriptor, Dynamics};
    use crate::neuron::{Initial, lif_delta::LifDelta};
    use crate::record::{Counts, PopulationOutcome};
    use crate::scenario::{Distribution, Model, ParameterValue, Population, Record, Steps};

    pub(crate) fn scenario() -> Scenario {
        let descriptor: &'static Descriptor = LifDelta::DESCRIPTOR;
        let constant = |value| ParameterValue::Drawn(Distribution::constant(value));
        let initial = |variable: &crate::neuron::Variable| match variable.initial {
            Initial::Value(value) => Distribution::constant(value),
            Initial::Parameter(index) => {
                Distribution::constant(descriptor.parameters[index].default)
            }
            _ => unreachable!("this model draws and derives nothing"),
        };
        let neurons = Model::Neuron {
            descriptor,
            parameters: descriptor.defaults().into_iter().map(constant).collect(),
            initial: descriptor.variables.iter().map(initial).collect(),
        };
        let source = Model::Poisson { rate_hz: Steps::constant(10.0) };
        Scenario {
            title: "Two small populations".to_string(),
            seed: 7,
            duration: Span::from_whole_ms(1000),
            resolution: Resolution::FINEST,
            populations: vec![
                Population { name: "exc".to_string(), size: 3, model: neurons },
                Population { name: "in".to_string(), size: 2, model: source },
            ],
            projections: Vec::new(),
            backgrounds: Vec::new(),
            currents: Vec::new(),
            teachers: Vec::new(),
            record: Record::default(),
        }
    }

    pub(crate) fn outcome() -> Outcome {
        let population = |spikes| PopulationOutcome { spikes, rate_hz: 0.5, cv_isi: None };
        Outcome {
            spikes: super::super::spikes::tests::spikes(),
            digest: "abc".to_string(),
            state_digest: "def".to_string(),
            populations: vec![population(2), population(2)],
            counts: Counts { spikes: 4, synaptic_events: 12, ..Counts::default() },
            simulated: Span::from_whole_ms(1000),
            ..Outcome::default()
        }
    }

    #[test]
    fn a_snapshot_reads_like_this() {
        assert_eq!(
            snapshot_text(&scenario(), &outcome()),
            "\
# Snapshot of a spike train; `saltatory snapshot check` compares.
title            Two small populations
seed             7
resolution       1 ns
simulated        1000000000 ns
digest           abc
state_digest     def
spikes           4
recorded         4
synaptic_events  12
external_events  0

population                size      spikes
exc                          3           2
in                           2           2

spikes (tick in ns, neuron)
        1500000 exc[0]
        1500000 in[1]
       12345678 exc[2]
      999999999 in[1]
"
        );
    }

    #[test]
    fn long_trains_show_their_ends() {
        let mut long = outcome();
        let one = long.spikes[0];
        long.spikes = vec![one; 1000];
        let text = snapshot_text(&scenario(), &long);
        assert!(text.contains("... 750 more ..."));
        assert_eq!(text.lines().filter(|l| l.ends_with("exc[0]")).count(), 250);
    }

    #[test]
    fn a_moved_spike_is_shown_with_both_times() {
        let before = snapshot_text(&scenario(), &outcome());
        assert_eq!(difference(&before, &before), None);
        let mut moved = outcome();
        moved.spikes[2].tick.0 += 1;
        let text = difference(&before, &snapshot_text(&scenario(), &moved)).unwrap();
        assert_eq!(text, "-        12345678 exc[2]\n+        12345679 exc[2]\n");
        assert!(difference("a\n", "a\r\n").unwrap().contains("line ends"));
    }
}
