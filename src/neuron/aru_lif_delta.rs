//! `aru_lif_delta`: `lif_delta` with a gain that follows its drive through a recurrent network at ticks.

use super::gained::bank::threshold_page;
use super::gained::network::{self, Networked, network_page};
use super::gained::{Gained, Page};
use super::lif_delta::LifDelta;
use super::{Descriptor, Dynamics, Parameter, Variable};
use crate::base::Unit;

/// Where the controller's parameters begin.
const GAIN: usize = 7;

static PARAMETERS: [Parameter; GAIN + network::PARAMETERS] =
    network::parameters(LifDelta::DESCRIPTOR.parameters);
static VARIABLES: [Variable; 4] = network::variables(LifDelta::DESCRIPTOR.variables, true, GAIN);

static DESCRIPTOR: Descriptor = Descriptor {
    name: "aru_lif_delta",
    summary: "lif_delta with a gain that follows its drive through a recurrent network at ticks",
    manual: concat!(
        "\
A leaky integrate-and-fire neuron with delta-shaped synaptic currents, which is `lif_delta` with its
tau_m, c_m, t_ref, e_l, v_reset, v_th and i_e,
",
        threshold_page!(ticks),
        "    a = (R i_e + U) / (v_th - e_l),  R = tau_m / c_m       the drive; tau_m dU/dt = -U
    U -> U + w       at every arrival, also of input that a refractory membrane discards

The drive is where input leads the membrane without spikes, in units of the way from rest to
threshold; `drift` is U in these units.
",
        network_page!()
    ),
    parameters: &PARAMETERS,
    variables: &VARIABLES,
    input: Unit::Mv,
    check: network::check_all::<Model>,
    current_for_period: None,
};

/// See the [manual page](Descriptor::manual).
pub type AruLifDelta = Gained<Networked<Model>>;

/// What tells it apart.
pub struct Model;

impl Page for Model {
    type Neuron = LifDelta;
    type Larger = Model;
    const PAGE: &'static Descriptor = &DESCRIPTOR;
}
