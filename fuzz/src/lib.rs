//! What the fuzz targets check, as functions of bytes: see `README.md`.

pub mod checks;
pub mod peers;
