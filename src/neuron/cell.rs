//! One neuron between two events: the loop that every model shares.
//!
//! A [`Cell`] is a model's state with its clock. [`Cell::run`] brings it through a sorted list of
//! inputs and lets it fire. The order is the contract's: all inputs of one tick are folded first,
//! then the threshold is tested once; between the two a model may set something anew that it holds
//! from event to event ([`Dynamics::set_at_event`]). A crossing found between two events fires at the first
//! grid point that is not before it; inputs of that same tick are folded before the reset, so
//! a crossing cannot be undone by an input that comes after it.

use super::Dynamics;
use crate::base::saved::{Value, value};
use crate::base::{Resolution, Span, Tick};

/// What reaches a neuron from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    /// When it arrives.
    pub at: Tick,
    /// What it is.
    pub kind: InputKind,
}

/// The kinds of input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InputKind {
    /// A spike over a synapse of this weight, in the model's input unit.
    Spike(f64),
    /// The constant current becomes this many pA.
    Drive(f64),
    /// Something on a channel of the model.
    On(u8, f64),
}

/// A neuron: its state, and the time at which the state was exact.
#[derive(Clone, Copy, Debug)]
pub struct Cell<S> {
    /// The state at `at`.
    pub state: S,
    /// The tick of the last event that concerned this neuron.
    pub at: Tick,
    /// The end of refractoriness; the neuron integrates after it. Inputs that arrive up to and
    /// including this tick find the neuron refractory.
    pub free_at: Tick,
    /// The tick at which the neuron fires if nothing arrives before, or, unless `certain`, one
    /// that is not later; [`NEVER`] if it does not.
    pub predicted: Tick,
    /// Whether `predicted` is the very tick. Solving for it costs more than a bound, and most
    /// predictions are overtaken by an arrival long before they matter.
    pub certain: bool,
    /// The constant current, in pA.
    pub drive: f64,
}
value!(Cell<S> where [S: Value] { state, at, free_at, predicted, certain, drive });

/// A time that no run reaches.
pub const NEVER: Tick = Tick(u64::MAX);

/// The tick at which a neuron that integrates and has this state at `from` fires if nothing
/// arrives; [`NEVER`] if it does not.
pub fn crossing_tick<M: Dynamics>(
    constants: &M::Constants,
    grid: Resolution,
    state: &M::State,
    drive: f64,
    from: Tick,
) -> Tick {
    tick_of(grid, from, M::crossing(constants, state, drive))
}

/// The grid point of a crossing so many ms after `from`.
fn tick_of(grid: Resolution, from: Tick, crossing: Option<f64>) -> Tick {
    let tick = crossing.and_then(|ms| {
        // Refractoriness may end between two grid points; spikes lie on them all the same.
        let past_grid = Span(from.0 % grid.span().0);
        grid.crossing_after(Tick(from.0 - past_grid.0), ms + past_grid.ms())
    });
    tick.unwrap_or(NEVER)
}

/// How far a search that has to walk goes at first, in ms; then it goes twice as far each time.
const FIRST_HORIZON_MS: f64 = 1.0;

impl<S: Clone> Cell<S> {
    /// A neuron at the start of the run.
    pub fn new<M>(constants: &M::Constants, grid: Resolution, state: S, drive: f64) -> Self
    where
        M: Dynamics<State = S>,
    {
        let mut cell = Cell {
            state,
            at: Tick::ZERO,
            free_at: Tick::ZERO,
            predicted: NEVER,
            certain: true,
            drive,
        };
        cell.predict::<M>(constants, grid);
        cell
    }

    /// Brings the neuron through `inputs`, which are sorted by tick and lie before `end`, and
    /// through its own spikes before `end`. Each spike's tick goes to `spikes`.
    pub fn run<M>(
        &mut self,
        constants: &M::Constants,
        grid: Resolution,
        inputs: &[Input],
        end: Tick,
        spikes: &mut Vec<Tick>,
    ) where
        M: Dynamics<State = S>,
    {
        let mut rest = inputs;
        while let Some(first) = rest.first() {
            let tick = first.at;
            while self.fires_before::<M>(constants, grid, tick) {
                self.fire_predicted::<M>(constants, grid, spikes);
            }
            let count = rest.iter().take_while(|input| input.at == tick).count();
            let (now, later) = rest.split_at(count);
            self.take::<M>(constants, grid, tick, now, spikes);
            rest = later;
        }
        while self.fires_before::<M>(constants, grid, end) {
            self.fire_predicted::<M>(constants, grid, spikes);
        }
    }

    /// Whether the neuron fires before `limit` if nothing arrives. Afterwards a prediction at or
    /// before `limit` is certain.
    #[inline]
    fn fires_before<M>(&mut self, constants: &M::Constants, grid: Resolution, limit: Tick) -> bool
    where
        M: Dynamics<State = S>,
    {
        while self.predicted <= limit && !self.certain {
            self.solve::<M>(constants, grid);
        }
        self.predicted < limit
    }

