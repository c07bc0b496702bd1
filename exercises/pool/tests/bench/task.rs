//! The threads of a server, as the kernel sees them.

use std::fs;

use unblocked::grade::Failure;
use unblocked::lab::Server;

/// A thread, as it was when it was looked at.
#[derive(PartialEq, Eq)]
pub struct Task {
    pub tid: u32,
    /// One letter from `proc_pid_stat(5)`: `R` runs, `S` sleeps.
    pub state: char,
    /// How often it has stopped running, of its own accord or not. The number
    /// stays as it is while it sleeps.
    switches: u64,
}

/// All threads of the server.
pub fn tasks(server: &Server) -> Result<Vec<Task>, Failure> {
    let pid = server.pid();
    let threads = server.threads()?;
    let tasks = threads.into_iter().filter_map(|thread| task(pid, thread.tid));
    let tasks: Vec<Task> = tasks.collect();
    if tasks.iter().any(|task| task.tid == pid && task.state == 'Z') {
        return Err(Failure::new(
            "the server has ended",
            "what ends a whole process, and not only a thread?",
        )
        .with_scene(server.stderr().join("\n")));
    }
    Ok(tasks)
}

/// Nothing, if it has ended just now.
fn task(pid: u32, tid: u32) -> Option<Task> {
    let path = format!("/proc/{pid}/task/{tid}/status");
    let status = fs::read_to_string(path).ok()?;
    let fields = status.lines().filter_map(|line| line.split_once(":\t"));
    let (mut state, mut switches) = ('?', 0);
    for (name, value) in fields {
        match name {
            "State" => state = value.chars().next()?,
            "voluntary_ctxt_switches" | "nonvoluntary_ctxt_switches" => {
                switches += value.trim().parse::<u64>().ok()?;
            }
            _ => {}
        }
    }
    Some(Task { tid, state, switches })
}
