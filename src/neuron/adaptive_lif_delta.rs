//! `adaptive_lif_delta`: `lif_delta` with a gain that follows its drive through a bank of traces.

use super::gained::bank::{self, Banked, bank_page, threshold_page};
use super::gained::{Gained, Page};
use super::lif_delta::LifDelta;
use super::{Descriptor, Dynamics, Parameter, Variable};
use crate::base::Unit;

/// Where the controller's parameters begin.
const GAIN: usize = 7;

static PARAMETERS: [Parameter; GAIN + bank::PARAMETERS] =
    bank::parameters(LifDelta::DESCRIPTOR.parameters);
static VARIABLES: [Variable; 10] = bank::variables(LifDelta::DESCRIPTOR.variables, true, GAIN);

static DESCRIPTOR: Descriptor = Descriptor {
    name: "adaptive_lif_delta",
    summary: "lif_delta with a gain that follows its drive through a bank of traces",
    manual: concat!(
        "\
A leaky integrate-and-fire neuron with delta-shaped synaptic currents, which is `lif_delta` with its
tau_m, c_m, t_ref, e_l, v_reset, v_th and i_e,
",
        threshold_page!(events),
        "    a = (R i_e + U) / (v_th - e_l),  R = tau_m / c_m       the drive; tau_m dU/dt = -U
    U -> U + w       at every arrival, also of input that a refractory membrane discards

The drive is where input leads the membrane without spikes, in units of the way from rest to
threshold; `drift` is U in these units.
",
        bank_page!()
    ),
    parameters: &PARAMETERS,
    variables: &VARIABLES,
    input: Unit::Mv,
    check: bank::check_all::<Model>,
    current_for_period: None,
};

/// See the [manual page](Descriptor::manual).
pub type AdaptiveLifDelta = Gained<Banked<Model>>;

/// What tells it apart.
pub struct Model;

impl Page for Model {
    type Neuron = LifDelta;
    type Larger = Model;
    const PAGE: &'static Descriptor = &DESCRIPTOR;
}
