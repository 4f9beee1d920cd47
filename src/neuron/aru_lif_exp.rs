//! `aru_lif_exp`: `lif_exp` with a gain that follows its drive through a recurrent network at ticks.

use super::gained::bank::threshold_page;
use super::gained::network::{self, Networked, network_page};
use super::gained::{Gained, Page};
use super::lif_exp::LifExp;
use super::{Descriptor, Dynamics, Parameter, Variable};
use crate::base::Unit;

/// Where the controller's parameters begin.
const GAIN: usize = 9;

static PARAMETERS: [Parameter; GAIN + network::PARAMETERS] =
    network::parameters(LifExp::DESCRIPTOR.parameters);
static VARIABLES: [Variable; 5] = network::variables(LifExp::DESCRIPTOR.variables, false, GAIN);

static DESCRIPTOR: Descriptor = Descriptor {
    name: "aru_lif_exp",
    summary: "lif_exp with a gain that follows its drive through a recurrent network at ticks",
    manual: concat!(
        "\
A leaky integrate-and-fire neuron with exponential synaptic currents, which is `lif_exp` with its
tau_m, c_m, t_ref, e_l, v_reset, v_th, tau_syn_ex, tau_syn_in and i_e,
",
        threshold_page!(ticks),
        "    a = R (i_e + i_syn_ex + i_syn_in) / (v_th - e_l),  R = tau_m / c_m     the drive

The drive is where the present currents lead the membrane, in units of the way from rest to
threshold.
",
        network_page!()
    ),
    parameters: &PARAMETERS,
    variables: &VARIABLES,
    input: Unit::Pa,
    check: network::check_all::<Model>,
    current_for_period: None,
};

/// See the [manual page](Descriptor::manual).
pub type AruLifExp = Gained<Networked<Model>>;

/// What tells it apart.
pub struct Model;

impl Page for Model {
    type Neuron = LifExp;
    type Larger = Model;
    const PAGE: &'static Descriptor = &DESCRIPTOR;
}
