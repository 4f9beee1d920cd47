//! Asking the memory for what is needed soon.
//!
//! Neurons and rows of a large network lie farther from the processor than a load can wait for. A
//! hint costs one instruction and changes no value: a program without it gives the same bytes. What
//! it gains: `docs/performance.md`.

/// Hints that `list[place]` is going to be used; does nothing beyond the end.
#[inline(always)]
#[allow(unsafe_code)]
pub fn prefetch<T>(list: &[T], place: usize) {
    let Some(item) = list.get(place) else { return };
    #[cfg(test)]
    if twin::stands_in() {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address is that of an item of a slice, and a prefetch neither reads nor writes
        // anything that a program can see. Every x86-64 processor has the instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(item).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = item;
}

/// The safe twin: a hint that is not given. On processors other than x86-64 it is all there is; in tests it
/// can be put in place of the other.
#[cfg(test)]
mod twin {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    /// Other tests that run meanwhile do without hints, too, and notice nothing.
    pub static IN_PLACE: AtomicBool = AtomicBool::new(false);
    pub static CALLS: AtomicU64 = AtomicU64::new(0);

    pub fn stands_in() -> bool {
        let in_place = IN_PLACE.load(Ordering::Relaxed);
        CALLS.fetch_add(in_place.into(), Ordering::Relaxed);
        in_place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, Control, Options};
    use crate::network;
    use crate::scenario::{NoFiles, Source, parse};
    use std::sync::atomic::Ordering;

    /// Networks that ask for slots, for what is rarely needed, and for rows while they are built.
    const NETWORKS: [(&str, &str, &str); 3] = [
        ("lif_exp", "{ uniform = ['-20 pA', '20 pA'] }", "{ uniform = ['1 ms', '20 ms'] }"),
        (
            "lif_exp",
            "{ uniform = ['-20 pA', '20 pA'] }",
            "{ uniform = ['1 ms', '9 ms'], step = '1 ms' }",
        ),
        ("lif_delta", "0.1 mV", "'1.5 ms'"),
    ];

    fn text((model, weight, delay): (&str, &str, &str)) -> String {
        format!(
            r#"
duration = "100 ms"
[population]
cells = {{ model = "{model}", size = 500, init = {{ v_m = {{ uniform = ["-70 mV", "-56 mV"] }} }} }}
[[projection]]
source = "cells"
target = "cells"
connect = {{ rule = "fixed_outdegree", outdegree = 50 }}
weight = {weight}
delay = {delay}
[[background]]
target = "cells"
rate = "5 kHz"
weight = {background}
"#,
            weight = weight.replace("0.1 mV", "'0.1 mV'"),
            background = if model == "lif_delta" { "'0.35 mV'" } else { "'45 pA'" },
        )
    }

    /// Digests of spikes and of the states at the end.
    fn digests(text: &str) -> (String, String) {
        let scenario = parse(&Source::new("hints", text), &NoFiles, &[])
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let network = network::build(&scenario, 1, 1, None).expect("a network");
        let go_on = |_| Control::Continue;
        let outcome = engine::run(&scenario, &network, Options::threads(1), &go_on).expect("a run");
        assert!(outcome.counts.spikes > 100, "hardly any spikes");
        (outcome.digest, outcome.state_digest)
    }

    #[test]
    fn hints_change_nothing() {
        for network in NETWORKS {
            let text = text(network);
            let with = digests(&text);
            twin::IN_PLACE.store(true, Ordering::Relaxed);
            let without = digests(&text);
            twin::IN_PLACE.store(false, Ordering::Relaxed);
            assert_eq!(with, without, "{network:?}");
        }
        assert!(twin::CALLS.load(Ordering::Relaxed) > 100, "nothing was asked for");
    }

    #[test]
    fn a_hint_may_name_any_place() {
        let list = [7u64, 8, 9];
        for place in [0, 2, 3, 4, usize::MAX] {
            prefetch(&list, place);
            prefetch(&[(); 3], place);
            prefetch::<u64>(&[], place);
        }
        assert_eq!(list, [7, 8, 9]);
    }
}
