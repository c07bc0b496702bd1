//! What the experiments in the chapters leave out, against the real listings:
//! faults, floods, signals, bad input, and the same programs for Node.

mod blocked; // One thread, one request at a time.
mod cluster; // Deaths, signals, and what a primary is.
mod fork; // The child's role, and all the ways in which it can fail.
mod http; // What every listing does with HTTP, and with what is none.
mod input; // What every listing says to a bad variable or a taken port.
mod lab; // What the lab itself promises.
mod node; // Each node.js, its flaws included.
mod support; // Programs that are started without the lab.
mod workers; // Threads that come, panic and go.
