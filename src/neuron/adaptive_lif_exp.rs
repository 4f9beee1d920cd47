//! `adaptive_lif_exp`: `lif_exp` with a gain that follows its drive through a bank of traces.

use super::gained::bank::{self, Banked, bank_page, threshold_page};
use super::gained::{Gained, Page};
use super::lif_exp::LifExp;
use super::{Descriptor, Dynamics, Parameter, Variable};
use crate::base::Unit;

/// Where the controller's parameters begin.
const GAIN: usize = 9;

static PARAMETERS: [Parameter; GAIN + bank::PARAMETERS] =
    bank::parameters(LifExp::DESCRIPTOR.parameters);
static VARIABLES: [Variable; 11] = bank::variables(LifExp::DESCRIPTOR.variables, false, GAIN);

static DESCRIPTOR: Descriptor = Descriptor {
    name: "adaptive_lif_exp",
    summary: "lif_exp with a gain that follows its drive through a bank of traces",
    manual: concat!(
        "\
A leaky integrate-and-fire neuron with exponential synaptic currents, which is `lif_exp` with its
tau_m, c_m, t_ref, e_l, v_reset, v_th, tau_syn_ex, tau_syn_in and i_e,
",
        threshold_page!(events),
        "    a = R (i_e + i_syn_ex + i_syn_in) / (v_th - e_l),  R = tau_m / c_m     the drive

The drive is where the present currents lead the membrane, in units of the way from rest to
threshold.
",
        bank_page!()
    ),
    parameters: &PARAMETERS,
    variables: &VARIABLES,
    input: Unit::Pa,
    check: bank::check_all::<Model>,
    current_for_period: None,
};

/// See the [manual page](Descriptor::manual).
pub type AdaptiveLifExp = Gained<Banked<Model>>;

/// What tells it apart.
pub struct Model;

impl Page for Model {
    type Neuron = LifExp;
    type Larger = Model;
    const PAGE: &'static Descriptor = &DESCRIPTOR;
}
