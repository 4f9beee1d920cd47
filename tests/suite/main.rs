//! The integration tests, one binary: what the whole program promises, seen from outside.

mod adaptation;
mod archive;
mod bad_input;
mod command_line;
mod components;
mod differential;
mod elise;
mod failing_worker;
mod hawkes;
mod invariance;
mod mutation;
mod network_problem;
mod plasticity;
mod program;
mod random_network;
mod reserve;
mod restart;
mod shipped;
mod snapshots;
mod tidy;
