//! Random numbers that belong to things, not to threads.
//!
//! A [`Stream`] is named by (seed, purpose, entity, count): the weight of the third synapse of
//! neuron 17 is the same number whoever asks for it, and in whatever order. Raw bits come from
//! PCG64 (O'Neill 2014), whose output is fixed by its definition; the samplers are our own,
//! because those of general crates may change their values between minor releases.

use super::math;
use multiversion::multiversion;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng as _;

/// What a random number is for. The discriminants are part of the results: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Which neurons a projection connects.
    Connect = 1,
    /// Weights of synapses.
    Weight = 2,
    /// Delays of synapses.
    Delay = 3,
    /// Start values of state variables.
    Initial = 4,
    /// Parameters drawn neuron by neuron.
    Parameter = 5,
    /// Spikes of Poisson populations.
    PoissonSource = 6,
    /// Independent Poisson input.
    Background = 7,
    /// Whether a synapse is pruned.
    Prune = 8,
    /// Events that correlated sources share.
    SharedEvent = 9,
    /// Which sources copy a shared event, and where the copies fall.
    Copy = 10,
    /// When a neuron fires that does so at random.
    Firing = 11,
}

/// A sequence of random numbers that belongs to one entity.
#[derive(Clone, Debug)]
pub struct Stream(Pcg64);

/// Sebastiano Vigna's splitmix64 finaliser: every input bit reaches every output bit.
#[inline]
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// So many streams are drawn from at the same time.
pub const MANY: usize = 16;

/// The streams that differ in nothing but the entity, with what they have in common worked out.
#[derive(Clone, Copy, Debug)]
pub struct Streams(u64);

impl Streams {
    /// See [`Stream::new`].
    #[inline]
    pub fn new(seed: u64, purpose: Purpose, which: u64) -> Streams {
        let a = mix(seed.wrapping_add(GOLDEN.wrapping_mul(purpose as u64)));
        Streams(mix(a ^ mix(which.wrapping_add(GOLDEN))))
    }

    /// The stream of an entity.
    #[inline]
    pub fn of(self, entity: u64) -> Stream {
        self.keyed(self.keys(entity))
    }

    /// What the streams of [`MANY`] entities from `first` on give first: an exponential number
    /// ([`Stream::exponential`]), then a uniform one ([`Stream::uniform`]). The multiplications of one
    /// stream wait for each other; those of several run at the same time.
    pub fn exponentials_and_uniforms(
        self,
        first: u64,
        exponentials: &mut [f64; MANY],
        uniforms: &mut [f64; MANY],
    ) {
        let mut keys = [[0; MANY]; 3];
        keys_of(self, first, &mut keys);
        let [c, d, e] = &keys;
        for k in 0..MANY {
            let mut stream = self.keyed([c[k], d[k], e[k]]);
            (exponentials[k], uniforms[k]) = (stream.uniform_open(), stream.uniform());
        }
        exponentials_of(exponentials);
    }

    /// From the entity to the keys of its stream.
    #[inline(always)]
    fn keys(self, entity: u64) -> [u64; 3] {
        let c = mix(self.0 ^ mix(entity.wrapping_add(GOLDEN.wrapping_mul(3))));
        let d = mix(c.wrapping_add(GOLDEN));
        [c, d, mix(d.wrapping_add(GOLDEN))]
    }

    #[inline(always)]
    fn keyed(self, [c, d, e]: [u64; 3]) -> Stream {
        let state = (u128::from(self.0) << 64) | u128::from(c);
        let stream = (u128::from(d) << 64) | u128::from(e);
        Stream(Pcg64::new(state, stream))
    }
}

/// The keys of many streams. Compiled twice, the second time for processors with wider vectors.
#[multiversion(targets("x86_64+avx2"))]
fn keys_of(streams: Streams, first: u64, keys: &mut [[u64; MANY]; 3]) {
    let [c, d, e] = keys;
    for k in 0..MANY {
        [c[k], d[k], e[k]] = streams.keys(first.wrapping_add(k as u64));
    }
}

