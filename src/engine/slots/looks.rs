//! Looks at single neurons: when somebody looks, what is found, and what is granted or foreseen then.
//!
//! A look works out the state of a neuron, of which nothing may be prepaid for the time to come, tests its
//! threshold, and grants a new limit or foresees a crossing. It comes when a limit is reached, when a
//! grant ends, and when a current changes.

use super::{COLD_AHEAD, Done, Neurons, SLOTS_AHEAD};
use crate::base::{Span, Tick};
use crate::engine::deadlines::Foreseen;
use crate::engine::frames::Work;
use crate::memory::prefetch::prefetch;
use crate::neuron::cell::{NEVER, crossing_tick};
use crate::neuron::framed::{Framed, Slot};

impl<M: Framed> Neurons<M> {
    /// Goes through what was filed for the slice that begins. Neurons whose grants end in it are looked
    /// at now, all with the same factors: a grant may end early, and what was granted when cannot be
    /// seen in a spike. Crossings and ends of refractoriness wait for their ticks.
    pub(super) fn open_deadlines(&mut self, work: &mut Work) {
        let (start, end) = (work.start, work.end);
        let mut list = self.deadlines.begin(work.number, start, end);
        let factors = self.factors(start);
        let mut kept = 0;
        for place in 0..list.len() {
            self.ask_for_foreseen(&list, place);
            let Foreseen { offset, neuron } = list[place];
            let cold = &mut self.cold[neuron as usize];
            if cold.filed != start + Span(offset.into()) {
                // Filed again since, for an earlier tick.
                continue;
            }
            if cold.deadline < end && (cold.held || cold.certain) {
                list[kept] = list[place];
                kept += 1;
                continue;
            }
            cold.filed = NEVER;
            if cold.deadline >= end {
                let deadline = cold.deadline;
                self.foresee(neuron, deadline);
            } else {
                *work.current = neuron;
                self.now = start;
                self.withdraw(neuron, start);
                let state = self.thaw_free(neuron, &factors);
                self.assess(neuron, start, &state, &factors);
            }
        }
        list.truncate(kept);
        self.deadlines.open(list);
    }

    /// Asks for neurons that are foreseen soon: first for what tells whether their deadline has
    /// moved, then for the slots of those whose has not, which are going to be looked at.
    #[inline]
    fn ask_for_foreseen(&self, list: &[Foreseen], place: usize) {
        if !self.is_far {
            return;
        }
        if let Some(coming) = list.get(place + SLOTS_AHEAD) {
            prefetch(&self.cold, coming.neuron as usize);
        }
        if let Some(&Foreseen { neuron, .. }) = list.get(place + COLD_AHEAD) {
            let cold = &self.cold[neuron as usize];
            // Neuron 0 in place of a branch that nobody can foresee.
            let due = if cold.deadline == cold.filed { neuron } else { 0 };
            prefetch(&self.slots, due as usize);
        }
    }

    pub(super) fn note_foreseen(&mut self, work: &mut Work, at: Tick, factors: &M::Factors) {
        while let Some(neuron) = self.deadlines.pop(at) {
            let cold = &mut self.cold[neuron as usize];
            if cold.filed != at {
                // Filed again since, for an earlier tick.
                continue;
            }
            cold.filed = NEVER;
            if cold.deadline > at {
                let deadline = cold.deadline;
                self.foresee(neuron, deadline);
            } else if cold.held {
                self.released.push(neuron);
            } else if cold.certain {
                self.crossed.push(neuron);
            } else {
                *work.current = neuron;
                self.withdraw(neuron, at);
                let state = self.thaw_free(neuron, factors);
                self.assess(neuron, at, &state, factors);
            }
        }
    }

    pub(super) fn change_drives(
        &mut self,
        work: &mut Work,
        done: &mut Done,
        at: Tick,
        f: &M::Factors,
    ) {
        while let Some(&(tick, neuron, drive)) = work.drives.get(done.drives) {
            if tick != at {
                return;
            }
            done.drives += 1;
            *work.current = neuron;
            let held = self.cold[neuron as usize].held;
            self.withdraw(neuron, at);
            let state = self.thaw_free(neuron, f);
            self.cold[neuron as usize].drive = drive;
            if !held {
                self.freeze(neuron, &state, f);
                self.assess(neuron, at, &state, f);
            }
        }
    }

