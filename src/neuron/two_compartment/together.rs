//! `two_compartment` as an ensemble: columns, and loops over them that become vector instructions.

use super::logistic::{WIDE, bend, logistic, softplus};
use super::{Constants, State, TwoCompartment};
use crate::base::digest::Digest;
use crate::base::math::exp_in_loops;
use crate::base::saved::saved;
use crate::base::{Resolution, Tick};
use crate::neuron::Dynamics;
use crate::neuron::ensemble::{Ensemble, Moment};
use crate::neuron::thinning::{Hand, Steady};
use multiversion::multiversion;
use std::ops::Range;

/// Beyond this the logistic function is 0 or 1 to every bit that matters, and its exponentials can still
/// be multiplied.
const FAR: f64 = 340.0;

/// Of so many neurons the proposals are looked for together; a bit stands for each.
const BLOCK: usize = u64::BITS as usize;
/// So many values of the logistic function are worked out side by side.
const SIDE: usize = 4;

/// The neurons of a population, in which spikes are never so rare that the ceiling would be below rho.
///
/// Invariants: all columns have one entry for each neuron; `base`, `share` and `next` repeat what stands
/// in `somata` and `dice`.
pub struct Together {
    constants: Constants,
    grid: Resolution,
    /// The start of the epoch.
    start: Tick,
    /// The dendrite less `e_l`, as if it had not faded since the start of the epoch.
    above: Vec<f64>,
    /// The total of the lesson in this epoch, in ms.
    total: Vec<f64>,
    /// How far the epoch had faded when the neuron was met last.
    faded: Vec<f64>,
    base: Vec<f64>,
    share: Vec<f64>,
    /// The tick of the next proposal.
    next: Vec<Tick>,
    /// What acts on the somata; their dendrites stand in `above`.
    somata: Vec<State>,
    dice: Vec<Steady>,
    /// The random numbers of the proposals to come.
    hands: Vec<Hand>,
    fired: Vec<(Tick, u32)>,
    /// The arguments of the logistic function at the proposals of a pass, and then its values.
    shares: Box<[[f64; SIDE]; BLOCK / SIDE]>,
    /// What a stretch adds to its totals, and how far the arguments of its logistic functions move.
    pieces: Vec<f64>,
    widths: Vec<f64>,
}
saved!(Together { start, above, total, faded, base, share, next, somata, dice });

impl Together {
    /// At the start of a run.
    pub fn new(constants: &Constants, states: Vec<State>, grid: Resolution) -> Together {
        let per_tick = constants.rho_per_ms / 1e6;
        let dice = states.iter().map(|state| Steady::new(state.proposals.stream(), per_tick));
        let dice: Vec<Steady> = dice.collect();
        let of = |value: fn(&State) -> f64| states.iter().map(value).collect::<Vec<f64>>();
        Together {
            grid,
            start: Tick::ZERO,
            above: states.iter().map(|state| state.v - constants.e_l).collect(),
            total: of(|_| 0.0),
            faded: of(|_| 1.0),
            base: of(|state| state.base),
            share: of(|state| state.share),
            next: dice.iter().map(|dice| dice.at).collect(),
            pieces: vec![0.0; states.len()],
            widths: vec![0.0; states.len()],
            constants: constants.clone(),
            hands: vec![Hand::EMPTY; dice.len()],
            dice,
            fired: Vec::new(),
            shares: Box::new([[0.0; SIDE]; BLOCK / SIDE]),
            somata: states,
        }
    }

    /// Takes the proposals of a stretch of neurons up to a tick, before anything that arrives then.
    #[inline]
    fn propose(&mut self, stretch: Range<usize>, last: Tick) {
        let mut first = stretch.start;
        while first < stretch.end {
            let end = stretch.end.min(first + BLOCK);
            let due = due_among(&self.next[first..end], last);
            if due != 0 {
                self.propose_among(first..end, due, last);
            }
            first = end;
        }
    }

    /// The same for a block of neurons, of which those with these bits have proposals.
    #[cold]
    #[inline(never)]
    fn propose_among(&mut self, stretch: Range<usize>, due: u64, last: Tick) {
        let count = stretch.len();
        let mut block = Block {
            first: stretch.start as u32,
            last,
            constants: &self.constants,
            grid: self.grid,
            start: self.start,
            above: &self.above[stretch.clone()][..count],
            base: &self.base[stretch.clone()][..count],
            share: &self.share[stretch.clone()][..count],
            next: &mut self.next[stretch.clone()][..count],
            dice: &mut self.dice[stretch.clone()][..count],
            hands: &mut self.hands[stretch][..count],
            fired: &mut self.fired,
        };
        block.propose(due, &mut self.shares);
    }

