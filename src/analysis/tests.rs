//! Closed forms against each other, and claims about pruning that are quick to try. The long ones
//! are in `examples/noise_prune_claims.rs`.

use super::network::{cliques, clustered, directed, independent, is_bridge, shuffled};
use super::prune::{bulk_range, entries, expected_range, guaranteed_kappa};
use super::spectrum::Modes;
use super::*;

const SIGMA2: f64 = 0.7;

fn noise(a: &Matrix) -> Vec<f64> {
    vec![SIGMA2; a.nrows()]
}

/// The largest entry of A C + C A^T + Q beside the largest of Q.
fn residual(a: &Matrix, c: &Matrix, q: &[f64]) -> f64 {
    let rest = a * c + c * a.transpose() + Matrix::from_diagonal(&q.to_vec().into());
    rest.amax() / q.iter().fold(0.0, |m: f64, q| m.max(*q))
}

fn rule(policy: Policy, keep: f64, seed: u64) -> Pruning {
    Pruning { policy, diagonal: Diagonal::RowSum, keep, seed }
}

/// A network of few neurons with which the closed forms can be tried.
fn small() -> Matrix {
    clustered(&[40, 10, 30], 120, 3)
}

/// Prunes by a rule, with the network's own covariance.
fn pruned(a: &Matrix, pruning: &Pruning) -> Matrix {
    let c = covariance(a, &noise(a)).unwrap();
    prune(a, &probabilities(a, &c, pruning), pruning)
}

/// How wide the range of generalised eigenvalues is.
fn width(pruned: &Matrix, a: &Matrix) -> f64 {
    let [low, high] = generalised_eigenvalues(pruned, a).unwrap();
    high - low
}

#[test]
fn all_three_forms_solve_the_equation() {
    let symmetric = small();
    // A rotation with decay is normal: x' = -x + y, y' = -x - y, three times over.
    let mut normal = Matrix::identity(6, 6) * -1.0;
    for k in [0, 2, 4] {
        (normal[(k, k + 1)], normal[(k + 1, k)]) = (2.0, -2.0);
    }
    let general = directed(3, 15, 2, 0.01, 1);
    for (a, form) in
        [(symmetric, Shape::Symmetric), (normal, Shape::Normal), (general, Shape::General)]
    {
        assert_eq!(shape(&a), form);
        let isotropic = covariance(&a, &noise(&a)).unwrap();
        assert!(residual(&a, &isotropic, &noise(&a)) < 1e-9, "{form:?}");
        // Another noise for each neuron takes the general way, whatever the matrix.
        let uneven: Vec<f64> = (0..a.nrows()).map(|i| 0.5 + 0.1 * (i % 7) as f64).collect();
        let c = covariance(&a, &uneven).unwrap();
        assert!(residual(&a, &c, &uneven) < 1e-9, "{form:?}");
        assert!(residual(&a, &isotropic, &uneven) > 1e-2, "{form:?}: the check sees nothing");
    }
}

#[test]
fn a_matrix_without_all_its_eigenvectors_is_no_exception() {
    let a = Matrix::from_row_slice(2, 2, &[-1.0, 1.0, 0.0, -1.0]);
    // By hand: c22 = 1/2, c12 = 1/4, c11 = 3/4.
    let c = covariance(&a, &[1.0, 1.0]).unwrap();
    let exact = Matrix::from_row_slice(2, 2, &[0.75, 0.25, 0.25, 0.5]);
    assert!((c - exact).amax() < 1e-13);
}

#[test]
fn networks_that_run_away_are_refused_with_their_rate() {
    let symmetric = Matrix::from_row_slice(2, 2, &[-1.0, 2.0, 2.0, -1.0]);
    let Err(AnalysisError::Unstable(rate)) = covariance(&symmetric, &[1.0; 2]) else {
        panic!("let through")
    };
    assert!((rate - 1.0).abs() < 1e-12, "{rate}");
    let general = Matrix::from_row_slice(2, 2, &[0.5, 2.0, 0.0, -1.0]);
    let Err(AnalysisError::Unstable(rate)) = covariance(&general, &[1.0; 2]) else {
        panic!("let through")
    };
    assert!((rate - 0.5).abs() < 1e-12, "{rate}");
    assert_eq!(fidelity(&general, &small()), Err(AnalysisError::Sizes(80, 2)));
}

