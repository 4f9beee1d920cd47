//! A level that rises while a rate is below its set point and falls while it is above, between two
//! bounds: the reserve of `stdp_reserve` and the logarithm of the scale of `synaptic_scaling`.

use crate::base::math;

/// d level / dt = slope (set point - share r(t)) between `low` and `high`, where r decays with `tau`.
#[derive(Clone, Copy, Debug)]
pub struct Homeostat {
    /// Change of the level per ms and per unit of rate.
    pub slope: f64,
    /// The rate at which the level stands still.
    pub set_point: f64,
    /// Time constant of the rate's estimate, in ms.
    pub tau_ms: f64,
    /// By what the estimate counts; 1 unless its trend counts, too.
    pub share: f64,
    /// The level never falls below.
    pub low: f64,
    /// The level never rises above.
    pub high: f64,
}

impl Homeostat {
    /// The level after `dt_ms` without a spike, from `level` in [low, high] and the rate `rate`.
    ///
    /// Without bounds it is F(s) = level + slope (set_point s - share rate tau (1 - e^(-s / tau))),
    /// which falls up to s* = tau ln(share rate / set_point), if that is positive, and rises from
    /// then on. Held at the lower bound it lacks what F falls short of it at its lowest; the upper
    /// bound can only be reached while F rises, and is not left again.
    pub fn after(&self, level: f64, rate: f64, dt_ms: f64) -> f64 {
        let Homeostat { slope, set_point, tau_ms, share, low, high } = *self;
        let above = share * rate;
        let free =
            |s: f64| level + slope * (set_point * s + above * tau_ms * math::exp_m1(-s / tau_ms));
        let mut end = free(dt_ms);
        if above > set_point {
            let turn = match set_point > 0.0 {
                true => (tau_ms * math::ln(above / set_point)).min(dt_ms),
                false => dt_ms,
            };
            end -= (free(turn) - low).min(0.0);
        }
        end.max(low).min(high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::math::exp;
    use crate::base::random::{Purpose, Stream};

    /// Promise: the closed form is what fine steps give, held at the bounds step by step.
    #[test]
    fn the_closed_form_is_what_fine_steps_give() {
        let mut random = Stream::new(3, Purpose::Initial, 0, 0);
        let (mut at_low, mut at_high) = (0, 0);
        for _ in 0..200 {
            let homeostat = Homeostat {
                slope: random.uniform() * 1e-3,
                set_point: 10.0 * random.uniform(),
                tau_ms: 100.0 + 2000.0 * random.uniform(),
                share: 0.5 + random.uniform(),
                low: 0.0,
                high: 5.0,
            };
            let (level, rate) = (5.0 * random.uniform(), 60.0 * random.uniform());
            let dt_ms = 3000.0 * random.uniform();
            let steps = 200_000;
            let (mut slow, h) = (level, dt_ms / f64::from(steps));
            for step in 0..steps {
                let r = rate * exp(-(f64::from(step) + 0.5) * h / homeostat.tau_ms);
                slow += h * homeostat.slope * (homeostat.set_point - homeostat.share * r);
                slow = slow.clamp(0.0, 5.0);
            }
            let fast = homeostat.after(level, rate, dt_ms);
            assert!(
                (fast - slow).abs() < 1e-6,
                "{homeostat:?} {level} {rate} {dt_ms}: {fast} {slow}"
            );
            at_low += u32::from(fast == 0.0);
            at_high += u32::from(fast == 5.0);
        }
        assert!(at_low > 5 && at_high > 5, "the bounds were hardly met: {at_low} {at_high}");
    }
}
