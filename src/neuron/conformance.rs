//! What every registered model must do.
