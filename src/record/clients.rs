//! Asks a listing as several clients do, step by step.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::row::Row;
use super::scenario::Step;
use super::trace::Connection;
use crate::lab::{self, Pending, Server, Signal};

/// A request on its way, and who sent it.
struct Asked {
    client: &'static str,
    connection: Connection,
    path: &'static str,
    pending: Pending,
}

/// Takes the steps one by one, and waits for all answers.
pub fn ask(
    server: &Server,
    steps: &[Step],
    pause: impl Fn(u64) -> Duration,
    begin: impl FnOnce(),
) -> Result<Vec<Row>> {
    let mut open = BTreeMap::new();
    for step in steps {
        if let Step::Open(client) = step {
            let connection = server.connect()?;
            connection.send("/fast-one")?.answer()?;
            open.insert(*client, connection);
        }
    }
    begin();
    let mut asked: Vec<Asked> = Vec::new();
    for step in steps {
        match *step {
            Step::Open(_) => {}
            Step::Send(client, path) => {
                let pending = server.send(path)?;
                let connection = Connection::Fresh;
                asked.push(Asked { client, connection, path, pending });
            }
            Step::SendKept(client, path) => {
                let kept = open.get(client);
                let kept = kept.with_context(|| {
                    format!("client {client} has no connection open")
                })?;
                let pending = kept.send(path)?;
                let connection = Connection::Kept;
                asked.push(Asked { client, connection, path, pending });
            }
            Step::Answered(client) => answered(server, &asked, client)?,
            Step::Kill(client) => kill_worker_of(server, &asked, client)?,
            Step::Pause(ms) => thread::sleep(pause(ms)),
        }
    }
    asked.into_iter().map(|one| row(server, one)).collect()
}

fn of<'a>(asked: &'a [Asked], client: &str) -> Result<&'a Asked> {
    let found = asked.iter().rev().find(|one| one.client == client);
    found.with_context(|| format!("client {client} has not asked"))
}

fn answered(server: &Server, asked: &[Asked], client: &str) -> Result<()> {
    let one = of(asked, client)?;
    server.wait_until("an answer", || Ok(one.pending.is_answered()))?;
    Ok(())
}

/// Kills the worker that said it started on the client's request, and waits
/// until the primary has said so.
fn kill_worker_of(
    server: &Server,
    asked: &[Asked],
    client: &str,
) -> Result<()> {
    let pid = worker_of(server, of(asked, client)?)?;
    let workers = server.children()?;
    let worker = workers.iter().find(|worker| worker.pid == pid);
    let worker = worker.with_context(|| format!("no worker {pid}"))?;
    worker.signal(Signal::SIGKILL)?;
    let died = format!("worker {pid} died");
    server.wait_for_line(|line| line.starts_with(&died))?;
    Ok(())
}

/// The process in the line that said that the work started.
fn worker_of(server: &Server, asked: &Asked) -> Result<u32> {
    let at = asked.pending.times().started_at;
    let lines = server.output();
    let line = lines.iter().find(|line| Some(line.at) == at);
    let line = line.with_context(|| {
        format!("the listing did not say who works for {}", asked.client)
    })?;
    let pid = line.text.split(' ').find_map(|word| word.parse().ok());
    pid.with_context(|| format!("no pid in {:?}", line.text))
}

/// Waits for the end of a request. One whose worker is killed ends without an
/// answer, and with the status 0.
fn row(server: &Server, asked: Asked) -> Result<Row> {
    server.wait_until("an end", || Ok(asked.pending.is_answered()))?;
    let times = asked.pending.times();
    let worker = worker_of(server, &asked).ok();
    let Asked { client, connection, path, pending } = asked;
    let (Some(sent), Some(ended)) = (times.sent_at, times.ended_at) else {
        bail!("{client} could not send {path}");
    };
    let row = Row {
        client: client.into(),
        connection,
        method: "GET".into(),
        path: path.into(),
        sent,
        started: times.started_at,
        answered: ended,
        status: 0,
        body: String::new(),
        pid: worker.unwrap_or_default(),
        thread: worker.unwrap_or_default(),
    };
    match pending.answer() {
        Ok(answer) => Ok(Row {
            answered: answer.answered_at,
            status: answer.status,
            body: answer.body,
            pid: answer.pid,
            thread: answer.thread,
            ..row
        }),
        Err(lab::Error::NoAnswer { .. }) if worker.is_some() => Ok(row),
        Err(error) => Err(error.into()),
    }
}