/// Makes exponential numbers of uniform ones. Compiled twice, the second time for processors with wider
/// vectors; neither rounds otherwise than the other.
#[multiversion(targets("x86_64+avx2"))]
fn exponentials_of(uniforms: &mut [f64; MANY]) {
    for value in uniforms {
        *value = -math::ln_in_loops(*value);
    }
}

impl Stream {
    /// The stream of `entity` for `purpose`; `which` tells several uses of one purpose apart
    /// (the number of a projection, of a background, of an epoch).
    #[inline]
    pub fn new(seed: u64, purpose: Purpose, which: u64, entity: u64) -> Stream {
        Streams::new(seed, purpose, which).of(entity)
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), on a lattice of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in (0, 1), never either end: the centre of one of 2^52 cells.
    #[inline]
    pub fn uniform_open(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// Uniform in 0..bound without bias (Lemire 2019, doi 10.1145/3230636). `bound` must not be 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        debug_assert!(bound > 0);
        let mut product = u128::from(self.bits()) * u128::from(bound);
        if (product as u64) < bound {
            let reject = bound.wrapping_neg() % bound;
            while (product as u64) < reject {
                product = u128::from(self.bits()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }

    /// Exponential with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -math::ln(self.uniform_open())
    }

    /// Standard normal, by inversion: one draw of bits for each value.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        standard_normal_quantile(self.uniform_open())
    }

    /// Fills a list with the next standard normal numbers, as [`Stream::normal`] would give them one by
    /// one. All are first taken for central ones, which 85 in 100 are, in a loop that becomes vector
    /// instructions; then the others are worked out together. `uniforms` is as long and lends its memory.
    pub fn normals(&mut self, normals: &mut [f64], uniforms: &mut [f64]) {
        for p in uniforms.iter_mut() {
            *p = self.uniform_open();
        }
        central_quantiles(uniforms, normals);
        for (normals, uniforms) in normals.chunks_mut(TAILS).zip(uniforms.chunks(TAILS)) {
            set_outer(uniforms, normals);
        }
    }

    /// Poisson with the given mean (>= 0, finite), exact at any size.
    ///
    /// Inversion by sequential search up to a mean of 16. A larger mean is halved: the sum of two
    /// independent Poisson numbers is one.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        debug_assert!(mean >= 0.0 && mean.is_finite());
        let parts = (mean / 16.0).ceil().max(1.0);
        let part_mean = mean / parts;
        let p_zero = math::exp(-part_mean);
        (0..parts as u64).map(|_| self.poisson_small(part_mean, p_zero)).sum()
    }

    fn poisson_small(&mut self, mean: f64, p_zero: f64) -> u64 {
        let mut u = self.uniform();
        let mut p = p_zero;
        let mut k = 0;
        // The sum of all probabilities rounds to slightly less than one; the bound ends the
        // search in the sliver above, where a further term would not change the sum.
        while u >= p && k < 200 {
            u -= p;
            k += 1;
            p *= mean / k as f64;
        }
        k
    }

    /// Number of failures before the first success of probability `p`, 0 < p <= 1.
    #[inline]
    pub fn geometric(&mut self, p: f64) -> u64 {
        if p >= 1.0 {
            return 0;
        }
        let failures = (math::ln(self.uniform_open()) / math::ln_1p(-p)).floor();
        if failures < u64::MAX as f64 { failures as u64 } else { u64::MAX }
    }
}

/// Quantile of the standard normal distribution, to about 1e-16 relative: algorithm AS 241,
/// PPND16 (Wichura 1988, doi 10.2307/2347330).
pub fn standard_normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= CENTRE { central_quantile(q) } else { outer_quantile(p) }
}

/// So far from the median the central formula holds.
const CENTRE: f64 = 0.425;

#[inline(always)]
fn central_quantile(q: f64) -> f64 {
    let r = 0.180_625 - q * q;
    q * polynomial(r, &CENTRE_OVER) / polynomial(r, &CENTRE_UNDER)
}

