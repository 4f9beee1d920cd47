//! The contacts of a scaffold that grows over a population: see [`Growth`].

use crate::base::math;
use crate::base::random::{Purpose, Stream};
use crate::scenario::{Edges, Growth};

/// Marks the one stream of a growth, which belongs to two populations and to no projection.
const GROWN: u64 = 1 << 63;

/// The contacts that the neurons of a population have received.
struct Reached {
    contacts: Vec<u32>,
    /// How many neurons have so many contacts.
    having: Vec<u32>,
}

impl Reached {
    /// The fewest contacts among the neurons that are not `excluded`.
    fn fewest(&self, excluded: Option<u32>) -> u32 {
        let own = excluded.map(|neuron| self.contacts[neuron as usize]);
        let others = |&(number, &count): &(usize, &u32)| {
            count > u32::from(own.is_some_and(|own| own as usize == number))
        };
        let fewest = self.having.iter().enumerate().find(others);
        fewest.map_or(0, |(number, _)| number as u32)
    }

    /// Whether this is its first contact.
    fn add(&mut self, neuron: u32) -> bool {
        let contacts = &mut self.contacts[neuron as usize];
        self.having[*contacts as usize] -= 1;
        *contacts += 1;
        if self.having.len() <= *contacts as usize {
            self.having.push(0);
        }
        self.having[*contacts as usize] += 1;
        *contacts == 1
    }
}

/// Draws all contacts of a growth over the population `over` and gives those whose sources are the
/// roots (`from_roots`), or the population itself. `roots` and `size` are the sizes of both; the
/// second is at least two.
pub(super) fn grow(
    seed: u64,
    growth: &Growth,
    over: usize,
    (roots, size): (u32, u32),
    from_roots: bool,
) -> Edges {
    let which = GROWN | (growth.roots as u64) << 32 | over as u64;
    let mut stream = Stream::new(seed, Purpose::Connect, which, 0);
    // Roots first, then the neurons that are grown over.
    let mut list: Vec<u32> = (0..roots).collect();
    let mut reached = Reached { contacts: vec![0; size as usize], having: vec![size] };
    let mut edges = Edges::default();
    while !list.is_empty() {
        let source = list.swap_remove(stream.below(list.len() as u64) as usize);
        let own = source.checked_sub(roots);
        for _ in 0..contacts(growth, &mut stream) {
            let fewest = reached.fewest(own);
            let target = loop {
                let target = stream.below(size.into()) as u32;
                if Some(target) == own {
                    continue;
                }
                // Only the ratio of two chances counts, so the best of them may be one.
                let beyond = reached.contacts[target as usize] - fewest;
                if stream.uniform() < math::pow(growth.q, beyond.into()) {
                    break target;
                }
            };
            if reached.add(target) {
                list.push(roots + target);
            }
            if own.is_none() == from_roots {
                edges.source.push(own.unwrap_or(source));
                edges.target.push(target);
            }
        }
    }
    edges
}

/// The number of contacts that a neuron makes.
fn contacts(growth: &Growth, stream: &mut Stream) -> u32 {
    if stream.uniform() < growth.p_none {
        return 0;
    }
    let mut number = 1;
    while stream.uniform() < math::pow(growth.p, number.into()) {
        number += 1;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: Growth = Growth { roots: 0, p: 0.2, q: 0.15, p_none: 0.04 };

    /// Every contact is in one part or the other; nobody is its own target; numbers are those of the
    /// paper's code (66 to 74 contacts over 50 neurons from 13 roots).
    #[test]
    fn a_scaffold_grows_as_described() {
        let (mut total, mut most) = (0, 0);
        for seed in 0..200 {
            let sizes = (13, 50);
            let roots = grow(seed, &DEMO, 1, sizes, true);
            let own = grow(seed, &DEMO, 1, sizes, false);
            assert!(roots.source.iter().all(|&source| source < 13));
            assert!(own.source.iter().zip(&own.target).all(|(source, target)| source != target));
            let mut reached = [0; 50];
            roots.target.iter().chain(&own.target).for_each(|&t| reached[t as usize] += 1);
            // Whoever makes contacts was reached.
            assert!(own.source.iter().all(|&source| reached[source as usize] > 0));
            total += roots.source.len() + own.source.len();
            most = most.max(*reached.iter().max().unwrap());
        }
        let mean = f64::from(total as u32) / 200.0;
        assert!((60.0..75.0).contains(&mean), "{mean} contacts");
        assert!((3..=5).contains(&most), "{most} contacts at one neuron");
    }

    /// In-degrees stay even where they are many, and growth ends where only one other is left.
    #[test]
    fn crowded_growth_ends() {
        let growth = Growth { q: 1e-3, ..DEMO };
        let all = grow(7, &growth, 1, (1000, 10), true);
        let mut reached = [0u32; 10];
        all.target.iter().for_each(|&target| reached[target as usize] += 1);
        let (low, high) = (reached.iter().min().unwrap(), reached.iter().max().unwrap());
        assert!(*low > 90 && high - low < 8, "{reached:?}");
        let pair = grow(7, &DEMO, 1, (5, 2), false);
        assert!(pair.source.iter().zip(&pair.target).all(|(source, target)| source != target));
    }
}