    /// Where the logistic functions' arguments go far in one stretch of time, the closed form.
    #[cold]
    #[inline(never)]
    fn piece_in_full(&self, neuron: usize, faded: f64) -> f64 {
        let c = &self.constants;
        let (from, to) = (self.above[neuron] * self.faded[neuron], self.above[neuron] * faded);
        let of = |base: f64, share: f64| {
            let at = |above: f64| c.argument(base + share * above);
            let width = at(from) - at(to);
            if width.abs() < WIDE {
                let p = logistic(0.5 * (at(from) + at(to)));
                p + bend(p, 1.0 - p, width)
            } else {
                (softplus(at(from)) - softplus(at(to))) / width
            }
        };
        let error = of(self.base[neuron], self.share[neuron]) - of(0.0, c.share);
        c.decay.tau_ms() * (self.faded[neuron] - faded) * error
    }
}

/// Some neurons whose proposals are taken up to a tick. All columns are equally long.
struct Block<'a> {
    /// The place of its first neuron among all.
    first: u32,
    last: Tick,
    constants: &'a Constants,
    grid: Resolution,
    start: Tick,
    above: &'a [f64],
    base: &'a [f64],
    share: &'a [f64],
    next: &'a mut [Tick],
    dice: &'a mut [Steady],
    hands: &'a mut [Hand],
    fired: &'a mut Vec<(Tick, u32)>,
}

impl Block<'_> {
    /// In each pass the next proposal of each neuron that still has one.
    #[inline]
    fn propose(&mut self, mut due: u64, shares: &mut [[f64; SIDE]; BLOCK / SIDE]) {
        if self.grid != Resolution::FINEST {
            // Proposals have been accepted, and their neurons wait for the grid point.
            let fire = |left, k| left | u64::from(self.fires_and_goes_on(k)) << k;
            due = bits(due).fold(0, fire);
        }
        let per_tick = 1e-6 / self.constants.decay.tau_ms();
        while due != 0 {
            let mut count = 0;
            for k in bits(due) {
                shares.as_flattened_mut()[count % BLOCK] = self.argument(k, per_tick);
                count += 1;
            }
            shares_of(&mut shares[..count.div_ceil(SIDE)]);
            let mut left = 0;
            for (place, k) in bits(due).enumerate() {
                let share = shares.as_flattened()[place % BLOCK];
                self.dice[k].decide(share, self.grid, &mut self.hands[k]);
                left |= u64::from(self.fires_and_goes_on(k)) << k;
            }
            due = left;
        }
    }

    /// The argument of the logistic function of a neuron at its proposal; `per_tick` is what fades in a tick.
    #[inline]
    fn argument(&self, k: usize, per_tick: f64) -> f64 {
        let (c, dice) = (self.constants, &self.dice[k]);
        // A proposal lies a fraction of a tick before its tick.
        let sooner = dice.before * per_tick;
        let faded = c.decay.over(dice.at - self.start) * (1.0 + sooner);
        c.argument(self.base[k] + self.share[k] * (self.above[k] * faded))
    }

    /// Fires a neuron whose proposal has been accepted, if its tick has come; whether there is another
    /// proposal to take.
    #[inline]
    fn fires_and_goes_on(&mut self, k: usize) -> bool {
        let dice = &mut self.dice[k];
        if dice.is_accepted() && dice.at <= self.last {
            self.fired.push((dice.at, self.first + k as u32));
            dice.fire(&mut self.hands[k]);
        }
        self.next[k] = dice.at;
        dice.at <= self.last
    }
}

/// The places of the bits that are set, from the lowest on.
#[inline]
fn bits(mut of: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = of.trailing_zeros() as usize;
        (of != 0).then(|| {
            of &= of - 1;
            place
        })
    })
}

/// Which of the ticks of a block are not after the last, as bits. Compiled twice, the second time for
/// processors with wider vectors.
#[multiversion(targets("x86_64+avx2"))]
fn due_among(next: &[Tick], last: Tick) -> u64 {
    let mut due = 0;
    for (k, next) in next.iter().enumerate() {
        due |= u64::from(*next <= last) << (k % BLOCK);
    }
    due
}

