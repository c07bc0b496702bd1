//! What the experiments of the chapters leave out: faults, floods, signals,
//! and every promise of the listings that no page needs to show.

/// One thread: both routes, and who waits.
mod blocked;
/// The child of `fork`, spoken to directly over a socketpair.
mod child;
/// The primary and its workers: who answers, who dies, who is missed.
mod cluster;
/// The parent of `fork`: its children's deaths, its bound, its clients.
mod fork;
/// What every listing does with HTTP, with what is not HTTP, with a crowd.
mod http;
/// Wrong variables and a taken port, for every listing.
mod input;
/// The lab's own promises.
mod lab;
/// The programs for Node, flaws included, in the same lab.
mod node;
/// The programs that go past a listing.
mod stages;
/// Which request a printed start belongs to.
mod starts;
/// Programs started by hand, and what the kernel knows of them.
mod support;
/// Worker threads: their number, their bound, their panics.
mod workers;