/// B-1: exact diagonal dominance.
#[test]
fn leverages_add_up_to_the_number_of_neurons() {
    for seed in 0..5 {
        let a = clustered(&[100, 20, 80], 500, seed);
        let c = covariance(&a, &noise(&a)).unwrap();
        let sum = leverage_sum(&a, &c, SIGMA2);
        // The diagonal takes part by N minus the slack's share, and here there is no slack.
        assert!((sum / 200.0 - 1.0).abs() < 1e-9, "{sum}");
        // With slack it is less, by the slack times the diagonal of the inverse.
        let loose = &a - Matrix::identity(200, 200) * 0.05;
        let c = covariance(&loose, &noise(&a)).unwrap();
        let share: f64 = (0..200).map(|i| 0.05 * c[(i, i)] * 2.0 / SIGMA2).sum();
        let sum = leverage_sum(&loose, &c, SIGMA2);
        assert!(((sum + share) / 200.0 - 1.0).abs() < 1e-9 && share > 1.0, "{sum} {share}");
    }
}

/// B-2: 1,000 draws.
#[test]
fn a_pruned_matrix_is_right_on_average_and_keeps_its_slack() {
    let a = small();
    let (n, draws) = (a.nrows(), 1000);
    for policy in [Policy::Noise, Policy::Weight, Policy::Uniform] {
        let c = covariance(&a, &noise(&a)).unwrap();
        let p = probabilities(&a, &c, &rule(policy, 0.3, 0));
        let mut mean = Matrix::zeros(n, n);
        for seed in 0..draws {
            let pruned = prune(&a, &p, &rule(policy, 0.3, seed));
            assert!(pruned == pruned.transpose(), "seed {seed}");
            for i in 0..n {
                assert!(dynamics::slack(&pruned, i).abs() < 1e-12, "seed {seed}");
            }
            mean += pruned / draws as f64;
        }
        for i in 0..n {
            for j in (0..i).filter(|&j| a[(i, j)] != 0.0) {
                let (w, p) = (a[(i, j)], p[(i, j)]);
                let sd = w.abs() * ((1.0 - p) / p / draws as f64).sqrt();
                let z = (mean[(i, j)] - w) / sd.max(1e-12 * w.abs());
                // A rare survivor's mean is not normal: judge those that survive ten times.
                assert!(z.abs() < 5.0 || p * (draws as f64) < 10.0, "{policy:?} {i} {j}: {z}");
            }
        }
    }
}

/// B-4 with two nets of N = 250 in place of five of 500, and without the course in time: the
/// widths are relative to the controls', so the claim keeps its meaning. B-10 likewise.
#[test]
fn noise_beats_its_controls_and_a_wrong_covariance_does_not() {
    let keep = 0.2;
    let mut widths = [0.0; 5];
    for seed in 0..2 {
        let a = clustered(&[125, 25, 100], 625, seed);
        let c = covariance(&a, &noise(&a)).unwrap();
        let noise = rule(Policy::Noise, keep, seed + 100);
        let ways = [
            (noise, c.clone()),
            (rule(Policy::Weight, keep, seed + 100), c.clone()),
            (rule(Policy::Uniform, keep, seed + 100), c.clone()),
            (noise, shuffled(&c, seed)),
            (noise, independent(250)),
        ];
        for (sum, (pruning, c)) in widths.iter_mut().zip(ways) {
            *sum += width(&prune(&a, &probabilities(&a, &c, &pruning), &pruning), &a);
        }
    }
    let [noise, weight, uniform, shuffled, independent] = widths;
    assert!(noise <= 0.7 * weight && noise <= 0.7 * uniform, "{widths:?}");
    assert!(shuffled >= weight, "{widths:?}");
    assert!((independent / weight - 1.0).abs() < 0.15, "{widths:?}");
}

/// B-5, at N = 400.
#[test]
fn generalised_eigenvalues_lie_where_theory_puts_them() {
    for (keep, seed) in [(0.8, 1), (0.5, 2), (0.2, 3)] {
        let a = clustered(&[200, 40, 160], 1000, seed);
        let thin = pruned(&a, &rule(Policy::Noise, keep, seed));
        let (kept, n) = (entries(&thin) as f64, a.nrows() as f64);
        let kappa = kept / 2.0 / n;
        assert!(kappa >= 7.0, "{kappa}");
        let found = generalised_eigenvalues(&thin, &a).unwrap();
        let expected = expected_range(a.nrows(), kappa, kept / entries(&a) as f64);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 0.15, "{keep}: {found} {expected}");
        }
    }
    assert!((guaranteed_kappa(500, 0.5, 0.01) - 138.155_105_579_6).abs() < 1e-6);
}