/// The logistic function of each of these arguments, in place. Compiled twice, the second time for processors
/// with wider vectors; neither rounds otherwise than the other.
#[multiversion(targets("x86_64+avx2"))]
fn shares_of(arguments: &mut [[f64; SIDE]]) {
    for side in arguments {
        for value in side {
            *value = logistic(*value);
        }
    }
}

/// phi(u) - phi(v*) for the arguments of both, each with the bend of the stretch over which it moves.
#[inline(always)]
fn error(u: f64, v: f64, u_width: f64, v_width: f64) -> f64 {
    let (a, b) = (exp_in_loops(-u.clamp(-FAR, FAR)), exp_in_loops(-v.clamp(-FAR, FAR)));
    // One division for both.
    let inverse = 1.0 / ((1.0 + a) * (1.0 + b));
    let (p, q) = ((1.0 + b) * inverse, (1.0 + a) * inverse);
    (p + bend(p, a * p, u_width)) - (q + bend(q, b * q, v_width))
}

/// What a stretch of time has in common for all neurons that are met at its end.
#[derive(Clone, Copy)]
struct Stretch {
    /// How far the epoch has faded.
    faded: f64,
    tau: f64,
    /// The argument of the logistic function at rest, its slope, and that of the prediction.
    argument: f64,
    slope: f64,
    predicted: f64,
}

/// What the time since each neuron was met adds to its total, and how far the arguments of its logistic
/// functions have moved; whether any has moved far. All columns are equally long.
///
/// Compiled twice, the second time for processors with wider vectors. Neither rounds otherwise than the other,
/// so the bits are the same.
#[multiversion(targets("x86_64+avx2"))]
fn pieces_of(
    fixed: &Stretch,
    states: (&[f64], &[f64]),
    somata: (&[f64], &[f64]),
    pieces: &mut [f64],
    widths: &mut [f64],
) -> bool {
    pieces_in_a_loop(fixed, states, somata, pieces, widths)
}

/// See [`pieces_of`].
#[inline(always)]
fn pieces_in_a_loop(
    fixed: &Stretch,
    (above, faded): (&[f64], &[f64]),
    (base, share): (&[f64], &[f64]),
    pieces: &mut [f64],
    widths: &mut [f64],
) -> bool {
    let Stretch { faded: now, tau, argument, slope, predicted } = *fixed;
    let count = above.len();
    let (faded, base, share) = (&faded[..count], &base[..count], &share[..count]);
    let (pieces, widths) = (&mut pieces[..count], &mut widths[..count]);
    let mut wide = 0u64;
    for k in 0..count {
        let (above, faded, base, share) = (above[k], faded[k], base[k], share[k]);
        let gone = faded - now;
        let (middle, moved) = (above * (0.5 * (faded + now)), above * gone);
        let share = share * slope;
        let (u_width, v_width) = (share * moved, predicted * moved);
        let u = (argument + base * slope) + share * middle;
        let error = error(u, argument + predicted * middle, u_width, v_width);
        let width = u_width.abs().max(v_width.abs());
        wide |= u64::from(width >= WIDE);
        (pieces[k], widths[k]) = (tau * gone * error, width);
    }
    wide > 0
}

impl Ensemble for Together {
    fn len(&self) -> usize {
        self.above.len()
    }

    #[inline]
    fn meet(&mut self, stretch: Range<usize>, now: &Moment) {
        self.propose(stretch.clone(), now.at);
        let c = &self.constants;
        let (tau, argument, slope, predicted) =
            (c.decay.tau_ms(), c.argument(0.0), c.slope, c.share * c.slope);
        let count = stretch.len();
        let above = &self.above[stretch.clone()][..count];
        let faded = &self.faded[stretch.clone()][..count];
        let base = &self.base[stretch.clone()][..count];
        let share = &self.share[stretch.clone()][..count];
        let pieces = &mut self.pieces[..count];
        let widths = &mut self.widths[..count];
        let fixed = Stretch { faded: now.faded, tau, argument, slope, predicted };
        let wide = pieces_of(&fixed, (above, faded), (base, share), pieces, widths);
        if wide {
            for k in (0..count).filter(|&k| self.widths[k] >= WIDE) {
                self.pieces[k] = self.piece_in_full(stretch.start + k, now.faded);
            }
        }
        self.faded[stretch.clone()].fill(now.faded);
        for (total, piece) in self.total[stretch].iter_mut().zip(&self.pieces) {
            *total += piece;
        }
    }

