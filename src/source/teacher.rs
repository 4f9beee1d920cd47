//! What a teacher sets: a potential for each neuron, constant between steps.

use crate::base::math::exp;
use crate::base::saved::saved;
use crate::base::{Span, Tick};
use crate::neuron::receptor::{CLAMP, TEACHER};
use crate::scenario::{Phase, Teacher};
use std::ops::Range;

/// What a teacher has still to set in one shard.
#[derive(Debug)]
pub struct Lessons {
    step: Span,
    /// Potentials in mV, step by step of one period, neuron by neuron.
    potentials: Vec<f64>,
    /// How many steps a period has.
    period: u64,
    clamp: f64,
    phases: Vec<(Tick, Phase)>,
    /// The phase that comes next.
    phase: usize,
    /// First place in the shard.
    first: u32,
    /// When something may change next.
    next: Option<Tick>,
    /// What was set last: (teacher, clamp) of each neuron.
    set: Vec<(f64, f64)>,
}
saved!(Lessons { phase, next, set });

impl Lessons {
    /// The lessons of the neurons `owned` of the population, of which the first stands at `first`.
    pub fn new(teacher: &Teacher, owned: Range<u32>, first: u32) -> Lessons {
        let steps = teacher.element.0 / teacher.step.0;
        let period = steps * teacher.score.elements.len() as u64;
        let neurons = owned.len();
        let at = |step: u64| {
            let owned = owned.clone();
            owned.map(move |neuron| potential(teacher, neuron, step as i64))
        };
        Lessons {
            step: teacher.step,
            potentials: (0..period).flat_map(at).collect(),
            period,
            clamp: teacher.clamp_mv,
            phases: teacher.phases.clone(),
            phase: 0,
            first,
            next: teacher.phases.first().map(|&(at, _)| at).filter(|_| neurons > 0),
            set: vec![(0.0, 0.0); neurons],
        }
    }

    /// When something may change next.
    pub fn next(&self) -> Option<Tick> {
        self.next
    }

    /// Sets what changes before `end`: calls `visit` with the place of a neuron, the time, the
    /// channel and the value.
    pub fn take(&mut self, end: Tick, mut visit: impl FnMut(u32, Tick, u8, f64)) {
        while let Some(now) = self.next.filter(|&next| next < end) {
            while self.phases.get(self.phase).is_some_and(|&(start, _)| start <= now) {
                self.phase += 1;
            }
            let phase = self.phase.checked_sub(1).map_or(Phase::Free, |last| self.phases[last].1);
            self.set_all(now, phase, &mut visit);
            let start = self.phases.get(self.phase).map(|&(start, _)| start);
            let step = match phase {
                Phase::Teach | Phase::Hold => Some(Tick((now.0 / self.step.0 + 1) * self.step.0)),
                Phase::Free | Phase::Clamp => None,
            };
            self.next = [start, step].into_iter().flatten().min();
        }
    }

    fn set_all(&mut self, now: Tick, phase: Phase, visit: &mut impl FnMut(u32, Tick, u8, f64)) {
        let step = (now.0 / self.step.0 % self.period) as usize;
        let potentials = &self.potentials[step * self.set.len()..][..self.set.len()];
        for ((neuron, set), &potential) in (self.first..).zip(&mut self.set).zip(potentials) {
            let (teacher, clamp) = match phase {
                Phase::Free => (0.0, 0.0),
                Phase::Teach => (potential, 0.0),
                Phase::Clamp => (0.0, self.clamp),
                Phase::Hold => (0.0, potential),
            };
            if teacher != set.0 {
                visit(neuron, now, TEACHER, teacher);
            }
            if clamp != set.1 {
                visit(neuron, now, CLAMP, clamp);
            }
            *set = (teacher, clamp);
        }
    }
}