/// The central formula for a list, whether it holds or not. Compiled twice, the second time for processors
/// with wider vectors; neither rounds otherwise than the other.
#[multiversion(targets("x86_64+avx2"))]
fn central_quantiles(uniforms: &[f64], quantiles: &mut [f64]) {
    for (z, &p) in quantiles.iter_mut().zip(uniforms) {
        *z = central_quantile(p - 0.5);
    }
}

fn outer_quantile(p: f64) -> f64 {
    let tail = if p < 0.5 { p } else { 1.0 - p };
    let r = math::sqrt(-math::ln(tail));
    let value = if r <= FAR { middle_quantile(r) } else { far_quantile(r) };
    if p < 0.5 { -value } else { value }
}

/// Up to this root of the logarithm of the tail the formula for the middle holds: but for one number in 10^11.
const FAR: f64 = 5.0;

#[inline(always)]
fn middle_quantile(r: f64) -> f64 {
    polynomial(r - 1.6, &MIDDLE_OVER) / polynomial(r - 1.6, &MIDDLE_UNDER)
}

fn far_quantile(r: f64) -> f64 {
    polynomial(r - FAR, &TAIL_OVER) / polynomial(r - FAR, &TAIL_UNDER)
}

/// Of so many uniform numbers those in the tails are worked out together.
const TAILS: usize = 64;

/// Replaces the normal numbers of [`TAILS`] uniform ones at most that are not central.
fn set_outer(uniforms: &[f64], normals: &mut [f64]) {
    // Which they are nobody can foresee, so each is written and the count decides whether it stays.
    let (mut places, mut tails, mut count) = ([0u8; TAILS], [0.5; TAILS], 0);
    for (place, &p) in uniforms.iter().enumerate() {
        places[count] = place as u8;
        tails[count] = p.min(1.0 - p);
        count += usize::from((p - 0.5).abs() > CENTRE);
    }
    let mut values = [0.0; TAILS];
    middle_quantiles(&tails[..count], &mut values[..count]);
    for (&place, &value) in places[..count].iter().zip(&values) {
        let p = uniforms[place as usize];
        normals[place as usize] = match value {
            _ if value.is_nan() => outer_quantile(p),
            _ if p < 0.5 => -value,
            _ => value,
        };
    }
}

/// The quantiles above the median of these tails; no number for those that are far out. Compiled twice, the
/// second time for processors with wider vectors; neither rounds otherwise than the other.
#[multiversion(targets("x86_64+avx2"))]
fn middle_quantiles(tails: &[f64], quantiles: &mut [f64]) {
    for (z, &tail) in quantiles.iter_mut().zip(tails) {
        let r = (-math::ln_in_loops(tail)).sqrt();
        *z = if r <= FAR { middle_quantile(r) } else { f64::NAN };
    }
}

/// Horner's scheme, highest power last in `coefficients`.
#[inline(always)]
fn polynomial(x: f64, coefficients: &[f64; 8]) -> f64 {
    let [a, b, c, d, e, f, g, h] = *coefficients;
    ((((((h * x + g) * x + f) * x + e) * x + d) * x + c) * x + b) * x + a
}

