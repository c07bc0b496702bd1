//! What is recorded: a scenario is a few lines of data.
//!
//! The order of the steps is an order of events: a slow request is sent, and
//! the next step comes when the listing has said that it is at work. A
//! [`Step::Pause`] is what a reader at two terminals needs anyway; nothing
//! depends on it but the look of the figure.

mod all;

pub use all::ALL;

/// A run to be performed, and what it shows.
#[derive(Debug)]
pub struct Scenario {
    /// Its name, and that of its files in `book/recorded/`.
    pub name: &'static str,
    /// What it shows, in a few words: the figure's title.
    pub title: &'static str,
    /// The listing, as in `listings/NAME`.
    pub listing: &'static str,
    /// Its stage, as in `src/bin/STAGE.rs`; nothing for `src/main.rs`.
    pub stage: Option<&'static str>,
    /// What a reader sets to see the same.
    pub variables: &'static [(&'static str, &'static str)],
    /// Who asks.
    pub asks: Asks,
}

/// Who asks the listing.
#[derive(Clone, Copy, Debug)]
pub enum Asks {
    /// Clients of the lab's own, each with its connection.
    Clients(&'static [Step]),
    /// Three tabs of one Chromium, all at once.
    Tabs(Tabs),
}

/// One thing that happens. The first word is always a client's name.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Opens a connection and gets a fast answer on it, which is no part of
    /// the run yet.
    Open(&'static str),
    /// Sends a request on a connection that opens with it.
    Send(&'static str, &'static str),
    /// Sends a request on the connection that is open.
    SendKept(&'static str, &'static str),
    /// Waits for the client's answer.
    Answered(&'static str),
    /// Kills the process that works for the client, and waits until the
    /// listing has said so.
    Kill(&'static str),
    /// Lets some milliseconds pass, of a block of five seconds.
    Pause(u64),
}

/// How the tabs ask.
#[derive(Clone, Copy, Debug)]
pub enum Tabs {
    /// Each goes to the URL, as if a reader typed it.
    SameUrl,
    /// Each goes to the URL with a query of its own.
    OtherQuery,
    /// Each has a page of the server open, whose script fetches the URL with
    /// `cache: 'no-store'`.
    FetchNoStore,
    /// The same with the method POST.
    FetchPost,
}

impl Scenario {
    /// The scenario of this name.
    ///
    /// # Errors
    ///
    /// When there is none; the message lists those that there are.
    pub fn named(name: &str) -> anyhow::Result<&'static Scenario> {
        let found = ALL.iter().find(|scenario| scenario.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = ALL.iter().map(|it| it.name).collect();
            anyhow::anyhow!(
                "no scenario {name}; there are: {}",
                known.join(", ")
            )
        })
    }

    /// Whether it takes a browser.
    pub fn needs_chromium(&self) -> bool {
        matches!(self.asks, Asks::Tabs(_))
    }
}
