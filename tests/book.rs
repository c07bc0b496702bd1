//! Every code block of every page, compiled and run.

include!(concat!(env!("OUT_DIR"), "/skeptic-tests.rs"));
