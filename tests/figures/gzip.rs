//! How much goes over the wire.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The bytes that are left of a file when a server compresses it, as servers
/// usually do.
pub fn gzip(bytes: &[u8]) -> usize {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::new(6));
    gzip.write_all(bytes).expect("there is memory");
    // A font is compressed already.
    gzip.finish().expect("there is memory").len().min(bytes.len())
}
