use std::process::{Child, Command};

use escargot::CargoBuild;

/// A process of its own group that the lab does not know. Dropping it kills
/// the group and reaps its leader.
pub struct Group(pub Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = nix::unistd::Pid::from_raw(self.0.id() as i32);
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// The program of a listing, as the lab builds it, for tests that must start
/// it in another way.
pub fn program(listing: &str) -> Command {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/listings");
    let built = CargoBuild::new()
        .manifest_path(format!("{manifest}/{listing}/Cargo.toml"))
        .bin(listing)
        .run()
        .expect("the listing compiles");
    Command::new(built.path())
}