const CENTRE_OVER: [f64; 8] = [
    3.387_132_872_796_366_5,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_3e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const CENTRE_UNDER: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_545e3,
];
const MIDDLE_OVER: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const MIDDLE_UNDER: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const TAIL_OVER: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const TAIL_UNDER: [f64; 8] = [
    1.0,
    5.998_322_065_558_88e-1,
    1.369_298_809_227_358e-1,
    1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(n: usize, mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let values: Vec<f64> = (0..n).map(|_| draw()).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n as f64;
        (mean, variance)
    }

    #[test]
    fn streams_are_named_by_every_part_of_their_key() {
        let first = |seed, purpose, which, entity| Stream::new(seed, purpose, which, entity).bits();
        let base = first(1, Purpose::Weight, 1, 1);
        assert_ne!(base, first(2, Purpose::Weight, 1, 1));
        assert_ne!(base, first(1, Purpose::Delay, 1, 1));
        assert_ne!(base, first(1, Purpose::Weight, 2, 1));
        assert_ne!(base, first(1, Purpose::Weight, 1, 2));
        assert_eq!(base, first(1, Purpose::Weight, 1, 1));
    }

    #[test]
    fn neighbouring_streams_are_uncorrelated() {
        let n = 100_000;
        let draws: Vec<f64> =
            (0..=n).map(|k| Stream::new(7, Purpose::Weight, 0, k).uniform() - 0.5).collect();
        let covariance =
            draws.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / n as f64 * 12.0;
        assert!(covariance.abs() < 5.0 / (n as f64).sqrt(), "{covariance}");
    }

    #[test]
    fn samplers_have_the_moments_of_their_distributions() {
        let n = 200_000;
        let mut s = Stream::new(3, Purpose::Initial, 0, 0);
        let close = |(mean, variance): (f64, f64), m: f64, v: f64| {
            let error = 5.0 * (v / n as f64).sqrt();
            assert!((mean - m).abs() < error, "mean {mean}, expected {m}");
            assert!((variance / v - 1.0).abs() < 0.03, "variance {variance}, expected {v}");
        };
        close(moments(n, || s.uniform()), 0.5, 1.0 / 12.0);
        close(moments(n, || s.exponential()), 1.0, 1.0);
        close(moments(n, || s.normal()), 0.0, 1.0);
        for mean in [0.3, 5.0, 16.0, 61.7] {
            close(moments(n, || s.poisson(mean) as f64), mean, mean);
        }
        close(moments(n, || s.geometric(0.2) as f64), 4.0, 20.0);
        close(moments(n, || s.below(10) as f64), 4.5, 8.25);
    }

    #[test]
    fn many_normal_numbers_are_those_of_one_by_one() {
        let stream = || Stream::new(3, Purpose::Weight, 1, 2);
        let (mut one, mut many) = (stream(), stream());
        for length in 0..300 {
            let (mut found, mut uniforms) = (vec![0.0; length], vec![0.0; length]);
            many.normals(&mut found, &mut uniforms);
            let expected: Vec<f64> = (0..length).map(|_| one.normal()).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_numbers_of_many_streams_are_those_of_each() {
        let (mut exponentials, mut uniforms) = ([0.0; MANY], [0.0; MANY]);
        for round in 0..1000 {
            let (seed, first) = (mix(round), mix(!round) >> (round % 64));
            let streams = Streams::new(seed, Purpose::Firing, 2);
            streams.exponentials_and_uniforms(first, &mut exponentials, &mut uniforms);
            for k in 0..MANY {
                let mut one = Stream::new(seed, Purpose::Firing, 2, first.wrapping_add(k as u64));
                let expected = [one.exponential(), one.uniform()].map(f64::to_bits);
                assert_eq!([exponentials[k], uniforms[k]].map(f64::to_bits), expected);
            }
        }
    }

    /// All in the tails, some of them far out, and none.
    #[test]
    fn numbers_in_the_tails_are_those_of_one_by_one() {
        let far =
            [1e-16, 1e-12, 1.3e-11, 1.5e-11, 0.01, 0.074, 0.076, 0.5, 0.92, 0.93, 1.0 - 1e-12];
        for first in 0..far.len() {
            for step in 0..far.len() {
                let uniforms: [f64; TAILS] =
                    std::array::from_fn(|k| far[(first + k * step) % far.len()]);
                let (mut all, mut found) = (uniforms, [0.0; TAILS]);
                central_quantiles(&uniforms, &mut found);
                set_outer(&uniforms, &mut found);
                all.iter_mut().for_each(|p| *p = standard_normal_quantile(*p));
                assert_eq!(found.map(f64::to_bits), all.map(f64::to_bits));
            }
        }
    }

    #[test]
    fn the_normal_quantile_is_right_at_known_points() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.841_344_746_068_542_9, 1.0),
            (1e-10, -6.361_340_902_404_056),
            (0.001, -3.090_232_306_167_813_5),
        ] {
            assert!((standard_normal_quantile(p) - z).abs() < 1e-12, "{p}");
        }
    }
}