/// The potential that is taught in a step of the score, in mV, after Kriener et al. 2024: `on` or
/// `off`, with logistic ramps at the beginning and the end of a note. A note begins to rise in the
/// last third of the element before it and has risen after two thirds of its first, after half of it if that is
/// also its last; falling is its mirror image. A step has the value of its middle.
pub fn potential(teacher: &Teacher, neuron: u32, step: i64) -> f64 {
    let (steps, length) = ((teacher.element.0 / teacher.step.0) as i64, teacher.element.ms());
    let element = step.div_euclid(steps);
    // Since the beginning of the element, and until its end.
    let past = (step.rem_euclid(steps) as f64 + 0.5) * teacher.step.ms();
    let left = length - past;
    let [before, now, after] =
        [-1, 0, 1].map(|by| teacher.score.is_on(element.saturating_add(by), neuron));
    // 0.7 is the constant of the paper's code: a ramp is two thirds up at the boundary.
    let ramp = |past: f64| 1.0 / (1.0 + exp(-0.7 - past / teacher.ramp_ms));
    let third = length / 3.0;
    let share = if now {
        let rises = if after { 2.0 * third } else { 0.5 * length };
        let falls = if before { third } else { 0.5 * length };
        if !before && past < rises {
            ramp(past)
        } else if !after && past >= falls {
            ramp(left)
        } else {
            1.0
        }
    } else if before && past < third {
        ramp(-past)
    } else if after && left < third {
        ramp(-left)
    } else {
        0.0
    };
    teacher.off_mv + (teacher.on_mv - teacher.off_mv) * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Score;

    fn teacher() -> Teacher {
        let ms = Span::from_whole_ms;
        Teacher {
            population: 0,
            score: Score { elements: vec![vec![0], vec![0, 1], vec![]], file: None },
            element: ms(9),
            step: ms(1),
            on_mv: -50.0,
            off_mv: -70.0,
            ramp_ms: 1.0,
            clamp_mv: -65.0,
            phases: vec![
                (Tick(2_000_000), Phase::Teach),
                (Tick(29_500_000), Phase::Clamp),
                (Tick(40_000_000), Phase::Free),
            ],
        }
    }

    #[test]
    fn notes_have_ramps_on_both_sides() {
        let share = |neuron, step| (potential(&teacher(), neuron, step) + 70.0) / 20.0;
        let ramp = |x: f64| 1.0 / (1.0 + exp(-0.7 - x));
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        // Neuron 0 is on in elements 0 and 1: it rises from the end of element 2 on.
        for (step, expected) in [
            (24, ramp(-2.5)),
            (23, 0.0),
            (0, ramp(0.5)),
            (5, ramp(5.5)),
            (6, 1.0),
            (11, 1.0),
            (12, ramp(5.5)),
            (17, ramp(0.5)),
            (18, ramp(-0.5)),
            (20, ramp(-2.5)),
            (21, 0.0),
        ] {
            close(share(0, step), expected);
            close(share(0, step - 27), expected);
        }
        // Neuron 1 has a single element: half of it up, half down.
        close(share(1, 13), ramp(4.5));
        close(share(1, 12), ramp(3.5));
        close(share(1, 14), ramp(3.5));
    }

    /// However time is cut, and for any part of the population.
    #[test]
    fn what_is_set_does_not_depend_on_how_it_is_asked_for() {
        let mut all = Vec::new();
        Lessons::new(&teacher(), 0..2, 5).take(Tick(60_000_000), |neuron, at, channel, value| {
            all.push((at, neuron, channel, value));
        });
        let mut parts = Vec::new();
        for neuron in 0..2u32 {
            let mut lessons = Lessons::new(&teacher(), neuron..neuron + 1, 5 + neuron);
            let mut end = 0;
            while let Some(next) = lessons.next() {
                assert!(next.0 >= end);
                end += 700_001;
                lessons.take(Tick(end), |neuron, at, channel, value| {
                    assert!(at.0 < end);
                    parts.push((at, neuron, channel, value));
                });
            }
        }
        let key = |&(at, neuron, channel, _): &(Tick, u32, u8, f64)| (at, neuron, channel);
        all.sort_by_key(key);
        parts.sort_by_key(key);
        assert_eq!(all, parts);
        // At the clamp the teacher goes, and at the end the clamp does.
        let at = |ms: f64| all.iter().filter(move |set| set.0.ms() == ms).map(|s| (s.2, s.3));
        assert!(at(29.5).eq([(TEACHER, 0.0), (CLAMP, -65.0)].repeat(2)), "{all:?}");
        assert!(at(40.0).eq([(CLAMP, 0.0)].repeat(2)));
        assert_eq!(all.first().map(|set| set.0), Some(Tick(2_000_000)));
    }

    /// Each neuron is held where the score says, step by step, and nobody is drawn.
    #[test]
    fn a_score_can_be_held() {
        let mut held = teacher();
        held.phases = vec![(Tick(0), Phase::Hold), (Tick(27_000_000), Phase::Free)];
        let mut last = [[0.0; 2]; 2];
        let mut lessons = Lessons::new(&held, 0..2, 0);
        for step in 0..27 {
            lessons.take(Tick(step * 1_000_000 + 1), |neuron, at, channel, value| {
                assert_eq!(at, Tick(step * 1_000_000));
                last[neuron as usize][usize::from(channel == CLAMP)] = value;
            });
            let score = [0, 1].map(|neuron| [0.0, potential(&held, neuron, step as i64)]);
            assert_eq!(last, score, "{step}");
        }
        lessons.take(Tick(40_000_000), |neuron, _, channel, value| {
            last[neuron as usize][usize::from(channel == CLAMP)] = value;
        });
        assert_eq!(last, [[0.0; 2]; 2]);
    }
}