    fn totals(&self) -> &[f64] {
        &self.total
    }

    #[inline]
    fn receive(&mut self, first: usize, weights: &[f64], now: &Moment) {
        let jump = self.constants.jump * now.grown;
        for (above, weight) in self.above[first..][..weights.len()].iter_mut().zip(weights) {
            *above += weight * jump;
        }
    }

    fn put(&mut self, neuron: usize, channel: u8, value: f64, now: &Moment) {
        self.meet(neuron..neuron + 1, now);
        if channel == 0 {
            self.receive(neuron, &[value], now);
            return;
        }
        let soma = &mut self.somata[neuron];
        soma.act(&self.constants, channel, value);
        (self.base[neuron], self.share[neuron]) = (soma.base, soma.share);
    }

    fn end_epoch(&mut self, end: &Moment) {
        self.start = end.at;
        self.above.iter_mut().for_each(|above| *above *= end.faded);
        self.total.fill(0.0);
        self.faded.fill(1.0);
    }

    fn fire_until(&mut self, last: Tick) {
        self.propose(0..self.len(), last);
    }

    fn fired(&mut self) -> &mut Vec<(Tick, u32)> {
        &mut self.fired
    }

    fn next(&self) -> Tick {
        self.next.iter().copied().min().unwrap_or(Tick(u64::MAX))
    }

    fn observe(&self, neuron: usize, now: &Moment, variable: usize) -> f64 {
        let mut soma = self.somata[neuron];
        soma.v = self.constants.e_l + self.above[neuron] * now.faded;
        TwoCompartment::observe(&self.constants, &soma, variable)
    }

    fn digest(&self, digest: &mut Digest) {
        for (neuron, soma) in self.somata.iter().enumerate() {
            for column in [&self.above, &self.total, &self.faded] {
                digest.real(column[neuron]);
            }
            let acting = [soma.open_ex, soma.open_in, soma.teacher, soma.clamp];
            acting.into_iter().for_each(|value| digest.real(value));
            self.dice[neuron].digest(digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    type Columns<'a> = (&'a [f64], &'a [f64]);
    type Loop = fn(&Stretch, Columns<'_>, Columns<'_>, &mut [f64], &mut [f64]) -> bool;

    #[test]
    fn wide_vectors_give_the_same_bits() {
        let mut random = Stream::new(3, Purpose::Initial, 0, 0);
        let fixed = Stretch { faded: 0.4, tau: 10.0, argument: -3.6, slope: 0.3, predicted: 0.286 };
        for count in 0..70 {
            let mut column = |low: f64, high: f64| -> Vec<f64> {
                (0..count).map(|_| low + (high - low) * random.uniform()).collect()
            };
            let states = (column(-30.0, 60.0), column(0.4, 1.0));
            let somata = (column(-5.0, 20.0), column(0.0, 1.0));
            let run = |of: Loop| {
                let (mut pieces, mut widths) = (vec![0.0; count], vec![0.0; count]);
                let wide = of(
                    &fixed,
                    (&states.0, &states.1),
                    (&somata.0, &somata.1),
                    &mut pieces,
                    &mut widths,
                );
                let bits = pieces.iter().chain(&widths).map(|value| value.to_bits());
                (wide, bits.collect::<Vec<u64>>())
            };
            assert_eq!(run(pieces_of), run(pieces_in_a_loop));
        }
    }

    #[test]
    fn the_shares_of_many_are_those_of_each() {
        let mut random = Stream::new(5, Purpose::Initial, 0, 0);
        for sides in 0..=BLOCK / SIDE {
            let mut drawn = || [0; SIDE].map(|_: u8| 80.0 * random.uniform() - 40.0);
            let mut found: Vec<[f64; SIDE]> = (0..sides).map(|_| drawn()).collect();
            let expected: Vec<_> = found.iter().map(|side| side.map(logistic)).collect();
            shares_of(&mut found);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn who_is_due_is_not_after_the_last() {
        let mut random = Stream::new(6, Purpose::Initial, 0, 0);
        for count in 0..=BLOCK {
            let ticks = [7, 8, 9, u64::MAX];
            let next: Vec<Tick> =
                (0..count).map(|_| Tick(ticks[random.below(4) as usize])).collect();
            let found: Vec<usize> = bits(due_among(&next, Tick(8))).collect();
            let expected: Vec<usize> = (0..count).filter(|&k| next[k] <= Tick(8)).collect();
            assert_eq!(found, expected);
        }
    }
}