/// Worked out by hand for 2000 neurons that keep 35.4 synapses of 505.7: s = 0.1621, z = 3.392, and 0.2625
/// for the skewness.
#[test]
fn the_luckiest_neuron_lies_beyond_the_bulk() {
    let [low, high] = expected_range(2000, 17.7, 0.07);
    assert!((low - 0.441).abs() < 1e-3 && (high - 1.637).abs() < 1e-3, "{low} {high}");
    let bulk = bulk_range(17.7, 0.07);
    assert!(low < bulk[0] && high > bulk[1]);
    // A neuron can lose all that it has, and not more; nothing pruned moves nothing.
    assert_eq!(expected_range(2000, 0.5, 0.01)[0], 0.0);
    assert_eq!(expected_range(2000, 50.0, 1.0), [1.0, 1.0]);
}

/// B-6: 100 draws at 10 %, N = 100.
#[test]
fn with_its_row_sums_a_pruned_network_never_runs_away() {
    let a = clustered(&[50, 10, 40], 250, 4);
    let c = covariance(&a, &noise(&a)).unwrap();
    let mut runaways = [0, 0];
    for seed in 0..100 {
        for (place, diagonal) in [Diagonal::RowSum, Diagonal::Original].into_iter().enumerate() {
            let pruning = Pruning { diagonal, ..rule(Policy::Weight, 0.1, seed) };
            let thin = prune(&a, &probabilities(&a, &c, &pruning), &pruning);
            runaways[place] += u32::from(eigenvalues(&thin).unwrap()[0].re > 1e-12);
        }
    }
    assert_eq!(runaways[0], 0);
    assert!(runaways[1] > 50, "the original diagonal is not safe: {runaways:?}");
}

/// B-11 with five draws; the example takes thirty.
#[test]
fn bridges_between_cliques_survive_by_their_covariance() {
    let a = cliques(3, 100, 2, 5e-4, 1);
    let share = |policy| {
        let mut kept = 0;
        for seed in 0..5 {
            let thin = pruned(&a, &rule(policy, 0.2, seed));
            for i in 0..300 {
                kept += (0..i).filter(|&j| is_bridge(100, i, j) && thin[(i, j)] != 0.0).count();
            }
        }
        kept as f64 / 30.0
    };
    let noise = share(Policy::Noise);
    assert!(noise >= 0.9, "{noise}");
    for policy in [Policy::Variance, Policy::Weight, Policy::Uniform] {
        let control = share(policy);
        assert!(control <= 0.5, "{policy:?}: {control}");
    }
}

#[test]
fn nothing_pruned_is_nothing_changed() {
    let a = small();
    let c = covariance(&a, &noise(&a)).unwrap();
    let all = rule(Policy::Uniform, 1.0, 0);
    let same = prune(&a, &probabilities(&a, &c, &all), &all);
    assert_eq!(same, a);
    let kept = Modes::of(&a).unwrap().kept_by(&same).unwrap();
    assert_eq!(kept.eps_lambda, [0.0, 0.0]);
    assert!(kept.eps_v.unwrap()[1] < 1e-9 && kept.cos.unwrap()[1] > 1.0 - 1e-9, "{kept:?}");
    let [low, high] = kept.generalised.unwrap();
    assert!((low - 1.0).abs() < 1e-9 && (high - 1.0).abs() < 1e-9);
    let course = Course { steps: 200, ..Course::published(1) };
    let ends = course.ends(&[&a, &same]);
    assert_eq!(relative_error(&ends[1], &ends[0]), 0.0);
}

/// Without noise the course of a mode is known: e^(lambda t) in small steps.
#[test]
fn a_course_without_noise_follows_its_modes() {
    let a = Matrix::from_row_slice(2, 2, &[-1.0, 0.5, 0.5, -1.0]);
    let still = Course { sigma: 0.0, drive: 0.0, dt: 1e-4, steps: 10_000, ..Course::published(5) };
    let start = Course { steps: 0, ..still }.ends(&[&a]).remove(0);
    let end = still.ends(&[&a]).remove(0);
    let (sum, difference) = (start[0] + start[1], start[0] - start[1]);
    let expected = [sum * (-0.5f64).exp(), difference * (-1.5f64).exp()];
    assert!((end[0] + end[1] - expected[0]).abs() < 1e-4, "{end}");
    assert!((end[0] - end[1] - expected[1]).abs() < 1e-4, "{end}");
    // With a constant drive both states go to 2 times it; cut off at zero the input is the same.
    for rectified in [false, true] {
        let driven = Course { drive: 0.1, steps: 200_000, rectified, ..still };
        let end = driven.ends(&[&a]).remove(0);
        assert!((end[0] - 0.2).abs() < 1e-4 && (end[1] - 0.2).abs() < 1e-4, "{rectified}: {end}");
    }
}