    /// Folds all inputs of one tick and tests the threshold once.
    fn take<M>(
        &mut self,
        constants: &M::Constants,
        grid: Resolution,
        tick: Tick,
        inputs: &[Input],
        spikes: &mut Vec<Tick>,
    ) where
        M: Dynamics<State = S>,
    {
        let crossed = self.predicted == tick;
        self.advance_to::<M>(constants, tick);
        let refractory = tick <= self.free_at && self.free_at > Tick::ZERO;
        // A change of the drive moves no state: only an arrival can put it over threshold, or
        // what is set anew.
        let mut moved = M::SETS_AT_EVENTS && !refractory;
        for input in inputs {
            match input.kind {
                InputKind::Drive(current) => self.drive = current,
                InputKind::Spike(w) if refractory => {
                    M::receive_clamped(constants, &mut self.state, w);
                }
                InputKind::On(channel, value) => {
                    M::receive_on(constants, &mut self.state, channel, value);
                    moved = true;
                }
                InputKind::Spike(w) => {
                    M::receive(constants, &mut self.state, w);
                    moved = true;
                }
            }
        }
        M::set_at_event(constants, &mut self.state);
        if crossed || (moved && M::at_threshold(constants, &self.state)) {
            self.fire::<M>(constants, tick, spikes);
        }
        self.predict::<M>(constants, grid);
    }

    fn fire_predicted<M>(
        &mut self,
        constants: &M::Constants,
        grid: Resolution,
        spikes: &mut Vec<Tick>,
    ) where
        M: Dynamics<State = S>,
    {
        let tick = self.predicted;
        self.advance_to::<M>(constants, tick);
        M::set_at_event(constants, &mut self.state);
        self.fire::<M>(constants, tick, spikes);
        self.predict::<M>(constants, grid);
    }

    fn fire<M>(&mut self, constants: &M::Constants, tick: Tick, spikes: &mut Vec<Tick>)
    where
        M: Dynamics<State = S>,
    {
        M::fire(constants, &mut self.state);
        self.free_at = tick + M::refractory(constants);
        spikes.push(tick);
    }

    /// Moves the state to `tick` without looking at the threshold.
    pub fn advance_to<M>(&mut self, constants: &M::Constants, tick: Tick)
    where
        M: Dynamics<State = S>,
    {
        let release = self.free_at.clamp(self.at, tick);
        let held = release.since(self.at);
        let free = tick.since(release);
        if held > Span::ZERO {
            M::advance_held(constants, &mut self.state, self.drive, held.ms());
        }
        if free > Span::ZERO {
            M::advance_by(constants, &mut self.state, self.drive, free);
        }
        self.at = tick;
    }

    /// Notes when the neuron fires if nothing arrives, or a bound on it that is cheap to have.
    #[inline]
    fn predict<M>(&mut self, constants: &M::Constants, grid: Resolution)
    where
        M: Dynamics<State = S>,
    {
        if self.free_at > self.at {
            self.predicted = self.free_at;
            self.certain = false;
            return;
        }
        let quiet_ms = M::quiet(constants, &self.state, self.drive);
        if quiet_ms > 0.0 {
            let quiet = Span::from_ms(quiet_ms * (1.0 - 1e-9));
            // Rounding to ticks may have gone up; the bound must not.
            let bound = quiet.map(|quiet| Tick(self.at.0 + quiet.0.saturating_sub(1)));
            self.predicted = bound.unwrap_or(NEVER);
            self.certain = self.predicted == NEVER;
        } else {
            // What was foreseen before says nothing about how far to look now.
            self.predicted = NEVER;
            self.solve::<M>(constants, grid);
        }
    }

    /// Works out when the neuron fires if nothing arrives.
    fn solve<M>(&mut self, constants: &M::Constants, grid: Resolution)
    where
        M: Dynamics<State = S>,
    {
        let mut state = self.state.clone();
        let mut from = self.at;
        if self.free_at > self.at {
            let held = self.free_at.since(self.at).ms();
            M::advance_held(constants, &mut state, self.drive, held);
            from = self.free_at;
        }
        let seen = if self.predicted == NEVER { from } else { self.predicted.max(from) };
        let horizon_ms = FIRST_HORIZON_MS.max(2.0 * seen.since(from).ms());
        match M::crossing_within(constants, &state, self.drive, horizon_ms) {
            Ok(crossing) => {
                self.predicted = tick_of(grid, from, crossing);
                self.certain = true;
            }
            // Rounding to ticks may go up; the bound must not.
            Err(ms) => {
                let seen = Span::from_ms(ms * (1.0 - 1e-9)).map(|seen| Tick(from.0 + seen.0));
                self.predicted = seen.unwrap_or(NEVER);
                self.certain = self.predicted == NEVER;
            }
        }
    }

    /// The tick at which the neuron fires if nothing arrives; [`NEVER`] if it does not, `None` if it
    /// does not before `limit` and may later.
    pub fn fires_at<M>(
        &self,
        constants: &M::Constants,
        grid: Resolution,
        limit: Tick,
    ) -> Option<Tick>
    where
        M: Dynamics<State = S>,
    {
        let mut copy = self.clone();
        while copy.predicted <= limit && !copy.certain {
            copy.solve::<M>(constants, grid);
        }
        copy.certain.then_some(copy.predicted)
    }

    /// The value of a variable at `tick`, which must not be before the last event. The neuron
    /// itself is left as it is.
    pub fn observe<M>(&self, constants: &M::Constants, tick: Tick, variable: usize) -> f64
    where
        M: Dynamics<State = S>,
    {
        let mut copy = self.clone();
        copy.advance_to::<M>(constants, tick);
        M::observe(constants, &copy.state, variable)
    }
}
