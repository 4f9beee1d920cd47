//! Pictures as SVG: a raster with rates, recorded traces, numbers of synapses, and curves of
//! measurements.
//!
//! The pictures are written directly: dots of one colour share one path of about ten bytes a
//! dot, at a hundredth of a pixel, which keeps a raster of tens of thousands of spikes sharp and
//! below a megabyte. Nothing but the data decides the bytes.

pub mod axis;
pub mod curves;
pub mod raster;
pub mod svg;
pub mod synapses;
pub mod trace;

pub use curves::{Curve, Curves, curves};
pub use raster::{RasterOptions, raster};
pub use synapses::synapses;
pub use trace::{TraceOptions, traces};

/// Colours that people with any colour vision can tell apart (Okabe and Ito 2008, without the
/// yellow, which vanishes on white).
pub const PALETTE: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d4d4d"];

/// The colour of the population or neuron with this place.
pub fn colour(place: usize) -> &'static str {
    PALETTE[place % PALETTE.len()]
}
