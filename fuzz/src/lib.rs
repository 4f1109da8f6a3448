//! What the fuzz targets do with their input, as plain functions. A panic is a finding.

pub mod content;
pub mod markdown;
pub mod receive;