    /// Looks at each neuron whose limit is reached.
    pub(super) fn attend_to_all(&mut self, work: &mut Work, at: Tick, factors: &M::Factors) {
        if self.is_far && self.attention.len() > 1 {
            let ask = |asked, &neuron: &u32| asked ^ self.cold[neuron as usize].filed.0;
            std::hint::black_box(self.attention.iter().fold(0, ask));
        }
        while let Some(neuron) = self.attention.pop() {
            // One that was named twice, or has fired, has been seen to.
            if !M::is_reached(&self.slots[neuron as usize], factors) {
                continue;
            }
            *work.current = neuron;
            self.withdraw(neuron, Tick(at.0 + 1));
            let state = self.thaw_free(neuron, factors);
            let constants = self.constants_of(self.cold[neuron as usize].population.into());
            if M::at_threshold(constants, &state) {
                self.fire(neuron, at, state, factors, work.spikes);
            } else {
                self.assess(neuron, at, &state, factors);
            }
        }
    }

    pub(super) fn fire(
        &mut self,
        neuron: u32,
        at: Tick,
        mut state: M::State,
        factors: &M::Factors,
        spikes: &mut Vec<(Tick, u32)>,
    ) {
        spikes.push((at, neuron));
        let constants = self.constants_of(self.cold[neuron as usize].population.into());
        M::fire(constants, &mut state);
        let refractory = M::refractory(constants);
        if refractory == Span::ZERO {
            self.freeze(neuron, &state, factors);
            self.assess(neuron, at, &state, factors);
            return;
        }
        // The modes go on taking input; what it does to the membrane is lost at the release.
        self.slots[neuron as usize].set_limit(f64::INFINITY);
        self.cold[neuron as usize].held = true;
        self.foresee(neuron, at + refractory);
    }

    /// Ends a refractory period.
    pub(super) fn release(&mut self, neuron: u32, at: Tick, factors: &M::Factors) {
        self.withdraw(neuron, Tick(at.0 + 1));
        let state = self.thaw(neuron, factors);
        self.cold[neuron as usize].held = false;
        self.freeze(neuron, &state, factors);
        self.assess(neuron, at, &state, factors);
    }

    /// Grants a limit to a neuron that has this state at `at`, or foresees its crossing.
    pub(super) fn assess(&mut self, neuron: u32, at: Tick, state: &M::State, factors: &M::Factors) {
        let cold = &self.cold[neuron as usize];
        let drive = cold.drive;
        let constants = self.constants_of(cold.population.into());
        let grant = M::grant(&self.frame, constants, state, drive, factors);
        let certain = grant.is_none();
        let deadline = match grant {
            None => crossing_tick::<M>(constants, self.grid, state, drive, at),
            // Rounding to ticks may have gone up; the bound must not.
            Some(grant) => Span::from_ms(grant.quiet_ms * (1.0 - 1e-9))
                .map_or(NEVER, |quiet| Tick(at.0 + quiet.0.saturating_sub(1))),
        };
        let limit = grant.map_or(M::NOTHING, |grant| grant.limit);
        self.slots[neuron as usize].set_limit(limit);
        self.cold[neuron as usize].certain = certain;
        self.foresee(neuron, deadline);
    }

    /// Notes what is foreseen next for a neuron. What is filed for a later tick stays there and is
    /// passed over; what is filed for an earlier one is filed again from there.
    fn foresee(&mut self, neuron: u32, deadline: Tick) {
        let cold = &mut self.cold[neuron as usize];
        cold.deadline = deadline;
        if deadline >= cold.filed || deadline >= self.duration {
            return;
        }
        cold.filed = deadline;
        self.deadlines.file(deadline, neuron);
    }
}
