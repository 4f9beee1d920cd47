//! `adaptive_glif`: `glif` with a gain that follows its drive through a bank of traces.

use super::gained::bank::{self, Banked, bank_page, threshold_page};
use super::gained::{Gained, Page};
use super::glif::{Few, Generalised, Glif, Many, Slots};
use super::{Descriptor, Dynamics, Parameter, Variable};
use crate::base::Unit;
use std::marker::PhantomData;

/// Where the controller's parameters begin.
const GAIN: usize = 15;

static PARAMETERS: [Parameter; GAIN + bank::PARAMETERS] =
    bank::parameters(Glif::DESCRIPTOR.parameters);
static VARIABLES: [Variable; 13] = bank::variables(Glif::DESCRIPTOR.variables, false, GAIN);

static DESCRIPTOR: Descriptor = Descriptor {
    name: "adaptive_glif",
    summary: "glif with a gain that follows its drive through a bank of traces",
    manual: concat!(
        "\
A generalised leaky integrate-and-fire neuron, which is `glif` with its tau_m, c_m, t_ref, e_l,
v_reset, v_th, tau_syn_ex, tau_syn_in, t_silent, v_keep, asc_jump, tau_asc, th_jump, tau_th and i_e,
",
        threshold_page!(events),
        "    a = R (i_e + i_syn_ex + i_syn_in) / (v_th - e_l),  R = tau_m / c_m     the drive

The drive is where the present input leads the membrane, in units of the way from rest to threshold;
spike-triggered currents are no part of it. Components of the threshold are divided by n with the
rest: it is reached where n (V - e_l) = v_th - e_l + sum th_k.
",
        bank_page!()
    ),
    parameters: &PARAMETERS,
    variables: &VARIABLES,
    input: Unit::Pa,
    check: bank::check_all::<Model<Few>>,
    current_for_period: None,
};

/// See the [manual page](Descriptor::manual).
pub type AdaptiveGlif = Gained<Banked<Model<Few>>>;

/// What tells it apart, with room of one kind for the neuron's components.
pub struct Model<S>(PhantomData<fn() -> S>);

impl<S: Slots> Page for Model<S> {
    type Neuron = Generalised<S>;
    type Larger = Model<Many>;
    const PAGE: &'static Descriptor = &DESCRIPTOR;
}
