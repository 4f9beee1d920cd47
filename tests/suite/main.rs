//! The integration tests, one binary: what the whole program promises, seen from outside.

mod differential;
mod network_problem;
mod random_network;
mod tidy;
