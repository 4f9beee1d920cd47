//! What is played as a standard MIDI file, so that it can be heard.
//!
//! A neuron is a key, down while its rate is above half of the largest that is taught. 10 ms of the
//! network are an element of the score, a sixteenth or so: played as fast as the network does it, the song
//! would be over in a quarter of a second, so it is slowed down.

/// The keys of the visible neurons, as MIDI numbers: E5, D#5, D5, C5, B4, A4, E4, C4, A3, G#3, E3, A2 and E2.
/// Which neuron is which note is read off the order of the song.
pub const KEYS: [u8; 13] = [76, 75, 74, 72, 71, 69, 64, 60, 57, 56, 52, 45, 40];

/// Ticks of the file for a ms of the network: at 480 ticks in half a second, one ms lasts 20.8 ms.
const TICKS_PER_MS: usize = 20;
/// Ticks in a quarter note, which lasts half a second.
const PER_QUARTER: u16 = 480;
/// Keys that are down for less are no notes, in ms.
const SHORTEST_MS: usize = 3;

/// The file. `rates` are given ms by ms, neuron by neuron; `full` is the largest that is taught.
pub fn file(rates: &[f64], neurons: usize, full: f64) -> Vec<u8> {
    let mut track = vec![0x00, 0xff, 0x51, 0x03, 0x07, 0xa1, 0x20];
    let mut now = 0;
    for (at, message) in messages(rates, neurons, full) {
        delta(&mut track, (at - now) as u32);
        track.extend(message);
        now = at;
    }
    track.extend([0x00, 0xff, 0x2f, 0x00]);
    let mut file = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01".to_vec();
    file.extend(PER_QUARTER.to_be_bytes());
    file.extend(b"MTrk");
    file.extend((track.len() as u32).to_be_bytes());
    file.extend(track);
    file
}

/// Keys going down and up: tick and message, in order; at one tick those that go up come first.
fn messages(rates: &[f64], neurons: usize, full: f64) -> Vec<(usize, [u8; 3])> {
    let steps = rates.len() / neurons;
    let mut messages = Vec::new();
    for (neuron, &key) in (0..neurons).zip(&KEYS) {
        let is_down = |step: usize| step < steps && rates[step * neurons + neuron] > full / 2.0;
        let mut step = 0;
        while step < steps {
            let end = (step..=steps).find(|&k| is_down(k) != is_down(step)).unwrap_or(steps);
            if is_down(step) && end - step >= SHORTEST_MS {
                messages.push((step * TICKS_PER_MS, [0x90, key, 96]));
                messages.push((end * TICKS_PER_MS, [0x80, key, 0]));
            }
            step = end.max(step + 1);
        }
    }
    messages.sort_unstable();
    messages
}

/// A number of ticks in groups of seven bits, the highest first.
fn delta(track: &mut Vec<u8>, ticks: u32) {
    let groups = (32 - ticks.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let more = if group > 0 { 0x80 } else { 0 };
        track.push((ticks >> (7 * group) & 0x7f) as u8 | more);
    }
}
